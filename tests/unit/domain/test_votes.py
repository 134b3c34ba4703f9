"""Votes: every row of the contract's table, for every number of voters that makes a difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.votes import (
    Outcome,
    Proposal,
    ProposalKind,
    ProposalStatus,
    Tally,
    Verdict,
    Vote,
    VoteDecision,
    countdown_from,
    judge,
    tally,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
APPROVE, DENY = VoteDecision.APPROVE, VoteDecision.DENY
PENDING = Proposal("prp_1", ProposalKind.WORKFLOW, "wfl_1", "ser_1", "usr_author", NOW, NOW + 14 * DAY)
COUNTING = replace(PENDING, quorum_reached_at=NOW, finalize_at=NOW + DAY)
APPROVED = Verdict(ProposalStatus.APPROVED, Outcome.MAJORITY)
REJECTED = Verdict(ProposalStatus.REJECTED, Outcome.MAJORITY)


def vote(voter: str, decision: VoteDecision = APPROVE) -> Vote:
    return Vote("prp_1", voter, decision, NOW)


@pytest.mark.parametrize(
    ("voters", "quorum", "majority"), [(1, 1, 1), (2, 1, 2), (3, 2, 2), (4, 2, 3), (5, 3, 3), (6, 3, 4), (7, 4, 4)]
)
def test_a_quorum_is_half_rounded_up_and_a_majority_more_than_half(voters: int, quorum: int, majority: int) -> None:
    for approve in range(voters + 1):
        for deny in range(voters + 1 - approve):
            count = Tally(approve, deny, voters)
            assert count.quorum_threshold == quorum
            assert count.has_quorum == (approve + deny >= quorum)
            decided = judge(PENDING, count, NOW)
            if approve >= majority:
                assert decided == APPROVED
            elif deny >= majority:
                assert decided == REJECTED
            else:
                assert decided == Verdict(starts_countdown=count.has_quorum)


def test_without_voters_there_is_no_quorum_and_no_majority() -> None:
    nobody = Tally(0, 0, 0)
    assert (nobody.has_quorum, nobody.majority, nobody.quorum_threshold) == (False, None, 0)
    assert judge(PENDING, nobody, NOW) == Verdict()
    assert judge(PENDING, nobody, PENDING.expires_at) == Verdict(ProposalStatus.EXPIRED, Outcome.NO_QUORUM)


def test_a_countdown_ends_by_more_approvals_than_denials_and_a_tie_rejects() -> None:
    last = NOW + DAY
    for approve, deny, status in (
        (2, 1, ProposalStatus.APPROVED),
        (1, 1, ProposalStatus.REJECTED),
        (1, 2, ProposalStatus.REJECTED),
        # Everybody who voted has left: nothing speaks for it.
        (0, 0, ProposalStatus.REJECTED),
    ):
        count = Tally(approve, deny, 6)
        assert judge(COUNTING, count, last - timedelta(seconds=1)) == Verdict()
        assert judge(COUNTING, count, last) == Verdict(status, Outcome.COUNTDOWN)


def test_a_countdown_starts_once_and_outlives_the_life_of_the_proposal() -> None:
    late = replace(PENDING, quorum_reached_at=NOW + 13 * DAY, finalize_at=NOW + 14 * DAY + timedelta(hours=1))
    assert judge(late, Tally(2, 1, 6), NOW + 14 * DAY) == Verdict()
    assert late.due_at == late.finalize_at
    assert PENDING.due_at == PENDING.expires_at
    assert replace(late, status=ProposalStatus.APPROVED).due_at is None
    assert countdown_from(NOW, DAY) == NOW + DAY


def test_a_majority_decides_though_a_countdown_runs() -> None:
    assert judge(COUNTING, Tally(4, 0, 6), NOW) == APPROVED
    assert judge(COUNTING, Tally(0, 4, 6), NOW) == REJECTED


def test_without_a_quorum_it_expires_at_the_end_of_its_life() -> None:
    count = Tally(2, 0, 5)
    assert judge(PENDING, count, PENDING.expires_at - timedelta(seconds=1)) == Verdict()
    assert judge(PENDING, count, PENDING.expires_at) == Verdict(ProposalStatus.EXPIRED, Outcome.NO_QUORUM)


def test_only_votes_of_those_who_may_vote_now_count() -> None:
    votes = [vote("a"), vote("b", DENY), vote("left"), vote("usr_author")]
    assert tally(votes, {"a", "b", "c"}) == Tally(1, 1, 3)
    assert tally(votes, set()) == Tally(0, 0, 0)
    assert tally([], {"a"}) == Tally(0, 0, 1)
