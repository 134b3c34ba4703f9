"""Proposals and votes: one pending a target, versions, and who is listed in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import UnknownCredentialType, VersionConflict
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import (
    Outcome,
    ProposalKind,
    ProposalStatus,
    SeriesEdit,
    Tally,
    TargetType,
    Vote,
    VoteDecision,
)
from sealwright.domain.work_errors import ProposalPendingExists
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.workflow_builders import add_types, plan, proposal, workflow

FLOW = workflow((), workflow_id="wfl_one", series_id="ser_one")
EDIT = SeriesEdit(plan(("degree",)), Recurrence.DAILY, NOW, NOW + timedelta(days=9))
PENDING = ProposalStatus.PENDING


@pytest.fixture(autouse=True)
def _types(units: UnitOfWorkFactory) -> None:
    add_types(units)


def _ids(uow: UnitOfWork, status: ProposalStatus | None = None, author_id: str | None = None) -> list[str]:
    found = uow.proposals.list(status=status, kinds=tuple(ProposalKind), author_id=author_id, page=1, count=9)
    assert found.total == len(found.items)
    return [one.proposal_id for one in found.items]


def test_a_proposal_comes_back_whole_and_moves_by_versions(units: UnitOfWorkFactory) -> None:
    one = proposal(FLOW, kind=ProposalKind.EDIT, edit=EDIT)
    closed = replace(
        one,
        status=ProposalStatus.APPROVED,
        quorum_reached_at=NOW,
        finalize_at=NOW,
        finalized_at=NOW,
        outcome=Outcome.FORCED,
        counted=Tally(2, 1, 5),
        forced_by="usr_admin",
        forced_reason="Urgent",
        version=2,
    )
    with units() as uow:
        uow.proposals.add(one)
        assert uow.proposals.get_for_update("prp_one") == one
        assert uow.proposals.get("prp_none") is None
        uow.proposals.update(closed)
        with pytest.raises(VersionConflict):
            uow.proposals.update(closed)
        assert uow.proposals.get_many(["prp_one", "prp_none"]) == {"prp_one": closed}
        assert uow.proposals.get_many([]) == {}


def test_an_edit_needs_types_that_there_are(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(UnknownCredentialType):
        uow.proposals.add(proposal(FLOW, kind=ProposalKind.EDIT, edit=SeriesEdit(plan(("ghost",)))))


def test_what_is_pending_keeps_out_another_of_its_target_only(units: UnitOfWorkFactory) -> None:
    deletion = proposal(FLOW, "prp_two", kind=ProposalKind.DELETION)
    allowed = [
        proposal(FLOW),
        proposal(FLOW, "prp_edit", kind=ProposalKind.EDIT),
        deletion,
        replace(deletion, proposal_id="prp_series", target_type=TargetType.SERIES),
        replace(deletion, proposal_id="prp_next", workflow_id="wfl_next"),
    ]
    refused = [
        proposal(replace(FLOW, workflow_id="wfl_next"), "prp_no"),
        proposal(replace(FLOW, workflow_id="wfl_next"), "prp_no", kind=ProposalKind.EDIT),
        replace(deletion, proposal_id="prp_no", author_id="usr_eve"),
        replace(deletion, proposal_id="prp_no", workflow_id="wfl_next", target_type=TargetType.SERIES),
    ]
    with units() as uow:
        for one in allowed:
            uow.proposals.add(one)
        for one in refused:
            with pytest.raises(ProposalPendingExists):
                uow.proposals.add(one)
        for one in allowed:
            uow.proposals.update(replace(one, status=ProposalStatus.EXPIRED, version=2))
        uow.proposals.add(refused[0])
        uow.commit()


def test_lists_have_their_order_and_the_clock_its_share(units: UnitOfWorkFactory) -> None:
    def at(minutes: int) -> dict[str, object]:
        return {"created_at": NOW + timedelta(minutes=minutes), "expires_at": NOW + timedelta(days=7 - minutes)}

    flows = [replace(FLOW, series_id=f"ser_{n}", workflow_id=f"wfl_{n}") for n in range(4)]
    made = [proposal(one, f"prp_{n}", **at(n)) for n, one in enumerate(flows)]
    made[2] = replace(made[2], finalize_at=NOW + timedelta(days=1))
    made[3] = replace(made[3], status=ProposalStatus.REJECTED, author_id="usr_eve")
    with units() as uow:
        for one in made:
            uow.proposals.add(one)
        later = proposal(flows[3], "prp_edit", kind=ProposalKind.EDIT, **at(5))
        uow.proposals.add(later)
        uow.commit()
    with units(write=False) as uow:
        assert _ids(uow) == ["prp_edit", "prp_3", "prp_2", "prp_1", "prp_0"]
        assert _ids(uow, PENDING) == ["prp_0", "prp_1", "prp_2", "prp_edit"]
        assert _ids(uow, ProposalStatus.REJECTED) == ["prp_3"]
        assert _ids(uow, author_id="usr_eve") == ["prp_3"]
        found = uow.proposals.list(status=None, kinds=[ProposalKind.EDIT], author_id=None, page=1, count=1)
        assert (found.items, found.total) == ((later,), 1)
        assert uow.proposals.due(NOW, 9) == ()
        assert uow.proposals.due(NOW + timedelta(days=6), 9) == ("prp_2", "prp_edit", "prp_1")
        assert uow.proposals.due(NOW + timedelta(days=6), 1) == ("prp_2",)
        assert uow.proposals.pending(after="", limit=2) == ("prp_0", "prp_1")
        assert uow.proposals.pending(after="prp_1", limit=9) == ("prp_2", "prp_edit")
        assert uow.proposals.of_workflow("wfl_3", ProposalKind.EDIT) == later
        assert uow.proposals.of_workflow("wfl_3", ProposalKind.DELETION) is None
        assert uow.proposals.founding(["ser_3", "ser_1", "ser_none"]) == {"ser_3": made[3], "ser_1": made[1]}
        assert uow.proposals.founding([]) == {}


def test_a_voter_has_one_vote_and_may_change_it(units: UnitOfWorkFactory) -> None:
    ada = Vote("prp_one", "usr_ada", VoteDecision.APPROVE, NOW, "Yes")
    eve = Vote("prp_one", "usr_eve", VoteDecision.DENY, NOW + timedelta(minutes=1))
    with units() as uow:
        uow.proposals.put_vote(ada)
        uow.proposals.put_vote(eve)
        assert uow.proposals.votes("prp_one") == (ada, eve)
        changed = replace(ada, decision=VoteDecision.DENY, comment=None, cast_at=NOW + timedelta(minutes=2))
        uow.proposals.put_vote(changed)
        assert uow.proposals.votes_of_many(["prp_one", "prp_two"]) == {"prp_one": (eve, changed), "prp_two": ()}
        assert uow.proposals.votes_of_many([]) == {}
