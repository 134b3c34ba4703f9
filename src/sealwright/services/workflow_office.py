"""The desks of workflows, joined: proposing, voting, claiming, working, and what grants and the clock do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sealwright.services.access_check import AccessDesk
from sealwright.services.claiming import ClaimingDesk
from sealwright.services.departures import WorkDepartures
from sealwright.services.feed import FeedDesk
from sealwright.services.grant_losses import GrantLosses
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.notices import NoticeDesk
from sealwright.services.payouts import PayoutDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.proposing import ProposingDesk
from sealwright.services.registry import Registry
from sealwright.services.series_desk import SeriesDesk
from sealwright.services.step_work import StepDesk
from sealwright.services.tasks import Tasks
from sealwright.services.voting import VotingDesk
from sealwright.services.workflow_admin import WorkflowAdmin
from sealwright.services.workflow_clock import WorkflowClock
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_releases import Releases


@dataclass(frozen=True, slots=True)
class WorkGround:
    """The engines of work, which acts on grants and accounts ask too."""

    units: UnitOfWorkFactory
    notices: NoticeDesk
    clock: Clock
    moves: WorkflowMoves
    releases: Releases
    losses: GrantLosses
    departures: WorkDepartures


def begin_work(units: UnitOfWorkFactory, notices: NoticeDesk, clock: Clock) -> WorkGround:
    """Build the engines of work."""
    moves = WorkflowMoves(notices, clock)
    releases = Releases(moves=moves, notices=notices, clock=clock)
    return WorkGround(
        units=units,
        notices=notices,
        clock=clock,
        moves=moves,
        releases=releases,
        losses=GrantLosses(releases=releases, clock=clock),
        departures=WorkDepartures(releases=releases),
    )


@dataclass(frozen=True, slots=True)
class Work:
    """The desks of workflows, and what the clock does for them."""

    proposing: ProposingDesk
    voting: VotingDesk
    workflow_admin: WorkflowAdmin
    claiming: ClaimingDesk
    step_work: StepDesk
    feed: FeedDesk
    series_desk: SeriesDesk
    payouts: PayoutDesk
    access_check: AccessDesk
    clock: WorkflowClock

    def join(self, tasks: Tasks, every: timedelta) -> None:
        """Let the clock open, skip and close what is due."""
        tasks.add("open steps", self.clock.open_due, every, look=_opens)
        tasks.add("skip workflows", self.clock.skip_due, every, look=_is_untouched)
        # Whether voters came or went is known to no row: the work itself looks.
        tasks.add("close votes", self.voting.close_due, every)


def join_workflows(
    ground: WorkGround,
    *,
    registry: Registry,
    grant_moves: GrantMoves,
    countdown: timedelta,
    lifetime: timedelta,
    code_of: Callable[[Exception], str],
) -> Work:
    """Build the desks.

    Args:
        countdown: From a quorum to the count.
        lifetime: Of a proposal without a quorum.
        code_of: Gives the stable code of a refusal, for answers that explain themselves.
    """
    units, moves, notices, clock = ground.units, ground.moves, ground.notices, ground.clock
    payouts = PayoutDesk(units=units, moves=moves, clock=clock)
    return Work(
        proposing=ProposingDesk(
            units=units, moves=moves, notices=notices, clock=clock, countdown=countdown, lifetime=lifetime
        ),
        voting=VotingDesk(units=units, moves=moves, notices=notices, clock=clock, countdown=countdown),
        workflow_admin=WorkflowAdmin(units=units, moves=moves, clock=clock),
        claiming=ClaimingDesk(moves=moves, grant_moves=grant_moves, clock=clock),
        step_work=StepDesk(moves=moves, grant_moves=grant_moves, payouts=payouts, clock=clock),
        feed=FeedDesk(units=units, clock=clock),
        series_desk=SeriesDesk(units=units, moves=moves, releases=ground.releases, clock=clock),
        payouts=payouts,
        access_check=AccessDesk(units=units, registry=registry, clock=clock, code_of=code_of),
        clock=WorkflowClock(units=units, moves=moves, clock=clock),
    )


def _opens(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.workflows.opening(now, 1))


def _is_untouched(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.workflows.untouched(now, 1))
