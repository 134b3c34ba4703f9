"""What an act on rights does, in the viewer's language; made of nothing but the effects that the service computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sealwright.domain.requests import RequestState
from sealwright.web.panel.moments import day_text

if TYPE_CHECKING:
    from sealwright.domain.effects import Effects
    from sealwright.web.panel.page_call import PageCall


@dataclass(frozen=True, slots=True)
class EffectLine:
    """The line above a save button.

    Args:
        takes: Somebody loses something by it.
    """

    text: str
    takes: bool = False


def effect_line(page: PageCall, effects: Effects, *, label: str, until: datetime | None = None) -> EffectLine:
    """Say what will happen.

    Args:
        label: Of the credential type.
        until: The end of a grant that would be made.
    """
    if effects.grants_created:
        return EffectLine(_granting(page, effects, label, until))
    if effects.grants_revoked or effects.credentials_revoked:
        return EffectLine(_revoking(page, effects, label), takes=True)
    if effects.request_to is RequestState.REJECTED and effects.changed:
        return EffectLine(
            page._("Will reject the request for %(type)s and tell the requester.", type=label), takes=True
        )
    if effects.request_to is RequestState.PENDING and effects.request_from is RequestState.REJECTED:
        return EffectLine(page._("Will put the request for %(type)s back into the queue.", type=label))
    if effects.request_to is RequestState.APPROVED or effects.request_from is RequestState.PENDING:
        return EffectLine(_endorsing(page, effects, label))
    return EffectLine(page._("Changes nothing."))


def suspend_line(page: PageCall, label: str) -> EffectLine:
    """Say what suspending does: nothing is lost, and nothing is open meanwhile."""
    text = page._(
        "Will suspend %(type)s: it opens no work until it is reinstated, and checks say suspended.", type=label
    )
    return EffectLine(text, takes=True)


def reinstate_line(page: PageCall, label: str) -> EffectLine:
    """Say what reinstating does."""
    return EffectLine(page._("Will reinstate %(type)s: it opens work again, and checks say valid.", type=label))


def _endorsing(page: PageCall, effects: Effects, label: str) -> str:
    if effects.changed:
        return page._(
            "Will count as the first of two approvals for %(type)s; another issuer must approve too.", type=label
        )
    return page._("Changes nothing.")


def _granting(page: PageCall, effects: Effects, label: str, until: datetime | None) -> str:
    if until is None:
        text = page._("Will grant %(type)s without an end and issue a credential.", type=label)
    else:
        day = day_text(until, page.texts, page.zone)
        text = page._("Will grant %(type)s until %(day)s and issue a credential.", type=label, day=day)
    opened = effects.workflow_roles_opened
    if not opened:
        return text
    more = page.ngettext("This opens %(num)s workflow role.", "This opens %(num)s workflow roles.", opened)
    return f"{text} {more}"


def _revoking(page: PageCall, effects: Effects, label: str) -> str:
    if effects.request_to is RequestState.PENDING:
        text = page._("Will revoke %(type)s and put the request back into the queue.", type=label)
    else:
        text = page._("Will revoke %(type)s. This cannot be undone.", type=label)
    sentences = [text]
    if revoked := len(effects.credentials_revoked):
        sentences.append(
            page.ngettext(
                "%(num)s credential is revoked for good.", "%(num)s credentials are revoked for good.", revoked
            )
        )
    if kept := len(effects.steps_kept):
        sentences.append(
            page.ngettext(
                "%(num)s started step stays with the holder.", "%(num)s started steps stay with the holder.", kept
            )
        )
    if released := len(effects.steps_released):
        sentences.append(page.ngettext("%(num)s step is released.", "%(num)s steps are released.", released))
    if ended := len(effects.series_claims_released):
        sentences.append(page.ngettext("%(num)s claim on a series ends.", "%(num)s claims on series end.", ended))
    if closed := effects.workflow_roles_closed:
        sentences.append(page.ngettext("%(num)s workflow role closes.", "%(num)s workflow roles close.", closed))
    return " ".join(sentences)
