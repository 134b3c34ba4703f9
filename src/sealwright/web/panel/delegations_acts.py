"""Pausing, resuming and revoking a delegation, each with what falls or comes back, said before it is done (S16)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from sealwright.domain.delegations import DelegationStatus
from sealwright.locales import N_
from sealwright.web.panel.delegations_view import badge_of, path_of, plain_words
from sealwright.web.panel.delegations_words import DELEGATIONS, did_name
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.delegation_sheets import DelegationSheet
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{DELEGATIONS}/{{id}}"
REASON_FORM: Final = Form(Field("reason", required=True, max_length=2000))
PAUSE, RESUME, REVOKE = "pause", "resume", "revoke"
_WORDS: Final = {PAUSE: N_("Pause"), RESUME: N_("Resume"), REVOKE: N_("Revoke")}
_HOLD: Final = N_("Keep it paused")


def show(page: PageCall, act: str, status: int = 200) -> Reply:
    """GET /delegations/{id}/pause, …/resume, …/revoke: what it will do."""
    sheet = page.office.delegations.sheets.get(page.caller, page.params["id"])
    one = sheet.line.delegation
    return page.render(
        "delegations/act.html",
        dialog="dialog",
        partial="dialog",
        status=status,
        act=act,
        word=page._(_HOLD if act == PAUSE and sheet.may_hold else _WORDS[act]),
        agent=did_name(page, one.delegate_did),
        plain=plain_words(page, one),
        badge=badge_of(sheet.line),
        path=path_of(one),
        effect=effect_of(page, act, sheet),
        is_possible=sheet.may_end and act in possible_acts(sheet),
        below=sheet.below,
        act_form=form_of(page, REASON_FORM),
    )


def possible_acts(sheet: DelegationSheet) -> tuple[str, ...]:
    """What can be done with a delegation as it stands."""
    match sheet.line.status:
        case DelegationStatus.ACTIVE:
            return (PAUSE, REVOKE) if sheet.line.delegation.suspendable else (REVOKE,)
        case DelegationStatus.SUSPENDED:
            return (*((RESUME,) if sheet.may_resume else ()), *((PAUSE,) if sheet.may_hold else ()), REVOKE)
        case _:
            return ()


def effect_of(page: PageCall, act: str, sheet: DelegationSheet) -> str:
    """What an act will do, with the count of what falls with it."""
    below = sheet.below
    if act == RESUME:
        return page._("Will let it act again from this moment, and what rests on it as far as that holds by itself.")
    if act == PAUSE and sheet.may_hold:
        return page._("It is paused. This keeps it so until you resume it, somebody above you, or an admin.")
    if act == PAUSE:
        return (
            page.ngettext(
                "Will stop it until it is resumed, and %(num)s delegation that rests on it with it.",
                "Will stop it until it is resumed, and %(num)s delegations that rest on it with it.",
                below,
            )
            if below
            else page._("Will stop it until it is resumed. Nothing rests on it.")
        )
    if below:
        return page.ngettext(
            "Will revoke it for good. %(num)s delegation that rests on it falls with it, at once.",
            "Will revoke it for good. %(num)s delegations that rest on it fall with it, at once.",
            below,
        )
    return page._("Will revoke it for good, at once. Nothing rests on it.")


def do(page: PageCall, act: str) -> Reply:
    """POST the same: it is done, and the count is said."""
    delegation_id = page.params["id"]
    desk = page.office.delegations.desk
    path = f"{DELEGATIONS}/{delegation_id}"

    def run() -> tuple[str, Toast | None]:
        reason = page.form.text("reason")
        if act == PAUSE:
            page.act(lambda uow, me: desk.suspend(uow, me, delegation_id, reason))
            said = page._("Paused. It may do nothing until you resume it.")
        elif act == RESUME:
            page.act(lambda uow, me: desk.reinstate(uow, me, delegation_id, reason))
            said = page._("Resumed. It may act again.")
        else:
            fallen = page.act(lambda uow, me: desk.revoke(uow, me, delegation_id, reason)).invalidated
            said = (
                page.ngettext(
                    "Revoked, and %(num)s delegation below it with it.",
                    "Revoked, and %(num)s delegations below it with it.",
                    fallen,
                )
                if fallen
                else page._("Revoked. It may do nothing any more.")
            )
        return path, Toast(said)

    return save(page, partial(show, page, act), run)


def _pages() -> tuple[PageRoute, ...]:
    audience = PageAudience.SIGNED_IN
    return tuple(
        route
        for act in (PAUSE, RESUME, REVOKE)
        for route in (
            PageRoute("GET", f"{_ONE}/{act}", audience, partial(show, act=act)),
            PageRoute("POST", f"{_ONE}/{act}", audience, partial(do, act=act), form=REASON_FORM),
        )
    )


PAGES: Final = _pages()
