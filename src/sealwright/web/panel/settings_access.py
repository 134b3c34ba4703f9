"""Settings: which account roles somebody has, and asking for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.enrollment import IssuerState, RoleState
from sealwright.domain.errors import NotFound
from sealwright.domain.people import AccountRole
from sealwright.locales import N_
from sealwright.services.enrollment import REQUESTABLE_ROLES
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import ROLE_NAMES, PageAudience, PageRoute
from sealwright.web.panel.settings_frame import ACCESS, show_tab
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.enrollment import IssuerProfile, RoleRequest
    from sealwright.domain.people import Person
    from sealwright.web.panel.page_call import PageCall

ISSUER: Final = f"{ACCESS}/issuer"
SCOPE: Final = f"{ACCESS}/scope"
ROLE_FORM: Final = Form(Field("first_name", max_length=200), Field("last_name", max_length=200), Field("note"))
ISSUER_FORM: Final = Form(
    Field("organization", required=True, max_length=200),
    Field("email", required=True, max_length=254),
    Field("credential_types", many=True, max_length=64),
    Field("justification"),
)
SCOPE_FORM: Final = Form(Field("message", required=True), Field("credential_types", many=True, max_length=64))

ROLE_PURPOSES: Final = {
    AccountRole.IMPROVER: N_("Ask for credentials, hold them, and take workflow steps that need them."),
    AccountRole.ISSUER: N_("Decide on requests for the credential types of your issuer scope."),
    AccountRole.PROPOSER: N_("Propose workflows."),
    AccountRole.VOTER: N_("Vote on proposals."),
    AccountRole.ADMIN: N_("Run the office. Another admin gives this role."),
}
# Badges of the states that have one of another name.
_BADGES: Final = {"approved": "approved", "pending": "pending", "rejected": "rejected", "suspended": "suspended"}


@dataclass(frozen=True, slots=True)
class RoleCard:
    """How somebody stands with an account role.

    Args:
        badge: Of the state; None where they have nothing to do with the role.
        note: Why, as the admin wrote it.
        href, act: What can be asked for now.
    """

    name: str
    purpose: str
    badge: str | None
    note: str | None = None
    scope: tuple[str, ...] = ()
    href: str | None = None
    act: str | None = None


def show(page: PageCall) -> Reply:
    """GET /settings/access."""
    standing = page.office.enrollment.standing(page.caller)
    known = {request.role: request for request in standing.roles}
    labels = _labels(page)
    cards = [
        _issuer_card(page, standing.issuer, labels)
        if role is AccountRole.ISSUER
        else _role_card(page, role, known.get(role))
        for role in ROLE_PURPOSES
        if role is not AccountRole.ADMIN or AccountRole.ADMIN in page.person.roles
    ]
    return show_tab(page, ACCESS, "settings/access.html", cards=cards, is_verified=page.person.verified)


def _role_card(page: PageCall, role: AccountRole, known: RoleRequest | None) -> RoleCard:
    state = known.state if known is not None else None
    href = act = None
    if role in REQUESTABLE_ROLES and state not in {RoleState.APPROVED, RoleState.PENDING}:
        href = f"{ACCESS}/role/{role.value}"
        act = page._("Request again") if state is not None else page._("Request")
    badge = _BADGES.get(state.value, "inactive") if state is not None else None
    return RoleCard(
        page._(ROLE_NAMES[role]),
        page._(ROLE_PURPOSES[role]),
        badge,
        note=known.decision_note if known is not None and state is not RoleState.PENDING else None,
        href=href,
        act=act,
    )


def _issuer_card(page: PageCall, known: IssuerProfile | None, labels: dict[str, str]) -> RoleCard:
    state = known.state if known is not None else None
    href, act = ISSUER, page._("Request issuer status")
    if state in {IssuerState.REJECTED, IssuerState.ENDED}:
        act = page._("Request again")
    elif state is IssuerState.APPROVED:
        href, act = SCOPE, page._("Request scope change")
    is_open = state not in {IssuerState.PENDING, IssuerState.SUSPENDED}
    shown = known.wanted_credentials if known is not None and state is IssuerState.PENDING else ()
    if known is not None and state in {IssuerState.APPROVED, IssuerState.SUSPENDED}:
        shown = known.allowed_credentials
    return RoleCard(
        page._(ROLE_NAMES[AccountRole.ISSUER]),
        page._(ROLE_PURPOSES[AccountRole.ISSUER]),
        _BADGES.get(state.value, "inactive") if state is not None else None,
        note=known.note if known is not None and state not in {IssuerState.PENDING, IssuerState.APPROVED} else None,
        scope=tuple(labels.get(value, value) for value in shown),
        href=href if is_open else None,
        act=act if is_open else None,
    )


def _labels(page: PageCall) -> dict[str, str]:
    return {one.value: one.label_in(page.appearance.language) for one in page.office.catalog.visible(page.caller)}


def _role(page: PageCall) -> AccountRole:
    try:
        role = AccountRole(page.params["role"])
    except ValueError as error:
        raise NotFound("There is no such account role.") from error
    if role not in REQUESTABLE_ROLES:
        raise NotFound("This account role is not asked for this way.")
    return role


def show_role(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/access/role/{role}."""
    role = _role(page)
    return show_tab(
        page,
        ACCESS,
        "settings/request_role.html",
        status=status,
        action=page.path,
        role_name=page._(ROLE_NAMES[role]),
        purpose=page._(ROLE_PURPOSES[role]),
        person=page.person,
        role_form=form_of(page, ROLE_FORM),
    )


def request_role(page: PageCall) -> Reply:
    """POST /settings/access/role/{role}."""
    role, form = _role(page), page.form

    def act() -> tuple[str, Toast | None]:
        asked = page.act(
            lambda uow, me: page.office.enrollment.request_role(
                uow,
                me,
                role,
                first_name=form.optional("first_name"),
                last_name=form.optional("last_name"),
                note=form.optional("note"),
            ),
            changes_registry=True,
        )
        if asked.state is RoleState.APPROVED:
            return ACCESS, Toast(page._("You have the role now."))
        return ACCESS, Toast(page._("Your request is with the office. You hear of its decision by mail."))

    return save(page, lambda status: show_role(page, status), act)


def show_issuer(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/access/issuer."""
    return show_tab(
        page,
        ACCESS,
        "settings/request_issuer.html",
        status=status,
        issuer_form=form_of(page, ISSUER_FORM),
        emails=[(one, one) for one in _verified(page.person)],
        types=list(_labels(page).items()),
    )


def _verified(person: Person) -> list[str]:
    own = [person.email] if person.verified else []
    return own + [one.email for one in person.other_emails if one.verified]


def request_issuer(page: PageCall) -> Reply:
    """POST /settings/access/issuer."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        page.act(
            lambda uow, me: page.office.enrollment.request_issuer(
                uow,
                me,
                organization=form.text("organization"),
                email=form.text("email"),
                credential_types=form.many("credential_types"),
                justification=form.optional("justification"),
            ),
            changes_registry=True,
        )
        return ACCESS, Toast(page._("Your request is with the office. You hear of its decision by mail."))

    return save(page, lambda status: show_issuer(page, status), act)


def show_scope(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/access/scope."""
    person = page.person
    return show_tab(
        page,
        ACCESS,
        "settings/request_scope.html",
        status=status,
        scope_form=form_of(page, SCOPE_FORM),
        types=list(_labels(page).items()),
        scopes=list(person.scopes),
        is_issuer=AccountRole.ISSUER in person.roles,
    )


def request_scope(page: PageCall) -> Reply:
    """POST /settings/access/scope: a message to the admins."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        page.act(
            lambda uow, me: page.office.enrollment.ask_scope_change(
                uow, me, message=form.text("message"), credential_types=form.many("credential_types")
            ),
            changes_registry=True,
        )
        return ACCESS, Toast(page._("Your message is with the admins."))

    return save(page, lambda status: show_scope(page, status), act)


_SIGNED_IN: Final = PageAudience.SIGNED_IN


def _both(path: str, shown: Any, posted: Any, form: Form) -> tuple[PageRoute, PageRoute]:
    return PageRoute("GET", path, _SIGNED_IN, shown), PageRoute("POST", path, _SIGNED_IN, posted, form=form)


PAGES: Final = (
    PageRoute("GET", ACCESS, _SIGNED_IN, show),
    *_both(f"{ACCESS}/role/{{role}}", show_role, request_role, ROLE_FORM),
    *_both(ISSUER, show_issuer, request_issuer, ISSUER_FORM),
    *_both(SCOPE, show_scope, request_scope, SCOPE_FORM),
)
