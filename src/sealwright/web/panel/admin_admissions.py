"""Admission of improvers, proposers and voters (S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.enrollment import RoleState
from sealwright.domain.people import AccountRole
from sealwright.locales import N_
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import ROLE_NAMES, PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.services.enrollment import RoleEntry
    from sealwright.web.panel.page_call import PageCall

DESK: Final = "/admin/desk"
ROLES: Final = (
    (AccountRole.IMPROVER, "improvers", N_("Improvers")),
    (AccountRole.PROPOSER, "proposers", N_("Proposers")),
    (AccountRole.VOTER, "voters", N_("Voters")),
)
_STATES: Final = tuple(state.value for state in RoleState)
_WORDS: Final = {
    "pending": N_("Pending"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
    "ended": N_("Ended"),
}
_QUERY: Final = Form(
    Field("state", max_length=20), Field("q", max_length=200), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER)
)
DECISION_FORM: Final = Form(
    Field("state", Kind.CHOICE, required=True, choices=_STATES),
    Field("note"),
    Field("version", Kind.NUMBER, required=True),
)
_MOVES: Final = {
    RoleState.PENDING: (RoleState.APPROVED, RoleState.REJECTED),
    RoleState.APPROVED: (RoleState.ENDED, RoleState.REJECTED, RoleState.PENDING),
    RoleState.REJECTED: (RoleState.APPROVED, RoleState.PENDING),
    RoleState.ENDED: (RoleState.APPROVED,),
}


def _badge(state: str) -> str:
    return state if state in {"pending", "approved", "rejected"} else "inactive"


def _list(page: PageCall, role: AccountRole) -> Reply:
    number, count = wanted_page(page)
    state = page.query.text("state", "pending")
    found = page.office.enrollment.role_requests(
        page.caller,
        role=role,
        state=RoleState(state) if state in _STATES else None,
        search=page.query.optional("q"),
        page=number,
        count=count,
    )
    return page.render(
        "admin/admissions.html",
        partial="results",
        role=role,
        base=next(f"{DESK}/{name}" for one, name, _ in ROLES if one is role),
        title=page._(next(word for one, _, word in ROLES if one is role)),
        kinds=[(page._(word), f"{DESK}/{name}", None, one is role) for one, name, word in ROLES],
        tabs=[
            (page._(word), page.href(state=value, page=None), None, value == state)
            for value, word in (*_WORDS.items(), ("all", N_("All")))
        ],
        rows=found.items,
        paging=Paging.of(page, found),
        search=page.query.text("q"),
        state=state,
        badge=_badge,
        admits_by_itself=page.office.enrollment.admits_by_itself(role),
    )


def _entry(page: PageCall, role: AccountRole) -> RoleEntry:
    return page.office.enrollment.role_entry(page.caller, page.params["user_id"], role)


def _show(page: PageCall, role: AccountRole, status: int = 200) -> Reply:
    entry = _entry(page, role)
    request = entry.request
    return page.render(
        "admin/admission.html",
        dialog="dialog",
        status=status,
        entry=entry,
        role_name=page._(ROLE_NAMES[role]),
        badge=_badge(request.state.value),
        states=[(one.value, page._(_WORDS[one.value])) for one in (request.state, *_MOVES[request.state])],
        decision_form=form_of(page, DECISION_FORM),
        back=next(f"{DESK}/{name}" for one, name, _ in ROLES if one is role),
        action=page.path,
        is_yours=entry.person.user_id == page.person.user_id,
    )


def _decide(page: PageCall, role: AccountRole) -> Reply:
    form, entry = page.form, _entry(page, role)

    def act() -> tuple[str, Toast | None]:
        done = page.act(
            lambda uow, me: page.office.enrollment.decide_role(
                uow,
                me,
                entry.person.user_id,
                role,
                RoleState(form.text("state")),
                note=form.optional("note"),
                expected_version=form.number("version"),
            ),
            changes_registry=True,
        )
        back = next(f"{DESK}/{name}" for one, name, _ in ROLES if one is role)
        said = page._("%(name)s: %(state)s.", name=entry.person.display_name, state=page._(_WORDS[done.state.value]))
        return back, Toast(said)

    return save(page, lambda status: _show(page, role, status), act)


def _routes(role: AccountRole, name: str) -> tuple[PageRoute, ...]:
    """The three routes of one account role."""

    def bound(handler: Callable[[PageCall, AccountRole], Reply]) -> Callable[[PageCall], Reply]:
        return lambda page: handler(page, role)

    one = f"{DESK}/{name}/{{user_id}}"
    return (
        PageRoute("GET", f"{DESK}/{name}", PageAudience.ADMIN, bound(_list), query=_QUERY),
        PageRoute("GET", one, PageAudience.ADMIN, bound(_show), fresh=True),
        PageRoute("POST", one, PageAudience.ADMIN, bound(_decide), form=DECISION_FORM, fresh=True),
    )


PAGES: Final = tuple(route for role, name, _ in ROLES for route in _routes(role, name))
