"""Issuers for admins: who asks to be one, who is, and a grid of people and credential types (S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.enrollment import IssuerState
from sealwright.domain.errors import DomainError
from sealwright.locales import N_
from sealwright.web.panel.own_forms import form_of, save, tell
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.issuer_profiles import IssuerEntry
    from sealwright.web.panel.page_call import PageCall

REQUESTS: Final = "/admin/desk/issuer-requests"
ISSUERS: Final = "/admin/desk/issuers"
_STATES: Final = tuple(state.value for state in IssuerState)
_TABS: Final = (
    ("pending", N_("Pending")),
    ("approved", N_("Approved")),
    ("suspended", N_("Suspended")),
    ("rejected", N_("Rejected")),
    ("ended", N_("Ended")),
    ("all", N_("All")),
)
STATE_WORDS: Final = {
    "pending": N_("Pending"),
    "approved": N_("Approved"),
    "suspended": N_("Suspended"),
    "rejected": N_("Rejected"),
    "ended": N_("Ended"),
}
LIST_QUERY: Final = Form(
    Field("state", max_length=20),
    Field("q", max_length=200),
    Field("page", Kind.NUMBER),
    Field("count", Kind.NUMBER),
)
DECISION_FORM: Final = Form(
    Field("state", Kind.CHOICE, required=True, choices=_STATES),
    Field("organization", max_length=200),
    Field("nickname", max_length=200),
    Field("allowed_credentials", many=True, max_length=64),
    Field("issuer_did", max_length=1000),
    Field("note"),
    Field("version", Kind.NUMBER, required=True),
)
GRID_FORM: Final = Form(
    Field("person", many=True, max_length=64),
    Field("scope.*", many=True, max_length=64),
    Field("version.*", Kind.NUMBER),
    Field("chosen", many=True, max_length=64),
    Field("bulk_type", max_length=64),
    Field("do", Kind.CHOICE, choices=("save", "add", "remove")),
)


# -- requests --------------------------------------------------------------------------------------


def list_requests(page: PageCall) -> Reply:
    """GET /admin/desk/issuer-requests."""
    state = page.query.text("state", "pending")
    number, count = wanted_page(page)
    found = page.office.enrollment.issuers(
        page.caller,
        state=IssuerState(state) if state in _STATES else None,
        search=page.query.optional("q"),
        page=number,
        count=count,
    )
    labels = _labels(page)
    return page.render(
        "admin/issuer_requests.html",
        partial="results",
        tabs=[
            (page._(word), page.href(state=value, page=None), _total(page, value), value == state)
            for value, word in _TABS
        ],
        rows=found.items,
        labels=labels,
        paging=Paging.of(page, found),
        state=state,
        search=page.query.text("q"),
        badges=_badge,
    )


def _total(page: PageCall, state: str) -> int:
    wanted = IssuerState(state) if state in _STATES else None
    return page.office.enrollment.issuers(page.caller, state=wanted, count=1).total


def _badge(state: str) -> str:
    return state if state in {"pending", "approved", "rejected", "suspended"} else "inactive"


def _labels(page: PageCall) -> dict[str, str]:
    language = page.appearance.language
    return {one.value: one.label_in(language) for one in page.office.catalog.all(page.caller)}


def show_one(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/issuer-requests/{user_id}: one dialog for deciding, changing the issuer scope and suspending."""
    entry = page.office.enrollment.issuer(page.caller, page.params["user_id"])
    profile = entry.profile
    types = page.office.catalog.all(page.caller)
    scope = profile.allowed_credentials or (profile.wanted_credentials if profile.state is IssuerState.PENDING else ())
    moves = _moves(profile.state)
    return page.render(
        "admin/issuer.html",
        dialog="dialog",
        status=status,
        entry=entry,
        badge=_badge(profile.state.value),
        wanted=[_labels(page).get(value, value) for value in profile.wanted_credentials],
        decision_form=form_of(page, DECISION_FORM),
        options=[
            (one.value, one.label_in(page.appearance.language)) for one in types if one.active or one.value in scope
        ],
        scope=list(scope),
        states=[(state.value, page._(STATE_WORDS[state.value])) for state in moves],
        back=REQUESTS if profile.state is IssuerState.PENDING else ISSUERS,
        action=page.path,
        is_yours=entry.person.user_id == page.person.user_id,
    )


def _moves(state: IssuerState) -> tuple[IssuerState, ...]:
    """Where a profile may go, the present state first."""
    others = {
        IssuerState.PENDING: (IssuerState.APPROVED, IssuerState.REJECTED),
        IssuerState.APPROVED: (IssuerState.SUSPENDED, IssuerState.ENDED, IssuerState.REJECTED, IssuerState.PENDING),
    }.get(state, (IssuerState.APPROVED,))
    return (state, *others)


def decide(page: PageCall) -> Reply:
    """POST /admin/desk/issuer-requests/{user_id}: one save sets state and issuer scope."""
    form, user_id = page.form, page.params["user_id"]

    def act() -> tuple[str, Toast | None]:
        done = page.act(
            lambda uow, me: page.office.enrollment.put_issuer(
                uow,
                me,
                user_id,
                state=IssuerState(form.text("state")),
                allowed_credentials=form.many("allowed_credentials"),
                organization=form.optional("organization"),
                nickname=form.optional("nickname"),
                issuer_did=form.optional("issuer_did"),
                note=form.optional("note"),
                expected_version=form.number("version"),
            ),
            changes_registry=True,
        )
        back = ISSUERS if done.state is IssuerState.APPROVED else REQUESTS
        return back, Toast(
            page._("%(name)s: %(state)s.", name=done.organization, state=page._(STATE_WORDS[done.state.value]))
        )

    return save(page, lambda status: show_one(page, status), act)


# -- the grid --------------------------------------------------------------------------------------


def show_grid(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/issuers: who may decide on what."""
    number, count = wanted_page(page)
    found = page.office.enrollment.issuers(
        page.caller,
        state=IssuerState.SUSPENDED if page.query.text("state") == "suspended" else IssuerState.APPROVED,
        search=page.query.optional("q"),
        page=number,
        count=count,
    )
    types = [one for one in page.office.catalog.all(page.caller) if one.active]
    language = page.appearance.language
    return page.render(
        "admin/issuers.html",
        partial="results",
        status=status,
        rows=found.items,
        types=[(one.value, one.label_in(language)) for one in types],
        paging=Paging.of(page, found),
        search=page.query.text("q"),
        state=page.query.text("state", "approved"),
        tabs=[
            (page._("Approved"), page.href(state=None, page=None), None, page.query.text("state") != "suspended"),
            (
                page._("Suspended"),
                page.href(state="suspended", page=None),
                None,
                page.query.text("state") == "suspended",
            ),
        ],
        grid_form=form_of(page, GRID_FORM),
    )


def save_grid(page: PageCall) -> Reply:
    """POST /admin/desk/issuers: every row that changed, each in an act of its own; who moved on meanwhile is told."""
    form = page.form
    value, bulk = form.text("bulk_type"), form.choice("do", "save")
    if bulk != "save" and (not value or not form.many("chosen")):
        form.fail("bulk_type", N_("Choose people and a credential type."))
        return show_grid(page, 422)
    changed = 0
    for user_id in form.many("person"):
        entry = page.office.enrollment.issuer(page.caller, user_id)
        wanted = _wanted_scope(page, entry, bulk, value)
        if set(wanted) == set(entry.profile.allowed_credentials):
            continue
        try:
            _set_scope(page, entry, wanted)
            changed += 1
        except DomainError as error:
            tell(page, error)
    if form.errors:
        return show_grid(page, 409)
    said = page.ngettext(
        "The issuer scope of %(num)s person changed.", "The issuer scopes of %(num)s people changed.", changed
    )
    return page.done(ISSUERS, Toast(said))


def _wanted_scope(page: PageCall, entry: IssuerEntry, bulk: str, value: str) -> tuple[str, ...]:
    form, held = page.form, entry.profile.allowed_credentials
    user_id = entry.person.user_id
    if bulk == "save":
        # Types that are retired have no column, so what is held of them stays.
        shown = {one.value for one in page.office.catalog.all(page.caller) if one.active}
        return (*form.many(f"scope.{user_id}"), *(one for one in held if one not in shown))
    if user_id not in form.many("chosen"):
        return held
    return (*held, value) if bulk == "add" else tuple(one for one in held if one != value)


def _set_scope(page: PageCall, entry: IssuerEntry, wanted: tuple[str, ...]) -> None:
    version = page.form.number(f"version.{entry.person.user_id}", entry.profile.version)
    page.act(
        lambda uow, me: page.office.enrollment.put_issuer(
            uow,
            me,
            entry.person.user_id,
            allowed_credentials=tuple(dict.fromkeys(wanted)),
            expected_version=version,
        ),
        changes_registry=True,
    )


_A: Final = PageAudience.ADMIN
_ONE: Final = f"{REQUESTS}/{{user_id}}"


def _fresh(method: str, path: str, handler: Any, form: Form | None = None, query: Form | None = None) -> PageRoute:
    return PageRoute(method, path, _A, handler, form=form or Form(), query=query or Form(), fresh=True)


PAGES: Final = (
    PageRoute("GET", REQUESTS, _A, list_requests, query=LIST_QUERY),
    _fresh("GET", _ONE, show_one),
    _fresh("POST", _ONE, decide, form=DECISION_FORM),
    _fresh("GET", ISSUERS, show_grid, query=LIST_QUERY),
    _fresh("POST", ISSUERS, save_grid, form=GRID_FORM),
)
