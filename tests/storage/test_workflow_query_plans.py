"""What is asked of workflows is found by an index, at a size where the planner has a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.payouts import PayoutStatus
from sealwright.domain.votes import Proposal, ProposalKind, ProposalStatus, Vote, VoteDecision
from sealwright.domain.workflows import AbsencePeriod, SeriesClaim, Submission, Workflow, WorkflowStatus
from sealwright.domain.working import claim_role, complete_step, start_step
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_ports import Draft, PayoutFilter, WorkflowFilter
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.engines import Database
from sealwright.storage.feed_index import entries_of
from sealwright.storage.feed_recount import mend_feed
from sealwright.storage.transaction import open_transaction
from sealwright.storage.workflow_rows import role_values, step_values, workflow_values
from sealwright.storage.workflow_tables import workflow_roles, workflow_steps, workflows
from tests.storage.builders import NOW, grant
from tests.storage.explaining import Explainer
from tests.storage.workflow_builders import TYPES, add_types, claim, listed, payout, proposal, series

FLOWS = 2400
# What stays small, and is read whole on purpose.
SMALL = {"feed_combinations", "requirement_sets", "wanted", "json_each"}
LATER = NOW + timedelta(days=300)


def _flow(number: int) -> Workflow:
    """One of an old office: most are over, some are open, few are somebody's."""
    at = NOW + timedelta(minutes=number)
    needs = ((TYPES[number % 4],), (TYPES[number % 3], TYPES[3]), ())
    one = listed(*needs, at=at, start_at=at + timedelta(days=1) if number % 50 else LATER, next_start_at=LATER)
    one = replace(one, workflow_id=f"wfl_{number}", series_id=f"ser_{number // 3}", instance_no=number % 3)
    if number % 4 == 0:
        return replace(one, proposer_id=f"usr_{number % 600}")
    person = f"usr_{number % 600}"
    taken = claim_role(one, one.roles[2], person, f"clm_{number}", at).workflow
    begun = start_step(replace(taken, start_at=NOW), replace(taken.steps[0]), LATER).workflow
    done = complete_step(begun, begun.steps[0], Submission(), at).workflow
    ended = WorkflowStatus.DELETED if number % 600 == 1 else WorkflowStatus.COMPLETED
    return replace(done, status=WorkflowStatus.IN_PROGRESS if number % 20 == 2 else ended)


def _proposals(flow: Workflow, number: int) -> Iterator[Proposal]:
    at = NOW + timedelta(minutes=number)
    state = ProposalStatus.PENDING if number % 100 == 0 else ProposalStatus.APPROVED
    usual = proposal(flow, f"prp_{number}", status=state, created_at=at, author_id=f"usr_{number % 60}")
    yield replace(usual, expires_at=at + timedelta(days=7))


def _fill(units: UnitOfWorkFactory, database: Database) -> None:
    flows = [_flow(number) for number in range(FLOWS)]
    with open_transaction(database, write=True) as transaction:
        RowWriter(workflows).write(transaction, [workflow_values(one) for one in flows])
        roles = [role_values(one, place, role) for one in flows for place, role in enumerate(one.roles)]
        RowWriter(workflow_roles).write(transaction, roles)
        RowWriter(workflow_steps).write(transaction, [step_values(one, step) for one in flows for step in one.steps])
        assert mend_feed(transaction) > len([entry for one in flows for entry in entries_of(one)])
        transaction.commit()
    add_types(units)
    with units() as uow:
        for number, flow in enumerate(flows[:800]):
            person = f"usr_{number % 60}"
            uow.series.add(series(f"ser_{number}", ()))
            uow.series.add_claims([SeriesClaim(f"ser_{number}", 1, person, NOW)])
            uow.series.put_absence(AbsencePeriod(f"abs_{number}", person, f"ser_{number}", 1, NOW, LATER))
            for one in _proposals(replace(flow, series_id=f"ser_{number}"), number):
                uow.proposals.add(one)
                uow.proposals.put_vote(Vote(one.proposal_id, person, VoteDecision.DENY, NOW))
            uow.claims.add(claim(flow, number % 3, person, claim_id=f"clm_{number}"))
            paid = PayoutStatus.OWED if number % 200 == 0 else PayoutStatus.SETTLED
            uow.payouts.add(payout(flow, payout_id=f"pay_{number}", payee_user_id=person, status=paid))
            uow.drafts.put(Draft(f"drf_{number}", person, "", "{}", NOW))
            uow.grants.add(grant(f"grt_{number}", f"usr_{number}"))
        uow.commit()


def _asked(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    held = frozenset({"degree", "nurse"})
    near = [f"wfl_{n}" for n in range(10)]

    def feed(page: int) -> Callable[[], Any]:
        return lambda: uow.feed.claimable(held, but=near, also=near[:2], page=page, count=20)

    def listed_by(**members: Any) -> Callable[[], Any]:
        return lambda: uow.workflows.list(WorkflowFilter(**members), page=1, count=20)

    return {
        "a feed": feed(1),
        "a deep page of a feed": feed(3),
        "one instance": lambda: uow.workflows.get("wfl_7"),
        "a page of instances": lambda: uow.workflows.get_many(near),
        "the instance of a step": lambda: uow.workflows.with_step("stp_7"),
        "instances of a series": lambda: uow.workflows.of_series("ser_7", limit=3),
        "open instances of a series": lambda: uow.workflows.open_of_series("ser_7"),
        "instances of a proposer": listed_by(proposer_id="usr_4"),
        "deleted instances": listed_by(status=WorkflowStatus.DELETED),
        "instances that open": lambda: uow.workflows.opening(NOW + timedelta(days=1), 10),
        "untouched instances": lambda: uow.workflows.untouched(NOW, 10),
        "what depends on a grant": lambda: uow.claims.dependent("usr_2", "degree"),
        "what somebody holds": lambda: uow.claims.workflows_held("usr_2"),
        "what somebody touched": lambda: uow.claims.workflows_touched("usr_2"),
        "what somebody has done": lambda: uow.claims.workflows_done("usr_2", page=1, count=5),
        "claims of an instance": lambda: uow.claims.of_workflow("wfl_7"),
        "steps done of late": lambda: uow.figures.steps_completed(TYPES, LATER, LATER + timedelta(days=1)),
        "claims of somebody": lambda: uow.claims.of_person("usr_7", page=1, count=5),
        "some claims": lambda: uow.claims.get_many({"clm_7", "clm_8"}),
    }


def _asked_beside(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    def voted(status: ProposalStatus | None, author: str | None) -> Callable[[], Any]:
        kinds = tuple(ProposalKind)
        return lambda: uow.proposals.list(status=status, kinds=kinds, author_id=author, page=1, count=5)

    return {
        "claims on a series": lambda: uow.series.claims("ser_7"),
        "somebody's claims on series": lambda: uow.series.claims_of("usr_7"),
        "absences from a series": lambda: uow.series.absences_in("ser_7"),
        "somebody's absences": lambda: uow.series.absences_of("usr_7"),
        "pending proposals": voted(ProposalStatus.PENDING, None),
        "proposals of an author": voted(None, "usr_7"),
        "a proposal of an instance": lambda: uow.proposals.of_workflow("wfl_7", ProposalKind.WORKFLOW),
        "proposals that series came from": lambda: uow.proposals.founding(["ser_7", "ser_8"]),
        "due proposals": lambda: uow.proposals.due(NOW, 5),
        "all that is pending": lambda: uow.proposals.pending(after="prp_2", limit=5),
        "votes": lambda: uow.proposals.votes_of_many(["prp_7", "prp_8"]),
        "payouts of somebody": lambda: uow.payouts.list(PayoutFilter(payee_user_id="usr_7"), page=1, count=5),
        "owed payouts": lambda: uow.payouts.list(PayoutFilter(status=PayoutStatus.OWED), page=1, count=5),
        "payouts of an instance": lambda: uow.payouts.of_workflow("wfl_7"),
        "payouts to export": lambda: uow.payouts.to_export(5),
        "drafts of somebody": lambda: uow.drafts.of_person("usr_7"),
        "active grants": lambda: uow.grants.active("usr_7", NOW),
        "grants to lock": lambda: uow.grants.lock_held("usr_7", ["degree", "nurse"]),
    }


def test_nothing_asked_of_workflows_reads_a_whole_table(
    database: Database, units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(units, database)
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    explainer = Explainer(database, texts=monkeypatch)
    found: dict[str, list[str]] = {}
    with units(write=False) as uow:
        for name, act in {**_asked(uow), **_asked_beside(uow)}.items():
            scans = [scan for scan in explainer.scans(act) if scan.split()[1] not in SMALL]
            if scans:
                found[name] = scans
    assert found == {}
