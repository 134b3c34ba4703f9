"""Settings: what somebody signs in with, and where they are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.locales import N_
from sealwright.web.panel.login import PASSKEY_ANSWER, read_authenticator_answer
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import SIGN_IN, show_tab
from sealwright.web.reply import Reply, json_reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

PASSWORD_FORM: Final = Form(
    Field("current", max_length=256, keep_spaces=True),
    Field("password", required=True, max_length=256, keep_spaces=True),
)
PASSKEY_FORM: Final = Form(PASSKEY_ANSWER, Field("name", max_length=80))
METHOD_WORDS: Final = {
    "password": N_("by password"),
    "passkey": N_("by passkey"),
    "email_link": N_("by a link"),
    "recovery_code": N_("by a recovery code"),
    "oidc": N_("by the organization's sign-in"),
    "setup": N_("by the setup link"),
}


def show(page: PageCall, status: int = 200, **more: Any) -> Reply:
    """GET /settings/sign-in."""
    office = page.office
    values: dict[str, Any] = {
        "means": office.means.of(page.caller),
        "sessions": [
            (one, page._(METHOD_WORDS[one.method.value]), one.session_id == page.caller.session_id)
            for one in office.sessions.list(page.caller)
        ],
        "email": page.person.email,
        "is_fresh": office.sessions.is_fresh(page.caller),
        "password_form": form_of(page, PASSWORD_FORM),
        "codes": (),
        **more,
    }
    return show_tab(page, SIGN_IN, "settings/sign_in.html", status=status, **values)


def set_password(page: PageCall) -> Reply:
    """POST /settings/sign-in/password."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        ended = page.office.means.set_password(page.caller, form.text("password"), current=form.optional("current"))
        sentence = page.ngettext(
            "The password is set. %(num)s other session ended.",
            "The password is set. %(num)s other sessions ended.",
            ended,
        )
        return SIGN_IN, Toast(sentence if ended else page._("The password is set."))

    return save(page, lambda status: show(page, status), act)


def passkey_options(page: PageCall) -> Reply:
    """POST /settings/sign-in/passkeys/options: what the script hands to the browser."""
    return json_reply(dict(page.office.means.passkey_options(page.caller)))


def add_passkey(page: PageCall) -> Reply:
    """POST /settings/sign-in/passkeys: a form that the script sends."""

    def act() -> tuple[str, Toast | None]:
        answer = read_authenticator_answer(page.form)
        made = page.act(lambda uow, me: page.office.means.add_passkey(uow, me, answer, page.form.text("name")))
        return SIGN_IN, Toast(page._("The passkey “%(name)s” is kept.", name=made.name))

    return save(page, lambda status: show(page, status), act)


def remove_passkey(page: PageCall) -> Reply:
    """POST /settings/sign-in/passkeys/{passkey_id}/remove."""

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.means.delete_passkey(uow, me, page.params["passkey_id"]))
        return SIGN_IN, Toast(page._("The passkey is removed."))

    return save(page, lambda status: show(page, status), act)


def make_codes(page: PageCall) -> Reply:
    """POST /settings/sign-in/recovery-codes: shown in this answer and never again."""
    codes = page.act(page.office.means.make_recovery_codes)
    return show(page, codes=codes)


def end_session(page: PageCall) -> Reply:
    """POST /settings/sign-in/sessions/{session_id}/end."""
    ended = page.office.sessions.end_one(page.caller, page.params["session_id"])
    return page.done(SIGN_IN, Toast(page._("The session ended.") if ended else page._("The session was over already.")))


def end_others(page: PageCall) -> Reply:
    """POST /settings/sign-in/sessions/end-others."""
    ended = page.office.sessions.end_all(page.caller, but_this=True)
    sentence = page.ngettext("%(num)s other session ended.", "%(num)s other sessions ended.", ended)
    return page.done(SIGN_IN, Toast(sentence))


_SIGNED_IN: Final = PageAudience.SIGNED_IN
_PASSKEYS: Final = f"{SIGN_IN}/passkeys"

PAGES: Final = (
    PageRoute("GET", SIGN_IN, _SIGNED_IN, show),
    PageRoute("POST", f"{SIGN_IN}/password", _SIGNED_IN, set_password, form=PASSWORD_FORM),
    PageRoute("POST", f"{_PASSKEYS}/options", _SIGNED_IN, passkey_options),
    PageRoute("POST", _PASSKEYS, _SIGNED_IN, add_passkey, form=PASSKEY_FORM),
    PageRoute("POST", f"{_PASSKEYS}/{{passkey_id}}/remove", _SIGNED_IN, remove_passkey, fresh=True),
    PageRoute("POST", f"{SIGN_IN}/recovery-codes", _SIGNED_IN, make_codes, fresh=True),
    PageRoute("POST", f"{SIGN_IN}/sessions/end-others", _SIGNED_IN, end_others),
    PageRoute("POST", f"{SIGN_IN}/sessions/{{session_id}}/end", _SIGNED_IN, end_session),
)
