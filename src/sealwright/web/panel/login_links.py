"""Where links from letters land: opening a page spends nothing (mail scanners do it too), its button does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import EmailInUse, LinkSpent
from sealwright.web.panel.arrival import arrive, visitor_of
from sealwright.web.panel.login import LINK_FORM, NEXT
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import EMAILS, SIGN_IN
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

INVITATION_FORM: Final = Form(Field("display_name", required=True, max_length=120))
_LANDING: Final = "login/landing.html"
_INVITATION: Final = "login/invitation.html"
_VERIFY: Final = "login/verify.html"
_SPENT: Final = "login/spent.html"


def _spent(page: PageCall) -> Reply:
    return page.render(_SPENT, status=410, next_path=page.next_path(""), form=FormData.blank(LINK_FORM))


def show_link(page: PageCall) -> Reply:
    """GET /login/link/{token}."""
    try:
        page.office.sign_in.check_link(page.params["token"])
    except LinkSpent:
        return _spent(page)
    return page.render(_LANDING, action=page.path, next_path=page.next_path(""))


def use_link(page: PageCall) -> Reply:
    """POST /login/link/{token}."""
    try:
        signed_in = page.office.sign_in.use_link(page.params["token"], visitor_of(page))
    except LinkSpent:
        return _spent(page)
    return arrive(page, signed_in)


def show_invitation(page: PageCall) -> Reply:
    """GET /login/invitation/{token}."""
    try:
        email = page.office.sign_in.check_invitation(page.params["token"])
    except LinkSpent:
        return _spent(page)
    return page.render(_INVITATION, action=page.path, email=email, form=FormData.blank(INVITATION_FORM))


def accept_invitation(page: PageCall) -> Reply:
    """POST /login/invitation/{token}."""
    token = page.params["token"]
    try:
        if page.form.errors:
            return page.invalid(_INVITATION, action=page.path, email=page.office.sign_in.check_invitation(token))
        signed_in = page.office.sign_in.accept_invitation(token, page.form.text("display_name"), visitor_of(page))
    except LinkSpent:
        return _spent(page)
    # Somebody new has no way in yet but this link: the page for passkeys and passwords comes first.
    return arrive(page, signed_in, SIGN_IN)


def show_verify(page: PageCall) -> Reply:
    """GET /settings/emails/verify/{token}."""
    return page.render(_VERIFY, action=page.path)


def verify_email(page: PageCall) -> Reply:
    """POST /settings/emails/verify/{token}: prove an address, signed in as whom the letter was written for."""
    token = page.params["token"]
    try:
        page.act(lambda uow, me: page.office.profile.verify_email(uow, me, token), changes_registry=True)
    except LinkSpent:
        return page.render(_VERIFY, status=410, action=page.path, fault="spent")
    except EmailInUse:
        return page.render(_VERIFY, status=409, action=page.path, fault="taken")
    return page.done(EMAILS, Toast(page._("The address is verified.")))


_ANYONE: Final = PageAudience.ANYONE
_QUERY: Final = Form(NEXT)

PAGES: Final = (
    PageRoute("GET", "/login/link/{token}", _ANYONE, show_link, query=_QUERY),
    PageRoute("POST", "/login/link/{token}", _ANYONE, use_link, form=_QUERY),
    PageRoute("GET", "/login/invitation/{token}", _ANYONE, show_invitation),
    PageRoute(
        "POST",
        "/login/invitation/{token}",
        _ANYONE,
        accept_invitation,
        form=INVITATION_FORM,
    ),
    PageRoute("GET", "/settings/emails/verify/{token}", PageAudience.SIGNED_IN, show_verify),
    PageRoute("POST", "/settings/emails/verify/{token}", PageAudience.SIGNED_IN, verify_email),
)
