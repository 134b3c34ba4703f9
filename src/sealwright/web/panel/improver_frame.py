"""What the pages of an improver's work share: tabs with counts, what they hold, and refusals in their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from sealwright.domain.errors import DomainError
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.requests import RequestState
from sealwright.domain.work_errors import (
    Absent,
    MissingCredentials,
    NothingToRelease,
    NotStepHolder,
    RoleAlreadyHeld,
    StepAlreadyClaimed,
    StepNotAvailable,
    SubmissionIncomplete,
)
from sealwright.locales import N_
from sealwright.services.feed import FeedScope
from sealwright.web.panel.own_forms import answer
from sealwright.web.panel.paging import Paging
from sealwright.web.problems import problem_for

if TYPE_CHECKING:
    from sealwright.services.desk_ports import NumberedPage
    from sealwright.services.review_values import RequestView
    from sealwright.services.workflow_values import FeedView
    from sealwright.web.panel.page_call import PageCall, Toast
    from sealwright.web.reply import Reply

FEED: Final = "/improver"
STEPS: Final = "/improver/steps"
DONE: Final = "/improver/steps/done"
CREDENTIALS: Final = "/improver/credentials"
REQUESTS: Final = "/improver/requests"
NEW: Final = "/improver/requests/new"
WORKFLOWS: Final = "/improver/workflows"

_LACKS: Final = N_("This asks for %(types)s, of which you hold no valid grant now. Ask for it, or take other work.")
# What a refusal means to whoever works, and what to do about it.
_WORDS: Final[Mapping[type[DomainError], str]] = {
    StepAlreadyClaimed: N_(
        "Somebody else was faster: this work is taken. What is open to you now stands in your feed."
    ),
    RoleAlreadyHeld: N_("You have another workflow role here already, and one person takes one."),
    StepNotAvailable: N_("This step has moved on meanwhile, or is not open yet. Here is how it stands now."),
    Absent: N_("You are away then, by an absence of your own. Change it under My steps, or leave this one to others."),
    NotStepHolder: N_("This step is not yours, or not any more. Here is what you have now."),
    NothingToRelease: N_("There is nothing to give back: it is not yours any more."),
}


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody holds and has asked for, read once a call."""

    grants: tuple[Grant, ...]
    requests: tuple[RequestView, ...]

    @classmethod
    def of(cls, page: PageCall) -> Own:
        """Read the viewer's."""
        return cls(page.office.granting.own(page.caller), page.office.intake.own(page.caller))

    @property
    def pending(self) -> Mapping[str, str]:
        """The ids of requests that wait for their decision, by credential type."""
        return {
            view.request.credential_type: view.request.request_id
            for view in self.requests
            if view.request.state is RequestState.PENDING
        }

    def held(self, page: PageCall) -> frozenset[str]:
        """The types that count now."""
        return frozenset(one.credential_type for one in self.grants if one.status_at(page.now) is GrantStatus.ACTIVE)

    def newest(self, credential_type: str) -> Grant | None:
        """The newest grant of a type, whatever its state."""
        return next((one for one in self.grants if one.credential_type == credential_type), None)


Tab = tuple[str, str, int | None, bool]


def tabs_of(page: PageCall, current: str, own: Own, *, open_work: int | None = None) -> tuple[Tab, ...]:
    """The tabs, with how much stands behind each.

    Args:
        current: The path of the tab that is shown.
        open_work: How many workflows the feed has, where that is known already.
    """
    totals = page.office.feed.totals(page.caller)
    counted = (
        (page._("Feed"), FEED, totals.claimable if open_work is None else open_work),
        (page._("My steps"), STEPS, totals.assigned),
        (page._("My credentials"), CREDENTIALS, len(own.held(page))),
        (page._("Requests"), REQUESTS, len(own.pending)),
    )
    return tuple((label, href, count, href == current) for label, href, count in counted)


def paging_of(page: PageCall, path: str, found: FeedView | NumberedPage[Any]) -> Paging:
    """Where in a list one is; its pages stand at `path`, also when a post of another address shows it again."""

    def href(**changes: object) -> str:
        pairs = [(name, value) for name, value in page.query.pairs() if name not in changes]
        pairs += [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    return Paging(found.page, found.count, found.total, href)


def scope_of(page: PageCall) -> FeedScope:
    """What a feed shows: what an improver may claim; admins who are none see all."""
    return FeedScope.CLAIMABLE if page.person.is_improver else FeedScope.ALL


def attempt(
    page: PageCall,
    again: Callable[[int], Reply],
    act: Callable[[], tuple[str, Toast | None]],
    labels: Callable[[str], str],
    *,
    faults: Callable[[SubmissionIncomplete], None] | None = None,
) -> Reply:
    """Carry out a post; what is refused is told on the page that `again` renders, in words that help on.

    Args:
        again: Renders a page under a status.
        act: Does the work; gives where to go, and the toast to say there.
        labels: What a credential type is called.
        faults: Ties what is wrong with handed-in work to the fields of its form.
    """

    def told() -> Reply:
        try:
            return page.done(*act())
        except MissingCredentials as error:
            lacking = error.extra.get("missing")
            types = ", ".join(labels(str(one)) for one in lacking) if isinstance(lacking, (list, tuple)) else "?"
            page.form.fail("", _LACKS, types=types)
            return again(422)
        except tuple(_WORDS) as error:
            page.form.fail("", _WORDS[type(error)])
            status = problem_for(error).status
            return again(status if status == 409 else 422)
        except SubmissionIncomplete as error:
            if faults is None:
                raise
            faults(error)
            return again(422)

    return answer(page, again, told)
