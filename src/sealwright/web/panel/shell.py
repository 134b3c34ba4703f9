"""What stands around every signed-in page: the menu with counts, the current scope, banners, the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.people import AccountRole
from sealwright.domain.requests import RequestState
from sealwright.locales import LANGUAGES, N_, language_name
from sealwright.services.papers import emblem_tone
from sealwright.web.panel.banners import Banner, banners_of
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.page_route import ROLE_NAMES

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of the menu; shown to whoever passes one of the roles, if its page exists.

    Args:
        roles: Any of these opens it; none means every account.
        count: The name of the count that stands beside it.
    """

    label: str
    href: str
    icon: str
    roles: tuple[AccountRole, ...] = ()
    count: str = ""
    only_admin: bool = False


# The count of batches that run; a page that watches one keeps it up to date.
RUNNING: Final = "running"
_LIVE: Final = {RUNNING: RUNNING}

_I, _A, _M, _P, _V = (
    AccountRole.ISSUER, AccountRole.ADMIN, AccountRole.IMPROVER, AccountRole.PROPOSER, AccountRole.VOTER
)  # fmt: skip

MENU: Final[tuple[tuple[str, tuple[MenuEntry, ...]], ...]] = (
    (
        N_("Review"),
        (
            MenuEntry(N_("Requests"), "/issuer", "inbox", (_I,), "pending"),
            MenuEntry(N_("Holders"), "/issuer/holders", "people", (_I,)),
        ),
    ),
    (
        N_("Issue"),
        (
            MenuEntry(N_("Single issue"), "/issue", "stamp", (_I,)),
            MenuEntry(N_("Batches"), "/batches", "stack", (_I,), RUNNING),
            MenuEntry(N_("Credential schemas"), "/schemas", "list", (_I,)),
        ),
    ),
    (
        N_("Work"),
        (
            MenuEntry(N_("Improver"), "/improver", "home", (_M,)),
            MenuEntry(N_("My credentials"), "/improver/credentials", "card", (_M,)),
            MenuEntry(N_("My requests"), "/improver/requests", "send", (_M,)),
            MenuEntry(N_("Proposals"), "/proposer", "edit", (_P,)),
            MenuEntry(N_("Votes"), "/workflows", "check", (_V, _P)),
        ),
    ),
    (
        N_("Office"),
        (
            MenuEntry(N_("Office start"), "/admin", "home", only_admin=True),
            MenuEntry(N_("Issuer requests"), "/admin/desk/issuer-requests", "inbox", only_admin=True),
            MenuEntry(N_("Issuers"), "/admin/desk/issuers", "stamp", only_admin=True),
            MenuEntry(N_("Admissions"), "/admin/desk/improvers", "user", only_admin=True),
            MenuEntry(N_("Users"), "/admin/desk/users", "people", only_admin=True),
            MenuEntry(N_("Credential types"), "/admin/desk/credential-types", "seal", only_admin=True),
            MenuEntry(N_("Workflows"), "/admin/desk/workflows", "list", only_admin=True),
            MenuEntry(N_("Payouts"), "/admin/desk/payouts", "wallet", only_admin=True),
            MenuEntry(N_("API keys"), "/admin/desk/api-keys", "key", only_admin=True),
            MenuEntry(N_("Webhooks"), "/admin/desk/webhooks", "out", only_admin=True),
            MenuEntry(N_("DIDs"), "/admin/desk/dids", "shield", only_admin=True),
            MenuEntry(N_("All delegations"), "/admin/desk/delegations", "key", only_admin=True),
            MenuEntry(N_("Mass acts"), "/admin/desk/mass", "stamp", only_admin=True),
            MenuEntry(N_("Audit"), "/admin/desk/audit", "list", only_admin=True),
            MenuEntry(N_("Outbox"), "/admin/desk/outbox", "mail", only_admin=True),
            MenuEntry(N_("System"), "/admin/desk/system", "gear", only_admin=True),
        ),
    ),
    (
        N_("Know"),
        (
            MenuEntry(N_("Analytics"), "/analytics", "chart", (_I,)),
            MenuEntry(N_("Check a credential"), "/verify", "shield"),
            MenuEntry(N_("Delegations"), "/delegations", "key"),
        ),
    ),
    (
        N_("Account"),
        (
            MenuEntry(N_("Inbox"), "/inbox", "bell", count="unread"),
            MenuEntry(N_("Settings"), "/settings", "gear"),
        ),
    ),
)
# The search that the palette asks, and the page of the notices; links stand only where their page exists.
SEARCH: Final = "/search"
INBOX: Final = "/inbox"


@dataclass(frozen=True, slots=True)
class MenuLine:
    """A line of the menu as somebody sees it."""

    label: str
    href: str
    icon: str
    is_current: bool
    count: str | None
    live: str | None


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A credential type of the reviewer's scope, as the rail shows it."""

    label: str
    tone: int


@dataclass(frozen=True, slots=True)
class Shell:
    """What the base templates show around a page."""

    organization: str
    logo: str | None
    menu: tuple[tuple[str, tuple[MenuLine, ...]], ...]
    scope: tuple[ScopeLine, ...]
    sees_all_types: bool
    roles: tuple[str, ...]
    banners: tuple[Banner, ...]
    unread: int
    has_search: bool
    has_inbox: bool
    languages: tuple[tuple[str, str], ...]
    shortcuts: bool


def shell_of(page: PageCall) -> Shell:
    """Gather what stands around a page for its viewer. Blocking, but for a handful of kept counts only."""
    caller = page.signed_in
    counts = _counts(page)
    languages = tuple((code, language_name(code)) for code in LANGUAGES if code != page.appearance.language)
    person = caller.person if caller is not None else None
    return Shell(
        organization=(page.view().organization() if page.asks_store else None) or page.office.organization,
        logo=_logo(page),
        menu=_menu(page, counts) if caller is not None else (),
        scope=_scope(page),
        sees_all_types=caller is not None and caller.is_admin,
        roles=tuple(page._(ROLE_NAMES[role]) for role in AccountRole if person is not None and role in person.roles),
        banners=banners_of(page) if caller is not None else (),
        unread=counts.get("unread", 0),
        has_search=SEARCH in page_paths(),
        has_inbox=INBOX in page_paths(),
        languages=languages,
        shortcuts=person is None or person.shortcuts,
    )


def _logo(page: PageCall) -> str | None:
    digest = page.view().public_pictures().logo if page.asks_store else None
    return f"/pictures/{digest}" if digest is not None else None


def page_paths() -> frozenset[str]:
    """The paths that can be asked for without parameters."""
    # The table names handlers, and handlers answer through this module.
    from sealwright.web.panel.pages import get_paths

    return get_paths()


def _menu(page: PageCall, counts: dict[str, int]) -> tuple[tuple[str, tuple[MenuLine, ...]], ...]:
    there = page_paths()
    current = _current_of(page.path, there)
    sections = []
    for title, entries in MENU:
        lines = tuple(
            MenuLine(
                page._(one.label),
                one.href,
                one.icon,
                one.href == current,
                _count_words(page, one.count, counts),
                _LIVE.get(one.count),
            )
            for one in entries
            if one.href in there and _may_use(page, one)
        )
        if lines:
            sections.append((page._(title), lines))
    return tuple(sections)


def running_words(page: PageCall) -> str:
    """How many batches run, as the menu says it; empty while none does."""
    return _count_words(page, RUNNING, {RUNNING: page.office.bulk.desk.running(page.caller)}) or ""


def _count_words(page: PageCall, name: str, counts: dict[str, int]) -> str | None:
    """A count as it stands beside its line: where the number alone would not tell what it counts, with a word."""
    count = counts.get(name)
    if not count:
        return None
    if name == RUNNING:
        return page.ngettext("%(num)s running", "%(num)s running", count)
    return number_text(count, page.texts)


def _current_of(path: str, there: frozenset[str]) -> str:
    """The menu's entry that a page belongs to: the longest one that its path begins with."""
    if path.startswith("/issuer/credentials/"):
        # A credential is reached through its holder, and leads back there.
        path = "/issuer/holders"
    if path.startswith("/admin/desk/series/"):
        path = "/admin/desk/workflows"
    candidates = [one.href for _, entries in MENU for one in entries if one.href in there]
    fitting = [href for href in candidates if path == href or path.startswith(f"{href}/")]
    return max(fitting, key=len, default="")


def _may_use(page: PageCall, one: MenuEntry) -> bool:
    caller = page.caller
    if one.only_admin:
        return caller.is_admin
    return not one.roles or any(caller.has_role(role) for role in one.roles)


def _counts(page: PageCall) -> dict[str, int]:
    """What stands beside lines of the menu; all of it is kept, so that a page costs no counting."""
    caller = page.signed_in
    if caller is None:
        return {}
    counts = {"unread": page.office.notices.unread(caller)}
    if caller.has_role(AccountRole.ISSUER):
        by_type = page.office.review.counts(caller)
        counts["pending"] = sum(states.get(RequestState.PENDING, 0) for states in by_type.values())
        counts[RUNNING] = page.office.bulk.desk.running(caller)
    return counts


def _scope(page: PageCall) -> tuple[ScopeLine, ...]:
    caller = page.signed_in
    if caller is None or caller.person is None or caller.is_admin or AccountRole.ISSUER not in caller.person.roles:
        return ()
    scopes = caller.person.scopes
    types = page.office.catalog.named(scopes)
    labels = {value: one.label_in(page.texts.language) for value, one in types.items()}
    return tuple(ScopeLine(labels.get(value, value), emblem_tone(value)) for value in scopes)
