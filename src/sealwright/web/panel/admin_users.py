"""People's accounts for admins (S11): invite, create, roles, deactivate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.people import AccountRole, Caller
from sealwright.services.people import NewPerson
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import ROLE_NAMES, PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.ports import UnitOfWork
    from sealwright.web.panel.page_call import PageCall

USERS: Final = "/admin/desk/users"
_ROLES: Final = tuple(role.value for role in AccountRole)
_QUERY: Final = Form(
    Field("q", max_length=200), Field("role", max_length=20), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER)
)
INVITE_FORM: Final = Form(
    Field("email", required=True, max_length=254),
    Field("roles", many=True, max_length=20),
    Field("allowed_credentials", many=True, max_length=64),
)
CREATE_FORM: Final = Form(
    Field("email", required=True, max_length=254),
    Field("display_name", required=True, max_length=200),
    Field("roles", many=True, max_length=20),
    Field("verified", Kind.FLAG),
)
ROLES_FORM: Final = Form(Field("roles", many=True, max_length=20))


def show_list(page: PageCall) -> Reply:
    """GET /admin/desk/users."""
    number, count = wanted_page(page)
    role = page.query.text("role")
    found = page.office.people.search(
        page.caller, page.query.text("q"), role=role if role in _ROLES else None, page=number, count=count
    )
    return page.render(
        "admin/users.html",
        partial="results",
        rows=found.items,
        paging=Paging.of(page, found),
        search=page.query.text("q"),
        role=role,
        role_names={role: page._(name) for role, name in ROLE_NAMES.items()},
        role_options=[("", page._("Every role")), *((one.value, page._(ROLE_NAMES[one])) for one in AccountRole)],
    )


def show_new(page: PageCall, status: int = 200, link: tuple[str, str] | None = None) -> Reply:
    """GET /admin/desk/users/new: invite somebody by mail, or make an account."""
    return page.render(
        "admin/new_user.html",
        status=status,
        invite_form=form_of(page, INVITE_FORM),
        create_form=form_of(page, CREATE_FORM),
        roles=[(one.value, page._(ROLE_NAMES[one])) for one in AccountRole if one is not AccountRole.ISSUER],
        all_roles=[(one.value, page._(ROLE_NAMES[one])) for one in AccountRole],
        types=[
            (one.value, one.label_in(page.appearance.language))
            for one in page.office.catalog.all(page.caller)
            if one.active
        ],
        link=link,
    )


def invite(page: PageCall) -> Reply:
    """POST /admin/desk/users/invite: the link is mailed, and shown to the admin this once."""
    form = page.form
    email = form.text("email")
    roles = [AccountRole(role) for role in form.many("roles") if role in _ROLES]

    def act() -> Reply:
        link = page.act(
            lambda uow, me: page.office.sign_in.invite(
                uow,
                me,
                email,
                locale=page.appearance.language,
                roles=roles,
                scopes=form.many("allowed_credentials"),
            ),
            changes_registry=True,
        )
        return show_new(page, link=(email, link))

    return answer(page, lambda status: show_new(page, status), act)


def create(page: PageCall) -> Reply:
    """POST /admin/desk/users."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        wish = NewPerson(
            email=form.text("email"),
            display_name=form.text("display_name"),
            roles=frozenset(AccountRole(role) for role in form.many("roles") if role in _ROLES),
            verified=form.flag("verified"),
        )
        made = page.act(lambda uow, me: page.office.people.create(uow, me, wish), changes_registry=True)
        return f"{USERS}/{made.user_id}", Toast(page._("The account is made."))

    return save(page, lambda status: show_new(page, status), act)


def show_one(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/users/{user_id}."""
    sheet = page.office.account_sheets.get(page.caller, page.params["user_id"])
    person = sheet.person
    return page.render(
        "admin/user.html",
        status=status,
        somebody=person,
        is_yours=person.user_id == page.person.user_id,
        has_profile=sheet.standing.issuer is not None,
        roles=[(one.value, page._(ROLE_NAMES[one])) for one in AccountRole],
        held=[role.value for role in person.roles],
        roles_form=form_of(page, ROLES_FORM),
        tokens=sheet.tokens,
    )


def set_roles(page: PageCall) -> Reply:
    """POST /admin/desk/users/{user_id}/roles: every change in one act."""
    user_id = page.params["user_id"]
    wanted = {AccountRole(role) for role in page.form.many("roles") if role in _ROLES}
    held = page.office.people.get(user_id).roles

    def change(uow: UnitOfWork, me: Caller) -> None:
        for role in AccountRole:
            if (role in wanted) is not (role in held):
                page.office.enrollment.set_role(uow, me, user_id, role, role in wanted)

    def act() -> tuple[str, Toast | None]:
        page.act(change, changes_registry=True)
        return f"{USERS}/{user_id}", Toast(page._("The account roles are saved. Whoever lost one is signed out."))

    return save(page, lambda status: show_one(page, status), act)


def deactivate(page: PageCall) -> Reply:
    """POST /admin/desk/users/{user_id}/deactivate."""
    user_id = page.params["user_id"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.people.deactivate(uow, me, user_id), changes_registry=True)
        return f"{USERS}/{user_id}", Toast(page._("Deactivated: sessions and tokens ended at once."))

    return save(page, lambda status: show_one(page, status), act)


def activate(page: PageCall) -> Reply:
    """POST /admin/desk/users/{user_id}/activate."""
    user_id = page.params["user_id"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.people.activate(uow, me, user_id), changes_registry=True)
        return f"{USERS}/{user_id}", Toast(page._("The account is open again."))

    return save(page, lambda status: show_one(page, status), act)


_A: Final = PageAudience.ADMIN
_ONE: Final = f"{USERS}/{{user_id}}"


def _post(path: str, handler: Any, form: Form | None = None) -> PageRoute:
    return PageRoute("POST", path, _A, handler, form=form or Form(), fresh=True)


PAGES: Final = (
    PageRoute("GET", USERS, _A, show_list, query=_QUERY),
    PageRoute("GET", f"{USERS}/new", _A, show_new, fresh=True),
    _post(f"{USERS}/invite", invite, INVITE_FORM),
    _post(USERS, create, CREATE_FORM),
    PageRoute("GET", _ONE, _A, show_one),
    _post(f"{_ONE}/roles", set_roles, ROLES_FORM),
    _post(f"{_ONE}/deactivate", deactivate),
    _post(f"{_ONE}/activate", activate),
)
