"""Notices about workflows: votes that open and close, and steps that come and go.

`data` holds ``workflow_id``, ``title``; for votes ``kind``, ``target_type``, ``state``, ``outcome``; for steps
``steps`` (their titles), ``cause``, ``reason``, and ``workflows`` where one notice tells of many.
"""

from __future__ import annotations

from typing import Final

from sealwright.locales import N_, Texts
from sealwright.services.letters.told import Data, Told

_OPENED: Final = {
    "edit": N_("A change of “%(title)s” is proposed."),
    "deletion": N_("It is proposed to delete “%(title)s”."),
    "series": N_("It is proposed to end “%(title)s” and to delete what is not done of it."),
}
_CLOSED: Final = {
    ("workflow", "approved"): N_("Your workflow “%(title)s” was approved. It is open to everybody who qualifies."),
    ("workflow", "rejected"): N_("Your workflow “%(title)s” was rejected."),
    ("edit", "approved"): N_("The change of “%(title)s” was approved. Later instances follow it."),
    ("edit", "rejected"): N_("The change of “%(title)s” was rejected."),
    ("deletion", "approved"): N_("The deletion of “%(title)s” was approved."),
    ("deletion", "rejected"): N_("The deletion of “%(title)s” was rejected."),
}
_OUTCOMES: Final = {
    "majority": N_("More than half of all voters agreed on it."),
    "countdown": N_("It was decided by the votes that were cast when the countdown ended."),
    "no_quorum": N_("Too few people voted in time."),
    "forced": N_("An administrator approved it without waiting for the votes."),
    "withdrawn": N_("Nothing was left to decide."),
}
_CAUSES: Final = {
    "grant_lost": N_("A credential that they need is not yours any more."),
    "closed": N_("The workflow was closed."),
    "released_by_admin": N_("An administrator gave them back."),
    "absent": N_("You are absent when it begins."),
}


def vote_open(data: Data, texts: Texts) -> Told:
    """Something waits for the reader's vote."""
    kind = "series" if data.get("target_type") == "series" else data.get("kind", "")
    said = _OPENED.get(kind, N_("The workflow “%(title)s” is proposed."))
    lines = (
        texts.gettext(said, title=data.get("title", "")),
        texts.gettext("Your vote counts. You may change it until the vote is closed."),
    )
    return Told(texts.gettext("A vote is open"), lines, None, (texts.gettext("Open the vote"), _page(data)))


def vote_closed(data: Data, texts: Texts) -> Told:
    """A proposal of the reader's, or the deletion of a workflow of theirs, has come to its end."""
    said = _CLOSED.get((data.get("kind", ""), data.get("state", "")), N_("The vote on “%(title)s” has ended."))
    lines = [texts.gettext(said, title=data.get("title", ""))]
    how = _OUTCOMES.get(data.get("outcome", ""))
    if how is not None:
        lines.append(texts.gettext(how))
    is_gone = (data.get("kind"), data.get("state")) == ("deletion", "approved")
    act = (texts.gettext("Open the result"), "/workflows" if is_gone else _page(data))
    return Told(texts.gettext("A vote has ended"), tuple(lines), None, act)


def step_assigned(data: Data, texts: Texts) -> Told:
    """A series that the reader has a claim on has begun anew, and its steps are theirs."""
    lines = (
        texts.gettext(
            "These steps of “%(title)s” are yours: %(steps)s.", title=data.get("title", ""), steps=data.get("steps", "")
        ),
        texts.gettext("You get them because you have claimed them for every instance."),
    )
    act = (texts.gettext("Open the workflow"), f"/improver/workflows/{data.get('workflow_id', '')}")
    return Told(texts.gettext("You have new steps"), lines, None, act)


def step_released(data: Data, texts: Texts) -> Told:
    """Steps are not the reader's any more, by something else than their own act."""
    many = int(data.get("workflows", "1"))
    if many > 1:
        first = texts.ngettext(
            "Steps of %(num)s workflow are not yours any more.",
            "Steps of %(num)s workflows are not yours any more.",
            many,
        )
    else:
        first = texts.gettext(
            "These steps of “%(title)s” are not yours any more: %(steps)s.",
            title=data.get("title", ""),
            steps=data.get("steps", ""),
        )
    lines = [first]
    why = _CAUSES.get(data.get("cause", ""))
    if why is not None:
        lines.append(texts.gettext(why))
    # The workflow itself may be closed to them now; what is theirs is listed there.
    act = (texts.gettext("Your work"), "/improver")
    return Told(texts.gettext("Steps were given back"), tuple(lines), data.get("reason"), act)


def _page(data: Data) -> str:
    return f"/workflows/{data.get('workflow_id', '')}"
