"""Settings of one's own account (S3): profile and language, verified e-mail addresses, notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind, NoticeMode
from sealwright.domain.people import AccountRole, Theme
from sealwright.locales import LANGUAGES, N_, language_name
from sealwright.services.profile import ProfileChanges
from sealwright.web.panel.appearance import zone_names
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import EMAILS, NOTIFICATIONS, PROFILE, show_tab
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.services.ports import UnitOfWork
    from sealwright.web.panel.page_call import PageCall

_EITHER: Final = ""
PROFILE_FORM: Final = Form(
    Field("display_name", required=True, max_length=200),
    Field("first_name", max_length=200),
    Field("last_name", max_length=200),
    Field("locale", Kind.CHOICE, choices=LANGUAGES),
    Field("theme", Kind.CHOICE, choices=tuple(theme.value for theme in Theme)),
    Field("time_zone", max_length=60),
    Field("shortcuts", Kind.FLAG),
)
EMAIL_FORM: Final = Form(Field("email", required=True, max_length=254))
ONE_EMAIL_FORM: Final = Form(Field("email", required=True, max_length=254), Field("next"))
_MODES: Final = tuple(mode.value for mode in NoticeMode)
NOTICE_FORM: Final = Form(*(Field(kind.value, Kind.CHOICE, choices=_MODES) for kind in NoticeKind))

NOTICE_WORDS: Final = {
    NoticeKind.REQUEST_RECEIVED: N_("Somebody asks for a credential that I decide on"),
    NoticeKind.REQUEST_REPLIED: N_("Somebody replies to my question"),
    NoticeKind.NEEDS_INFO: N_("A reviewer asks me something"),
    NoticeKind.APPROVED: N_("My request is approved"),
    NoticeKind.REJECTED: N_("My request is rejected"),
    NoticeKind.REOPENED: N_("A decision on my request is taken back"),
    NoticeKind.CREDENTIAL_READY: N_("My credential is ready"),
    NoticeKind.EXPIRING: N_("My credential ends soon"),
    NoticeKind.SUSPENDED: N_("My credential is suspended"),
    NoticeKind.REINSTATED: N_("My credential is reinstated"),
    NoticeKind.REVOKED: N_("My credential is revoked"),
    NoticeKind.ROLE_DECIDED: N_("My account roles change"),
    NoticeKind.ISSUER_DECIDED: N_("My issuer status changes"),
    NoticeKind.SCOPE_CHANGED: N_("My issuer scope changes"),
    NoticeKind.ACCESS_REQUESTED: N_("Somebody asks for access"),
    NoticeKind.QUEUE_REMINDER: N_("Requests wait past their target"),
    NoticeKind.NEW_SIGN_IN: N_("Somebody signs in as me from a new browser"),
    NoticeKind.KEY_EXPIRING: N_("A signing key is getting old"),
    NoticeKind.VOTE_OPEN: N_("A proposal waits for my vote"),
    NoticeKind.VOTE_CLOSED: N_("The vote on a proposal of mine ends"),
    NoticeKind.STEP_ASSIGNED: N_("A series gives me its next steps"),
    NoticeKind.STEP_RELEASED: N_("I lose steps that were mine"),
    NoticeKind.WEBHOOK_PAUSED: N_("A webhook endpoint pauses by itself"),
    NoticeKind.BATCH_FINISHED: N_("A batch of mine is finished"),
    NoticeKind.APPROVAL_ASKED: N_("An agent of mine asks for my approval"),
}
_MODE_WORDS: Final = {
    NoticeMode.AT_ONCE: N_("At once"),
    NoticeMode.DAILY: N_("Once a day"),
    NoticeMode.OFF: N_("Inbox only"),
}


# -- profile ---------------------------------------------------------------------------------------


def show_profile(page: PageCall, status: int = 200) -> Reply:
    """GET /settings."""
    return show_tab(
        page,
        PROFILE,
        "settings/profile.html",
        status=status,
        person=page.person,
        profile_form=form_of(page, PROFILE_FORM),
        languages=[(_EITHER, page._("As the browser asks")), *((code, language_name(code)) for code in LANGUAGES)],
        themes=[
            (_EITHER, page._("As the system")),
            (Theme.LIGHT.value, page._("Light")),
            (Theme.DARK.value, page._("Dark")),
        ],
        zones=[(_EITHER, "UTC"), *((name, name.replace("_", " ")) for name in zone_names())],
    )


def save_profile(page: PageCall) -> Reply:
    """POST /settings."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        given = {name: form.optional(name) for name in ("first_name", "last_name", "locale", "time_zone")}
        theme = form.optional("theme")
        emptied = {name for name, value in {**given, "theme": theme}.items() if value is None}
        changes = ProfileChanges(
            display_name=form.text("display_name"),
            first_name=given["first_name"],
            last_name=given["last_name"],
            locale=given["locale"],
            time_zone=given["time_zone"],
            theme=Theme(theme) if theme is not None else None,
            shortcuts=form.flag("shortcuts"),
            clear=frozenset(emptied),
        )
        person = page.act(lambda uow, me: page.office.profile.change(uow, me, changes), changes_registry=True)
        page.appearance = page.appearance.of(person)
        return PROFILE, Toast(page._("Your profile is saved."))

    return save(page, lambda status: show_profile(page, status), act)


# -- e-mail addresses ------------------------------------------------------------------------------


def show_emails(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/emails."""
    return show_tab(
        page,
        EMAILS,
        "settings/emails.html",
        status=status,
        person=page.person,
        email_form=form_of(page, EMAIL_FORM),
        other_form=form_of(page, ONE_EMAIL_FORM),
        mail_is_local=page.office.mailing.is_local and page.caller.is_admin,
    )


def add_email(page: PageCall) -> Reply:
    """POST /settings/emails: add one, or write to it again."""
    email = page.form.text("email")

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.profile.add_email(uow, me, email), changes_registry=True)
        return EMAILS, Toast(page._("A link is on its way to %(email)s. Open it to verify the address.", email=email))

    return save(page, lambda status: show_emails(page, status), act)


def sign_in_with(page: PageCall) -> Reply:
    """POST /settings/emails/primary."""
    email = page.form.text("email")

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.profile.sign_in_with(uow, me, email), changes_registry=True)
        return EMAILS, Toast(page._("You sign in with %(email)s from now on.", email=email))

    return save(page, lambda status: show_emails(page, status), act)


def remove_email(page: PageCall) -> Reply:
    """POST /settings/emails/remove."""
    email = page.form.text("email")

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.profile.remove_email(uow, me, email), changes_registry=True)
        return EMAILS, Toast(page._("%(email)s is removed.", email=email))

    return save(page, lambda status: show_emails(page, status), act)


# -- notifications ---------------------------------------------------------------------------------


def show_notifications(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/notifications."""
    modes = page.office.notices.modes(page.caller)
    words = {mode: page._(word) for mode, word in _MODE_WORDS.items()}
    rows = [
        {
            "kind": kind.value,
            "label": page._(word),
            "mode": modes[kind].value,
            "is_essential": kind in ESSENTIAL_KINDS,
            "options": [
                (mode.value, words[mode])
                for mode in NoticeMode
                if not (mode is NoticeMode.OFF and kind in ESSENTIAL_KINDS)
            ],
        }
        for kind, word in NOTICE_WORDS.items()
    ]
    return show_tab(
        page,
        NOTIFICATIONS,
        "settings/notifications.html",
        status=status,
        rows=rows,
        email=page.person.email,
        is_verified=page.person.verified,
        is_reviewer=page.caller.has_role(AccountRole.ISSUER),
        notice_form=form_of(page, NOTICE_FORM),
    )


def save_notifications(page: PageCall) -> Reply:
    """POST /settings/notifications."""
    chosen = {kind: NoticeMode(page.form.text(kind.value)) for kind in NoticeKind if _is_mode(page, kind)}

    def change(uow: UnitOfWork, me: Caller) -> None:
        for kind, mode in chosen.items():
            page.office.notices.set_mode(uow, me, kind, mode)

    def act() -> tuple[str, Toast | None]:
        page.act(change)
        return NOTIFICATIONS, Toast(page._("Saved."))

    return save(page, lambda status: show_notifications(page, status), act)


def _is_mode(page: PageCall, kind: NoticeKind) -> bool:
    return page.form.text(kind.value) in _MODES


_SIGNED_IN: Final = PageAudience.SIGNED_IN


def _post(path: str, handler: Any, form: Form, *, fresh: bool = False) -> PageRoute:
    return PageRoute("POST", path, _SIGNED_IN, handler, form=form, fresh=fresh)


PAGES: Final = (
    PageRoute("GET", PROFILE, _SIGNED_IN, show_profile),
    _post(PROFILE, save_profile, PROFILE_FORM),
    PageRoute("GET", EMAILS, _SIGNED_IN, show_emails),
    _post(EMAILS, add_email, EMAIL_FORM),
    _post(f"{EMAILS}/primary", sign_in_with, ONE_EMAIL_FORM, fresh=True),
    _post(f"{EMAILS}/remove", remove_email, ONE_EMAIL_FORM),
    PageRoute("GET", NOTIFICATIONS, _SIGNED_IN, show_notifications),
    _post(NOTIFICATIONS, save_notifications, NOTICE_FORM),
)
