"""The first run (S1): the one-time link, four parts that are each saved alone, and the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import DomainError, FreshSignInRequired, LinkSpent
from sealwright.domain.people import AccountRole
from sealwright.locales import N_
from sealwright.services.setup import METHODS
from sealwright.vc.errors import VcError
from sealwright.web.panel.arrival import arrive, visitor_of
from sealwright.web.panel.login import PASSKEY_ANSWER, read_authenticator_answer
from sealwright.web.panel.own_forms import form_of, save, tell
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, FormData, Kind, Upload
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.web.panel.page_call import PageCall

HOME: Final = "/setup"
_PARTS: Final = "setup/parts.html"
_ACCOUNT: Final = "setup/account.html"
_NO_LINK: Final = "setup/no_link.html"
STALE: Final = N_(
    "This needs a sign-in of the last ten minutes. Make a new link with “sealwright setup-link” and open it."
)

PASSWORD: Final = Field("password", max_length=256, keep_spaces=True)
ACCOUNT_FORM: Final = Form(
    Field("email", required=True, max_length=254),
    Field("display_name", required=True, max_length=200),
    PASSWORD,
)
PASSWORD_FORM: Final = Form(Field("new_password", required=True, max_length=256, keep_spaces=True))
ORGANIZATION_FORM: Final = Form(
    Field("name", required=True, max_length=200), Field("public_url", max_length=500), Field("logo", Kind.FILE)
)
ISSUER_FORM: Final = Form(Field("method", Kind.CHOICE, required=True, choices=METHODS))
SAMPLE_FORM: Final = Form(Field("wanted", Kind.FLAG))
_PASSKEY_FORM: Final = Form(PASSKEY_ANSWER, Field("name", max_length=80))


def _admin_is_here(page: PageCall) -> bool:
    person = page.signed_in.person if page.signed_in is not None else None
    return person is not None and AccountRole.ADMIN in person.roles


def show(page: PageCall) -> Reply:
    """GET /setup: the parts for the admin who is signed in; for everybody else, how to get the link."""
    return _parts(page) if _admin_is_here(page) else page.render(_NO_LINK, is_spent=False)


def _parts(page: PageCall, status: int = 200, **more: Any) -> Reply:
    office = page.office
    state = office.setup.state(page.caller)
    values: dict[str, Any] = {
        "state": state,
        "person": page.person,
        "means": office.means.of(page.caller),
        "mail_is_local": office.mailing.is_local,
        "password_form": form_of(page, PASSWORD_FORM),
        "organization_form": form_of(page, ORGANIZATION_FORM),
        "issuer_form": form_of(page, ISSUER_FORM),
        "default_organization": office.organization,
        "codes": (),
        "is_reached": None,
        **more,
    }
    return page.render(_PARTS, status=status, **values)


def show_account(page: PageCall) -> Reply:
    """GET /setup/{token}: the first admin's account."""
    try:
        page.office.setup.check(page.params["token"])
    except LinkSpent:
        return page.render(_NO_LINK, status=410, is_spent=True)
    return page.render(_ACCOUNT, action=page.path, form=FormData.blank(ACCOUNT_FORM))


def make_account(page: PageCall) -> Reply:
    """POST /setup/{token}."""
    if page.form.errors:
        return page.invalid(_ACCOUNT, action=page.path)
    try:
        signed_in = page.office.setup.create_admin(
            page.params["token"],
            visitor_of(page),
            email=page.form.text("email"),
            display_name=page.form.text("display_name"),
            password=page.form.optional("password"),
        )
    except LinkSpent:
        return page.render(_NO_LINK, status=410, is_spent=True)
    except DomainError as error:
        tell(page, error)
        return page.invalid(_ACCOUNT, action=page.path)
    return arrive(page, signed_in, HOME)


def set_password(page: PageCall) -> Reply:
    """POST /setup/password."""

    def act() -> tuple[str, Toast | None]:
        page.office.means.set_password(page.caller, page.form.text("new_password"), current=None)
        return HOME, Toast(page._("The password is set."))

    return _save(page, act)


def _save(page: PageCall, act: Callable[[], tuple[str, Toast | None]]) -> Reply:
    """Save a part; there is no sign-in page yet to go to where a sign-in has aged."""
    try:
        return save(page, lambda status: _parts(page, status), act)
    except FreshSignInRequired:
        page.form.fail("", STALE)
        return _parts(page, 422)


def passkey_options(page: PageCall) -> Reply:
    """POST /setup/passkey/options."""
    return json_reply(dict(page.office.means.passkey_options(page.caller)))


def add_passkey(page: PageCall) -> Reply:
    """POST /setup/passkey: a form that the script sends."""

    def act() -> tuple[str, Toast | None]:
        answer = read_authenticator_answer(page.form)
        page.act(lambda uow, me: page.office.means.add_passkey(uow, me, answer, page.form.text("name")))
        return HOME, Toast(page._("The passkey is kept. Next time it signs you in."))

    return _save(page, act)


def make_codes(page: PageCall) -> Reply:
    """POST /setup/recovery-codes: shown in this answer and never again."""
    try:
        codes = page.act(page.office.means.make_recovery_codes)
    except FreshSignInRequired:
        page.form.fail("", STALE)
        return _parts(page, 422)
    return _parts(page, codes=codes)


def set_organization(page: PageCall) -> Reply:
    """POST /setup/organization."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        logo = form.file("logo")
        logo_id = _kept_logo(page, logo) if logo is not None else None
        must_restart = page.office.setup.set_organization(
            page.caller, form.text("name"), logo_id=logo_id, public_url=form.optional("public_url")
        )
        sentence = page._("Saved. Start the server again before the next part.") if must_restart else page._("Saved.")
        return HOME, Toast(sentence)

    return _save(page, act)


def _kept_logo(page: PageCall, logo: Upload) -> str:
    return page.act(lambda uow, me: page.office.attachments.upload(uow, me, logo.name, logo.content)).attachment_id


def set_issuer(page: PageCall) -> Reply:
    """POST /setup/issuer."""

    def act() -> tuple[str, Toast | None]:
        page.office.setup.set_issuer(page.caller, page.form.text("method"))
        return HOME, Toast(page._("The issuing key and its DID are made."))

    return _save(page, act)


def test_reach(page: PageCall) -> Reply:
    """POST /setup/reach: whether the public URL answers; a warning at most."""
    return _parts(page, is_reached=page.office.setup.reaches_outside())


def choose_sample(page: PageCall) -> Reply:
    """POST /setup/sample."""
    wanted = page.form.flag("wanted")
    page.office.setup.sample_data(page.caller, wanted=wanted)
    sentence = page._("Sample data will be filled in.") if wanted else page._("The office starts empty.")
    return page.done(HOME, Toast(sentence))


def test_mail(page: PageCall) -> Reply:
    """POST /setup/mail."""
    address = page.office.setup.send_test_mail(page.caller)
    return page.done(HOME, Toast(page._("A test mail to %(email)s is in the outbox.", email=address)))


def finish(page: PageCall) -> Reply:
    """POST /setup/finish: what was not chosen takes its default; the setup is gone for good."""
    try:
        made = page.office.setup.finish(page.caller)
    except (DomainError, VcError) as error:
        tell(page, error)
        return _parts(page, 409)
    return page.render("setup/finished.html", made=made)


_SETUP: Final = PageAudience.SETUP

PAGES: Final = (
    PageRoute("GET", HOME, _SETUP, show, before_setup=True),
    PageRoute("GET", "/setup/{token}", _SETUP, show_account, before_setup=True),
    PageRoute("POST", "/setup/{token}", _SETUP, make_account, form=ACCOUNT_FORM, before_setup=True),
    PageRoute("POST", "/setup/password", _SETUP, set_password, form=PASSWORD_FORM, before_setup=True),
    PageRoute("POST", "/setup/passkey/options", _SETUP, passkey_options, before_setup=True),
    PageRoute("POST", "/setup/passkey", _SETUP, add_passkey, form=_PASSKEY_FORM, before_setup=True),
    PageRoute("POST", "/setup/recovery-codes", _SETUP, make_codes, before_setup=True),
    PageRoute(
        "POST", "/setup/organization", _SETUP, set_organization, form=ORGANIZATION_FORM, uploads=True, before_setup=True
    ),
    PageRoute("POST", "/setup/reach", _SETUP, test_reach, before_setup=True),
    PageRoute("POST", "/setup/issuer", _SETUP, set_issuer, form=ISSUER_FORM, before_setup=True),
    PageRoute("POST", "/setup/sample", _SETUP, choose_sample, form=SAMPLE_FORM, before_setup=True),
    PageRoute("POST", "/setup/mail", _SETUP, test_mail, before_setup=True),
    PageRoute("POST", "/setup/finish", _SETUP, finish, before_setup=True),
)
