"""Signing in: one e-mail field and every way past it; failures are told in one neutral sentence (S2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import MalformedBody, RateLimitExceeded, SignInFailed
from sealwright.locales import N_
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import UnreadableJSON
from sealwright.web.auth.cookies import end_cookie
from sealwright.web.panel.arrival import arrive, home_of, lockout_sentence, retry_after, visitor_of
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.services.sessions import SignedIn
    from sealwright.web.panel.page_call import PageCall

EMAIL: Final = Field("email", required=True, max_length=254)
NEXT: Final = Field("next", max_length=1000)
# What browsers answer for an authenticator is JSON of a few kilobytes.
PASSKEY_ANSWER: Final = Field("response", required=True, max_length=20_000)
FAILED: Final = N_("Signing in did not work. Check what you entered, or sign in another way.")
CLOSED: Final = N_("Accounts are made by invitation here. Ask the office for one.")

PASSWORD_FORM: Final = Form(EMAIL, Field("password", required=True, max_length=256, keep_spaces=True), NEXT)
LINK_FORM: Final = Form(EMAIL, Field("password", max_length=256, keep_spaces=True), NEXT)
CODE_FORM: Final = Form(EMAIL, Field("code", required=True, max_length=64), NEXT)
REGISTER_FORM: Final = Form(EMAIL)
_SIGN_IN: Final = "login/sign_in.html"
_RECOVERY: Final = "login/recovery.html"


def show(page: PageCall) -> Reply:
    """GET /login."""
    signed_in = page.signed_in
    if signed_in is not None and page.office.sessions.is_fresh(signed_in):
        return page.redirect(page.next_path(home_of(page.person)))
    return page.render(_SIGN_IN, **around(page, PASSWORD_FORM))


def around(page: PageCall, form: Form | None = None) -> dict[str, Any]:
    """What the sign-in pages need, and the form that they show first."""
    known = page.signed_in.person if page.signed_in is not None else None
    blank = {"form": FormData.blank(form)} if form is not None else {}
    return {
        **blank,
        "next_path": page.next_path(""),
        "known": known,
        "is_open": page.office.sign_in.is_open_to_strangers,
        "has_outside": page.office.outside_sign_in.is_offered,
    }


def by_password(page: PageCall) -> Reply:
    """POST /login/password."""
    if page.form.errors:
        return page.invalid(_SIGN_IN, **around(page))
    return _try(
        page,
        _SIGN_IN,
        lambda: page.office.sign_in.password(page.form.text("email"), page.form.text("password"), visitor_of(page)),
    )


def _try(page: PageCall, template: str, way: Callable[[], SignedIn]) -> Reply:
    """Sign in one way; whatever goes wrong is said in the same words on the page it was tried on."""
    try:
        signed_in = way()
    except SignInFailed:
        page.form.fail("", FAILED)
        return page.invalid(template, **around(page))
    except RateLimitExceeded as error:
        page.form.fail_in_words("", lockout_sentence(page, error))
        page.headers.append(retry_after(error))
        return page.render(template, status=429, **around(page))
    return arrive(page, signed_in)


def send_link(page: PageCall) -> Reply:
    """POST /login/link: a link by mail, or nothing; the answer is the same."""
    if page.form.errors:
        return page.invalid(_SIGN_IN, **around(page))
    wanted = page.next_path("")
    page.office.sign_in.send_link(
        page.form.text("email"), visitor_of(page), next_path=wanted or None, locale=page.appearance.language
    )
    return page.redirect("/login/sent")


def sent(page: PageCall) -> Reply:
    """GET /login/sent."""
    return page.render("login/sent.html")


def show_recovery(page: PageCall) -> Reply:
    """GET /login/recovery."""
    return page.render(_RECOVERY, **around(page, CODE_FORM))


def by_recovery_code(page: PageCall) -> Reply:
    """POST /login/recovery."""
    if page.form.errors:
        return page.invalid(_RECOVERY, **around(page))
    return _try(
        page,
        _RECOVERY,
        lambda: page.office.sign_in.recovery_code(page.form.text("email"), page.form.text("code"), visitor_of(page)),
    )


def passkey_options(page: PageCall) -> Reply:
    """POST /login/passkey/options: what the script hands to the browser."""
    return json_reply(dict(page.office.sign_in.passkey_options()))


def by_passkey(page: PageCall) -> Reply:
    """POST /login/passkey: a form that the script sends, so that the answer is a page like any other."""
    response = read_authenticator_answer(page.form)
    return _try(page, _SIGN_IN, lambda: page.office.sign_in.passkey(response, visitor_of(page)))


def read_authenticator_answer(form: FormData) -> dict[str, Any]:
    """The JSON object that a script put into a form; an empty one for anything else, which no desk takes."""
    try:
        answer = parse_json(form.text("response").encode("utf-8"))
    except UnreadableJSON:
        return {}
    return answer if isinstance(answer, dict) else {}


def show_register(page: PageCall) -> Reply:
    """GET /login/register."""
    return page.render("login/register.html", **around(page, REGISTER_FORM))


def register(page: PageCall) -> Reply:
    """POST /login/register: a letter is sent whoever asks, so that the answer tells nothing."""
    if not page.form.errors:
        try:
            page.office.sign_in.register(page.form.text("email"), visitor_of(page), locale=page.appearance.language)
        except MalformedBody:
            page.form.fail("email", N_("Give an e-mail address, such as ana@example.org."))
    if page.form.errors:
        return page.invalid("login/register.html", **around(page))
    return page.redirect("/login/sent")


def sign_out(page: PageCall) -> Reply:
    """POST /logout."""
    page.office.sessions.end(page.caller)
    page.set_cookie(end_cookie(page.office.public_url))
    return page.redirect("/")


_QUERY: Final = Form(NEXT, Field("email", max_length=254), Field("again", Kind.FLAG))
_ANYONE: Final = PageAudience.ANYONE

PAGES: Final = (
    PageRoute("GET", "/login", _ANYONE, show, query=_QUERY),
    PageRoute("POST", "/login/password", _ANYONE, by_password, form=PASSWORD_FORM),
    PageRoute("POST", "/login/link", _ANYONE, send_link, form=LINK_FORM),
    PageRoute("GET", "/login/sent", _ANYONE, sent),
    PageRoute("GET", "/login/recovery", _ANYONE, show_recovery, query=_QUERY),
    PageRoute("POST", "/login/recovery", _ANYONE, by_recovery_code, form=CODE_FORM),
    PageRoute("POST", "/login/passkey/options", _ANYONE, passkey_options),
    PageRoute("POST", "/login/passkey", _ANYONE, by_passkey, form=Form(PASSKEY_ANSWER, NEXT)),
    PageRoute("GET", "/login/register", _ANYONE, show_register),
    PageRoute("POST", "/login/register", _ANYONE, register, form=REGISTER_FORM),
    PageRoute("POST", "/logout", PageAudience.SIGNED_IN, sign_out),
)
