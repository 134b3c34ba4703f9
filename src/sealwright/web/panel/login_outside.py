"""Out to the organization's own sign-in and back: plain links, because a form may lead nowhere but to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import NotFound, SignInFailed
from sealwright.services.outside_sign_in import CALLBACK_PATH
from sealwright.web.auth.cookies import outside_cookie, read_outside_cookie
from sealwright.web.panel.arrival import arrive, visitor_of
from sealwright.web.panel.login import FAILED, PASSWORD_FORM, around
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

# What providers send back besides differs; unknown members of a query are left alone.
BACK: Final = Form(Field("code", max_length=4_096), Field("state", max_length=64))


def start(page: PageCall) -> Reply:
    """GET /login/outside/start."""
    desk = page.office.outside_sign_in
    if not desk.is_offered:
        raise NotFound("No outside sign-in is set up.")
    try:
        begun = desk.start()
    except SignInFailed:
        return _failed(page)
    page.set_cookie(outside_cookie(page.office.public_url, begun.binding, begun.max_age_seconds))
    return page.redirect(begun.url)


def come_back(page: PageCall) -> Reply:
    """GET /login/outside: where the provider sends the browser."""
    desk, public_url = page.office.outside_sign_in, page.office.public_url
    if not desk.is_offered:
        raise NotFound("No outside sign-in is set up.")
    binding = read_outside_cookie(page.exchange, public_url)
    page.set_cookie(outside_cookie(public_url, "", 0))
    try:
        signed_in = desk.finish(page.query.text("code"), page.query.text("state"), binding, visitor_of(page))
    except SignInFailed:
        return _failed(page)
    return arrive(page, signed_in)


def _failed(page: PageCall) -> Reply:
    page.form = FormData.blank(PASSWORD_FORM)
    page.form.fail("", FAILED)
    return page.invalid("login/sign_in.html", **around(page))


PAGES: Final = (
    PageRoute("GET", f"{CALLBACK_PATH}/start", PageAudience.ANYONE, start),
    PageRoute("GET", CALLBACK_PATH, PageAudience.ANYONE, come_back, query=BACK),
)
