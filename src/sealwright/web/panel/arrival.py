"""What pages around signing in share: who stands there, handing over the session, and where to go next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import RateLimitExceeded
from sealwright.domain.people import AccountRole
from sealwright.services.sign_in import Visitor
from sealwright.web.auth.cookies import session_cookie
from sealwright.web.auth.labels import browser_label
from sealwright.web.panel.shell import page_paths

if TYPE_CHECKING:
    from sealwright.domain.people import Person
    from sealwright.services.sessions import SignedIn
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

# Where an account role's work is; the first that applies is where its holder arrives.
_HOMES: Final = (
    (AccountRole.ADMIN, "/admin"),
    (AccountRole.ISSUER, "/issuer"),
    (AccountRole.PROPOSER, "/proposer"),
    (AccountRole.IMPROVER, "/improver"),
    (AccountRole.VOTER, "/workflows"),
)
ANYBODYS_HOME: Final = "/settings"


def visitor_of(page: PageCall) -> Visitor:
    """Who stands at the door, as far as the door can tell."""
    return Visitor(
        address=page.exchange.address,
        label=browser_label(page.exchange.header(b"user-agent")),
        replaces=page.signed_in,
        request_id=page.exchange.request_id,
    )


def home_of(person: Person) -> str:
    """Where somebody's work is: the first of their roles' pages that this office has."""
    there = page_paths()
    return next((path for role, path in _HOMES if role in person.roles and path in there), ANYBODYS_HOME)


def arrive(page: PageCall, signed_in: SignedIn, fallback: str | None = None) -> Reply:
    """Hand the session to the browser and go where the visitor was going."""
    page.set_cookie(session_cookie(page.office.public_url, signed_in.cookie, signed_in.max_age_seconds))
    return page.redirect(page.next_path(fallback or home_of(signed_in.person)))


def lockout_sentence(page: PageCall, error: RateLimitExceeded) -> str:
    """How long somebody has to wait after too many failures."""
    minutes = -(-error.retry_after_seconds // 60)
    return page.ngettext(
        "Too many attempts failed. Try again in %(num)s minute, or sign in another way.",
        "Too many attempts failed. Try again in %(num)s minutes, or sign in another way.",
        minutes,
    )


def retry_after(error: RateLimitExceeded) -> tuple[bytes, bytes]:
    """The header that says so to programs."""
    return (b"retry-after", str(error.retry_after_seconds).encode("ascii"))
