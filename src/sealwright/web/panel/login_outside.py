"""Out to the organization's own sign-in and back: plain links, because a form may lead nowhere but to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import NotFound, OutsideSignInAway, SignInFailed
from sealwright.locales import N_
from sealwright.services.outside_sign_in import CALLBACK_PATH
from sealwright.web.auth.cookies import outside_cookie, read_outside_cookie
from sealwright.web.panel.arrival import arrive, visitor_of
from sealwright.web.panel.login import NEXT, PASSWORD_FORM, around
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.toasts import is_own_path
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

# What providers send back besides differs; unknown members of a query are left alone.
BACK: Final = Form(Field("code", max_length=4_096), Field("state", max_length=64), Field("iss"))
OUT: Final = Form(NEXT)
# One sentence for all that can be wrong. It may say what is needed: whoever comes back has proved an address already.
REFUSED: Final = N_(
    "Your organization’s sign-in did not let you in here. It does where the office knows the address that your"
    " organization has verified. Try again, or sign in another way."
)
AWAY: Final = N_("Your organization’s sign-in does not answer now. Try again in a moment, or sign in another way.")


def start(page: PageCall) -> Reply:
    """GET /login/outside/start."""
    desk = page.office.outside_sign_in
    if not desk.is_offered:
        raise NotFound("No outside sign-in is set up.")
    try:
        begun = desk.start(again=page.signed_in is not None)
    except SignInFailed as error:
        return _failed(page, error)
    # Kept in the browser, because the provider brings back no more than it was sent.
    wanted = page.next_path("")
    page.set_cookie(outside_cookie(page.office.public_url, begun.binding, begun.max_age_seconds, wanted))
    return page.redirect(begun.url)


def come_back(page: PageCall) -> Reply:
    """GET /login/outside: where the provider sends the browser."""
    desk, public_url = page.office.outside_sign_in, page.office.public_url
    if not desk.is_offered:
        raise NotFound("No outside sign-in is set up.")
    binding, wanted = read_outside_cookie(page.exchange, public_url)
    page.set_cookie(outside_cookie(public_url, "", 0))
    try:
        sent = page.query
        signed_in = desk.finish(
            sent.text("code"), sent.text("state"), binding, visitor_of(page), issuer=sent.text("iss")
        )
    except SignInFailed as error:
        return _failed(page, error)
    # Judged again: whatever comes in a cookie may be another's.
    return arrive(page, signed_in, wanted if is_own_path(wanted) else None)


def _failed(page: PageCall, error: SignInFailed) -> Reply:
    is_away = isinstance(error, OutsideSignInAway)
    page.form = FormData.blank(PASSWORD_FORM)
    page.form.fail("", AWAY if is_away else REFUSED)
    return page.render("login/sign_in.html", status=503 if is_away else 422, **around(page))


PAGES: Final = (
    PageRoute("GET", f"{CALLBACK_PATH}/start", PageAudience.ANYONE, start, query=OUT),
    PageRoute("GET", CALLBACK_PATH, PageAudience.ANYONE, come_back, query=BACK),
)
