"""What the desks of workflows need from storage, as protocols.

Locks are taken in this order: registry epoch, a person's grants, series (by id), workflows (by id), proposals,
payouts, counters, audit head.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sealwright.domain.payouts import Payout, PayoutStatus
from sealwright.domain.series import Series
from sealwright.domain.votes import Proposal, ProposalKind, ProposalStatus, Vote
from sealwright.domain.workflows import AbsencePeriod, SeriesClaim, StepClaim, Workflow, WorkflowStatus
from sealwright.services.desk_ports import NumberedPage


@dataclass(frozen=True, slots=True)
class WorkflowFilter:
    """Which instances a list shows; None means any. Deleted ones only where they are asked for by name."""

    status: WorkflowStatus | None = None
    proposer_id: str | None = None
    series_id: str | None = None
    search: str | None = None


class Workflows(Protocol):
    """Instances with their roles and steps. The feed's index and its counters follow each change by themselves."""

    def get(self, workflow_id: str) -> Workflow | None: ...
    def get_many(self, workflow_ids: Sequence[str]) -> Mapping[str, Workflow]: ...
    def get_for_update(self, workflow_id: str) -> Workflow | None:
        """The same, with the row locked until the unit of work ends; the series must be locked before."""

    def get_many_for_update(self, workflow_ids: Collection[str]) -> Mapping[str, Workflow]:
        """Locked by id, in order of ids."""

    def with_step(self, step_id: str) -> Workflow | None:
        """The instance that a step belongs to."""

    def series_of(self, workflow_ids: Collection[str]) -> frozenset[str]:
        """The ids of the series that instances belong to."""

    def add(self, workflow: Workflow) -> None: ...
    def update(self, before: Workflow, after: Workflow) -> None:
        """Replace a locked instance; only what differs is written. Raises VersionConflict."""

    def update_many(self, changes: Iterable[tuple[Workflow, Workflow]]) -> None:
        """The same for several, with few statements."""

    def list(self, wanted: WorkflowFilter, *, page: int, count: int) -> NumberedPage[Workflow]:
        """Newest first, with an exact total."""

    def of_series(self, series_id: str, *, limit: int) -> tuple[Workflow, ...]:
        """The newest instances of a series, newest first."""

    def open_of_series(self, series_id: str) -> tuple[str, ...]:
        """Ids of the instances of a series in which work can be done, or that are pending."""

    def opening(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Ids of open instances whose first step is locked by its row though the start time has come."""

    def untouched(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Ids of open instances, nothing of which is begun or done though the next interval has begun."""


class Claims(Protocol):
    """Who took what, ever."""

    def add(self, claim: StepClaim) -> None: ...
    def end(self, claim_ids: Collection[str], at: datetime, cause: str) -> None:
        """End claims that have not ended."""

    def get_many(self, claim_ids: Collection[str]) -> Mapping[str, StepClaim]: ...
    def of_workflow(self, workflow_id: str) -> tuple[StepClaim, ...]:
        """Oldest first, ended ones too."""

    def of_person(self, user_id: str, *, page: int, count: int) -> tuple[StepClaim, ...]:
        """One page of somebody's claims, newest first, ended ones too."""

    def dependent(self, user_id: str, credential_type: str) -> tuple[str, ...]:
        """Ids of open instances in which somebody has unfinished steps of roles that need a type; overrides too."""

    def workflows_held(self, user_id: str) -> tuple[str, ...]:
        """Ids of open instances in which somebody has an unfinished step, newest listed first."""

    def workflows_touched(self, user_id: str) -> tuple[str, ...]:
        """Ids of open instances in which somebody holds a role, or holds or has done a step."""

    def workflows_done(self, user_id: str, *, page: int, count: int) -> NumberedPage[str]:
        """Ids of instances in which somebody completed a step, latest completion first."""

    def pictures_of(self, user_id: str) -> Mapping[str, tuple[str, ...]]:
        """The pictures that somebody handed in: the ids of the instances where they stand, by attachment id."""


class SeriesRows(Protocol):
    """Series, the claims on their later instances, and absences."""

    def get(self, series_id: str) -> Series | None: ...
    def get_many(self, series_ids: Collection[str]) -> Mapping[str, Series]: ...
    def get_for_update(self, series_id: str) -> Series | None: ...
    def lock_many(self, series_ids: Collection[str]) -> None:
        """Lock several, in order of their ids."""

    def add(self, series: Series) -> None: ...
    def update(self, series: Series) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def claims(self, series_id: str) -> tuple[SeriesClaim, ...]:
        """Earliest first."""

    def claims_of(self, user_id: str) -> tuple[SeriesClaim, ...]: ...
    def add_claims(self, claims: Iterable[SeriesClaim]) -> None:
        """Those that exist already stay as they are."""

    def delete_claims(self, series_id: str, user_id: str, orders: Collection[int] | None) -> tuple[SeriesClaim, ...]:
        """Take somebody's claims away, all of them for None; gives what there was."""

    def drop_claims(self, claims: Collection[SeriesClaim]) -> None:
        """Take these claims away, of any series, with few statements."""

    def absences_of(self, user_id: str) -> tuple[AbsencePeriod, ...]:
        """By beginning."""

    def absences_in(self, series_id: str) -> tuple[AbsencePeriod, ...]: ...
    def put_absence(self, absence: AbsencePeriod) -> None:
        """Add, or replace by id."""

    def delete_absence(self, user_id: str, absence_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Ids of one page of a feed, newest listed first, and how many there are in all."""

    workflow_ids: tuple[str, ...]
    total: int


class Feed(Protocol):
    """Which open instances have a free role, by the needs of these roles. Holds no copy of grants."""

    def claimable(
        self, held: frozenset[str], *, but: Collection[str], also: Collection[str], page: int, count: int
    ) -> FeedPage:
        """One page of instances with a free role whose needs are met.

        Args:
            held: Credential types of which the person holds an active grant.
            but: Instances to leave out, whatever their needs: the person was judged there one by one.
            also: Instances to take in beside those, wherever they stand by date; none of them is counted twice.
            page: 1 for the first one.
        """

    def would_open(self, held: frozenset[str]) -> Mapping[str, int]:
        """For each type that is not held: how many instances have free roles that ask for it, and none met."""

    def free_roles(self, held: frozenset[str], *, asking_for: str) -> int:
        """How many free roles ask for a type, and are met by these types (that one included)."""


class Proposals(Protocol):
    """Proposals and their votes."""

    def get(self, proposal_id: str) -> Proposal | None: ...
    def get_many(self, proposal_ids: Sequence[str]) -> Mapping[str, Proposal]: ...
    def get_for_update(self, proposal_id: str) -> Proposal | None: ...
    def of_workflow(self, workflow_id: str, kind: ProposalKind) -> Proposal | None:
        """The newest one."""

    def founding(self, series_ids: Sequence[str]) -> Mapping[str, Proposal]:
        """The proposals by which series came about, by series id."""

    def add(self, proposal: Proposal) -> None:
        """Raises ProposalPendingExists: one pending a series and kind, for deletions a target; by a unique index."""

    def update(self, proposal: Proposal) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def list(
        self,
        *,
        status: ProposalStatus | None,
        kinds: Collection[ProposalKind],
        author_id: str | None,
        page: int,
        count: int,
    ) -> NumberedPage[Proposal]:
        """Pending ones oldest first, all else newest first."""

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Ids of pending ones that the clock closes."""

    def pending(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Ids of pending ones, by id, from behind one."""

    def votes(self, proposal_id: str) -> tuple[Vote, ...]: ...
    def votes_of_many(self, proposal_ids: Sequence[str]) -> Mapping[str, tuple[Vote, ...]]: ...
    def votes_by(self, voter_id: str) -> tuple[Vote, ...]:
        """All that somebody has cast, earliest first."""

    def put_vote(self, vote: Vote) -> None:
        """Add, or change one's own."""


@dataclass(frozen=True, slots=True)
class PayoutFilter:
    """Which obligations a list shows; None means any."""

    status: PayoutStatus | None = None
    payee_user_id: str | None = None
    workflow_id: str | None = None


class Payouts(Protocol):
    """Payout obligations."""

    def get(self, payout_id: str) -> Payout | None: ...
    def get_for_update(self, payout_id: str) -> Payout | None: ...
    def by_step(self, step_id: str) -> Payout | None: ...
    def of_steps(self, step_ids: Sequence[str]) -> tuple[Payout, ...]:
        """Those for some steps, oldest first."""

    def of_workflow(self, workflow_id: str) -> tuple[Payout, ...]:
        """Locked in a writing unit of work."""

    def add(self, payout: Payout) -> None:
        """One a step, by a unique index."""

    def update(self, payout: Payout) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def update_many(self, payouts: Collection[Payout]) -> None:
        """The same for several, with few statements."""

    def list(self, wanted: PayoutFilter, *, page: int, count: int) -> NumberedPage[Payout]:
        """Newest first, with an exact total."""

    def to_export(self, limit: int, status: PayoutStatus | None = None) -> tuple[Payout, ...]:
        """Owed and failed ones, or those of one of these states, oldest first, locked."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposer's unfinished workflow; `body` is the form as JSON text."""

    draft_id: str
    user_id: str
    title: str
    body: str
    updated_at: datetime


class Drafts(Protocol):
    """What proposers have not handed in yet."""

    def of_person(self, user_id: str) -> tuple[Draft, ...]:
        """Latest change first."""

    def get(self, user_id: str, draft_id: str) -> Draft | None: ...
    def put(self, draft: Draft) -> None: ...
    def delete(self, user_id: str, draft_id: str) -> bool: ...
