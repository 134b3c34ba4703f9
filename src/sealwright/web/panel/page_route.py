"""What a page route is: everything the page door does with a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sealwright.domain.people import AccountRole
from sealwright.locales import N_
from sealwright.web.panel.page_form import NO_FORM, Form
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

PageHandler = Callable[["PageCall"], "Reply | Awaitable[Reply]"]


class PageAudience(Enum):
    """Who gets in at the page door. What a person may do with a thing is asked again by the service."""

    ANYONE = "anyone; a session that is there is looked at"
    SETUP = "whoever holds the setup link, until the office is set up"
    SIGNED_IN = "any account"
    ISSUER = "issuers and admins"
    ADMIN = "admins"
    IMPROVER = "improvers and admins"
    PROPOSER = "proposers and admins"
    VOTER = "voters"
    DECIDER = "voters, proposers and admins"

    @property
    def roles(self) -> tuple[AccountRole, ...]:
        """The account roles any of which opens the page; none: no role is needed."""
        return _ROLES.get(self, ())

    @property
    def needs_session(self) -> bool:
        """Tell whether nobody gets in without signing in."""
        return self not in {PageAudience.ANYONE, PageAudience.SETUP}


_ROLES = {
    PageAudience.ISSUER: (AccountRole.ISSUER,),
    PageAudience.ADMIN: (AccountRole.ADMIN,),
    PageAudience.IMPROVER: (AccountRole.IMPROVER,),
    PageAudience.PROPOSER: (AccountRole.PROPOSER,),
    PageAudience.VOTER: (AccountRole.VOTER,),
    PageAudience.DECIDER: (AccountRole.VOTER, AccountRole.PROPOSER),
}

# What people are called by their account role; the words of badges and of refusals.
ROLE_NAMES = {
    AccountRole.ADMIN: N_("Admin"),
    AccountRole.ISSUER: N_("Issuer"),
    AccountRole.IMPROVER: N_("Improver"),
    AccountRole.PROPOSER: N_("Proposer"),
    AccountRole.VOTER: N_("Voter"),
}


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One method on one path.

    Args:
        method: GET or POST; HEAD goes with GET.
        path: With ``{name}`` for parameters.
        handler: A plain function runs in a thread and may block; a coroutine function runs on the loop.
        form: What a POST may carry beside the session's token; anything else is refused.
        query: What is read of the query; anything else is passed over, since links collect strangers' parameters.
        fresh: True where a sign-in of the last ten minutes is asked for.
        uploads: True where files may be sent; the body may then be as large as attachments are.
        body_bytes: Most bytes of a post, where that is another number.
        streams: True where the handler reads a file of rows as it comes (`file_form.py`), and checks the form's token.
        is_counted: False for what no rate limit counts (static files).
        quiet: True for what pages ask by themselves: such a call is no use of the session, so an open page ages it.
        uses_camera: True where the browser may be asked for its camera.
        before_setup: True for what answers before the office is set up.
        one_click: What answers a mail program that presses the button of a letter by itself (`one_click.py`): the one
            kind of post that no page of ours has sent.
    """

    method: str
    path: str
    audience: PageAudience
    handler: PageHandler
    form: Form = NO_FORM
    query: Form = NO_FORM
    fresh: bool = False
    uploads: bool = False
    body_bytes: int | None = None
    streams: bool = False
    is_counted: bool = True
    quiet: bool = False
    uses_camera: bool = False
    before_setup: bool = False
    one_click: PageHandler | None = None
    deadline_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.method not in {"GET", "POST"}:
            raise ValueError(f"{self.method} {self.path}: a page is asked for by GET or POST")
        if self.method == "GET" and self.form.fields:
            raise ValueError(f"{self.path}: a GET has a query, not a form")
        if self.quiet and self.method != "GET":
            raise ValueError(f"{self.path}: whoever posts is there")
