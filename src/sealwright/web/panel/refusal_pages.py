"""What is refused, as a page in plain words: what happened, what can be done, and the request's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import (
    CsrfFailed,
    DomainError,
    NotSignedIn,
    RateLimitExceeded,
    RoleRequired,
    SetupRequired,
)
from sealwright.locales import N_
from sealwright.web.panel.page_route import ROLE_NAMES
from sealwright.web.panel.refusal_words import refusal_words
from sealwright.web.problems import INTERNAL, RETRY_AFTER_SECONDS, problem_for
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

TEMPLATE: Final = "errors/problem.html"
REQUEST_ACCESS: Final = "/settings/access"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a page says of a refusal.

    Args:
        title: A few words.
        sentence: What happened, in plain words.
        detail: What the service said; None where the sentence says it all.
        acts: What can be done: label and address, the main one first.
    """

    title: str
    sentence: str
    detail: str | None
    acts: tuple[tuple[str, str], ...]
    code: str
    status: int
    request_id: str


_BY_STATUS: Final = {
    400: (N_("This could not be read"), N_("What the browser sent could not be read. Go back and try again.")),
    401: (N_("You are not signed in"), N_("You were signed out meanwhile. Nothing was saved.")),
    403: (N_("You may not do this"), N_("Your account does not allow this.")),
    404: (N_("There is nothing here"), N_("The address is wrong, or what was here is not open to you.")),
    405: (N_("This does not work so"), N_("This address takes no such request. Go back and try again.")),
    409: (N_("Something has changed meanwhile"), N_("Somebody else was faster. Load the page again to see.")),
    410: (N_("This is gone"), N_("What was here was erased.")),
    413: (N_("This is too large"), N_("What you sent is larger than what is taken here.")),
    415: (N_("This could not be read"), N_("The form came in a way that is not known here.")),
    422: (N_("This could not be saved"), N_("Something in the form does not fit. Go back and try again.")),
    429: (N_("Too many requests"), N_("Please wait a little, then try again.")),
    500: (N_("Something went wrong here"), N_("It is not your fault. Please tell the office the id below.")),
    503: (N_("The office cannot answer now"), N_("Please try again in a little while.")),
}  # fmt: skip
_NOT_SET_UP: Final = (
    N_("This office is not set up yet"),
    N_(
        "Whoever runs the server finds the link for setting it up in its first lines of output, "
        "or gets a new one with “sealwright setup-link”."
    ),
)
_FOREIGN: Final = N_(
    "The form did not come from a page of this office, or that page is too old. Load it again and repeat what you did."
)


def refusal_page(page: PageCall, error: Exception, *, alone: bool = False) -> Reply:
    """Turn an error into a page, or into a fragment where one was asked for.

    Args:
        alone: True to show it without asking the store for what stands around it.
    """
    refusal = _refusal_of(page, error)
    headers = list(error.headers) if isinstance(error, TransportRefused) else []
    if isinstance(error, RateLimitExceeded):
        headers.append((b"retry-after", b"%d" % error.retry_after_seconds))
    elif refusal.status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    if alone:
        page.signed_in, page.asks_store = None, False
    page.headers.extend(headers)
    return page.render(TEMPLATE, partial="fragment", status=refusal.status, refusal=refusal)


def _refusal_of(page: PageCall, error: Exception) -> Refusal:
    problem = problem_for(error)
    title, sentence = _BY_STATUS.get(problem.status, _BY_STATUS[500 if problem.status >= 500 else 400])
    detail: str | None = None
    acts: tuple[tuple[str, str], ...] = ((page._(N_("To the start page")), "/"),)
    if isinstance(error, SetupRequired):
        title, sentence = _NOT_SET_UP
        acts = ()
    elif isinstance(error, NotSignedIn):
        acts = ((page._(N_("Sign in")), "/login"), *acts)
    elif isinstance(error, CsrfFailed):
        sentence = _FOREIGN
    elif isinstance(error, RoleRequired):
        return _role_refusal(page, problem.code, title)
    elif problem is not INTERNAL and isinstance(error, DomainError) and problem.status not in {404, 503}:
        detail = refusal_words(page.texts, error)
    return Refusal(
        page._(title), page._(sentence), detail, acts, problem.code, problem.status, page.exchange.request_id
    )


def _role_refusal(page: PageCall, code: str, title: str) -> Refusal:
    roles = page.route.audience.roles
    sentence = (
        page._("This page needs the account role %(role)s, which you do not have.", role=page._(ROLE_NAMES[roles[0]]))
        if len(roles) == 1
        else page._("This needs an account role that you do not have.")
    )
    acts = ((page._("Request access"), REQUEST_ACCESS), (page._("To the start page"), "/"))
    return Refusal(page._(title), sentence, None, acts, code, 403, page.exchange.request_id)
