"""The rules of deciding: who wins, what needs a note, what two people must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.deciding import (
    Decision,
    Move,
    Step,
    TypeRules,
    decide,
    free_text,
    may_review,
    read_verdict,
    undo,
    undo_until,
    withdraw,
)
from sealwright.domain.errors import (
    InvalidDecision,
    MalformedBody,
    MissingMember,
    PreconditionFailed,
    SelfDecision,
    StateConflict,
    VersionConflict,
)
from sealwright.domain.people import AccountRole, Person, UserId
from sealwright.domain.requests import CredentialRequest, RequestState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
APPROVED, REJECTED, PENDING = RequestState.APPROVED, RequestState.REJECTED, RequestState.PENDING
WITHDRAWN = RequestState.WITHDRAWN
TWO = TypeRules(two_person=True)


def request(state: RequestState = PENDING, version: int = 1, **more: object) -> CredentialRequest:
    decided = state in (APPROVED, REJECTED)
    members: dict[str, object] = {
        "request_id": "req_1",
        "user_id": "usr_asker",
        "credential_type": "dpw_certified",
        "state": state,
        "requested_at": NOW - timedelta(days=1),
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW - timedelta(days=1),
        "version": version,
        "resolved_at": NOW - timedelta(hours=1) if decided else None,
        "resolved_by": "usr_first" if decided else None,
        **more,
    }
    return CredentialRequest(**members)  # type: ignore[arg-type]


def judged(
    before: CredentialRequest, to: RequestState, *, by: str = "usr_r", rules: TypeRules | None = None, **more: object
) -> Move | None:
    decision = Decision("req_1", to, **more)  # type: ignore[arg-type]
    return decide(before, decision, reviewer=by, rules=rules or TypeRules(), now=NOW)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("approved", APPROVED),
        ("Approve", APPROVED),
        ("REJECTED", REJECTED),
        ("reject", REJECTED),
        ("denied", REJECTED),
        ("Deny", REJECTED),
        ("pending", PENDING),
    ],
)
def test_words_of_decisions(word: str, state: RequestState) -> None:
    assert read_verdict(word) is state


@pytest.mark.parametrize("word", ["", "withdrawn", "approved ", "yes", "аpproved", "PENDİNG", "all"])
def test_other_words_are_no_decision(word: str) -> None:
    with pytest.raises(InvalidDecision):
        read_verdict(word)


def test_nobody_else_withdraws() -> None:
    with pytest.raises(InvalidDecision):
        Decision("req_1", WITHDRAWN)


@pytest.mark.parametrize(
    ("before", "to", "step"),
    [
        (PENDING, APPROVED, Step.APPROVE),
        (PENDING, REJECTED, Step.REJECT),
        (REJECTED, APPROVED, Step.APPROVE),
        (REJECTED, PENDING, Step.REOPEN),
        (APPROVED, REJECTED, Step.REJECT),
        (APPROVED, PENDING, Step.REOPEN),
    ],
)
def test_every_move_raises_the_version_and_writes_history(before: RequestState, to: RequestState, step: Step) -> None:
    move = judged(request(before, 4), to, note="because", expected_version=4)
    assert move is not None
    assert (move.step, move.after.state, move.after.version) == (step, to, 5)
    assert (move.entry.from_state, move.entry.to_state, move.entry.actor, move.entry.note) == (
        before,
        to,
        "usr_r",
        "because",
    )
    assert move.leaves_approved is (before is APPROVED)
    resolved = ("usr_r", NOW) if to is not PENDING else (None, None)
    assert (move.after.resolved_by, move.after.resolved_at) == resolved


def test_own_requests_are_refused_before_anything_is_told() -> None:
    with pytest.raises(SelfDecision):
        judged(request(APPROVED, 7), REJECTED, by="usr_asker", expected_version=1)


@pytest.mark.parametrize("state", [APPROVED, REJECTED])
def test_without_a_version_only_what_waits_is_decided(state: RequestState) -> None:
    with pytest.raises(VersionConflict) as refused:
        judged(request(state, 2), REJECTED, note="no")
    assert refused.value.extra == {"current": {"status": state.value, "version": 2, "resolved_by": "usr_first"}}
    assert judged(request(PENDING, 9), REJECTED, note="no") is not None


def test_another_version_conflicts_by_the_way_it_was_named() -> None:
    with pytest.raises(VersionConflict) as conflict:
        judged(request(PENDING, 3), APPROVED, expected_version=2)
    with pytest.raises(PreconditionFailed) as failed:
        judged(request(PENDING, 3), APPROVED, if_match=2)
    current = {"current": {"status": "pending", "version": 3, "resolved_by": None}}
    assert conflict.value.extra == failed.value.extra == current


@pytest.mark.parametrize("state", [PENDING, APPROVED, REJECTED])
def test_the_state_already_held_is_no_move(state: RequestState) -> None:
    assert judged(request(state, 3), state, expected_version=3) is None


def test_a_withdrawn_request_is_final() -> None:
    for named in ({}, {"expected_version": 2}):
        with pytest.raises(StateConflict):
            judged(request(WITHDRAWN, 2), APPROVED, **named)


@pytest.mark.parametrize(
    ("before", "to"), [(PENDING, REJECTED), (APPROVED, REJECTED), (APPROVED, PENDING), (REJECTED, PENDING)]
)
@pytest.mark.parametrize("note", [None, "", "  \n"])
def test_a_note_is_needed_to_reject_and_to_leave_approved(
    before: RequestState, to: RequestState, note: str | None
) -> None:
    if (before, to) == (REJECTED, PENDING):
        assert judged(request(before, 2), to, note=note, expected_version=2) is not None
        return
    with pytest.raises(MissingMember) as missing:
        judged(request(before, 2), to, note=note, expected_version=2)
    assert [(fault.pointer, fault.code) for fault in missing.value.faults] == [("/note", "MISSING_FIELD")]


def test_a_type_may_want_a_note_for_approving() -> None:
    rules = TypeRules(approval_note_required=True)
    with pytest.raises(MissingMember):
        judged(request(), APPROVED, rules=rules)
    assert judged(request(), APPROVED, rules=rules, note="seen the papers") is not None


def test_two_people_approve_where_the_type_says_so() -> None:
    first = judged(request(), APPROVED, by="usr_one", rules=TWO)
    assert first is not None
    assert (first.step, first.after.state, first.after.endorsed_by) == (Step.ENDORSE, PENDING, "usr_one")
    assert (first.entry.cause, first.after.version, first.after.resolved_by) == ("endorsed", 2, None)
    with pytest.raises(StateConflict):
        judged(first.after, APPROVED, by="usr_one", rules=TWO)
    second = judged(first.after, APPROVED, by="usr_two", rules=TWO)
    assert second is not None
    assert (second.step, second.after.state, second.after.endorsed_by) == (Step.APPROVE, APPROVED, "usr_one")


def test_an_endorsement_lapses_with_its_endorser() -> None:
    endorsed = request(endorsed_by="usr_one")
    lapsed = TypeRules(two_person=True, endorser_stands=False)
    again = judged(endorsed, APPROVED, by="usr_two", rules=lapsed)
    assert again is not None
    assert (again.step, again.after.endorsed_by) == (Step.ENDORSE, "usr_two")


def test_rejecting_forgets_the_endorsement() -> None:
    move = judged(request(endorsed_by="usr_one"), REJECTED, rules=TWO, note="no")
    assert move is not None
    assert move.after.endorsed_by is None


def test_a_decision_keeps_the_note_and_drops_the_mark() -> None:
    move = judged(request(needs_info=True, note="old", message="older"), APPROVED, message="welcome")
    assert move is not None
    assert (move.after.needs_info, move.after.note, move.after.message) == (False, "old", "welcome")


@pytest.mark.parametrize("state", [PENDING, APPROVED])
def test_words_told_at_an_earlier_step_are_no_reason_for_this_one(state: RequestState) -> None:
    move = judged(request(state, message="Welcome"), REJECTED, note="expired", expected_version=1)
    assert move is not None
    assert move.after.message is None


def test_undoing_takes_the_words_of_the_decision_back() -> None:
    assert undo(request(REJECTED, message="Too late"), reviewer="usr_first", now=NOW).after.message is None


def test_texts_are_bounded() -> None:
    assert free_text("x" * 2_000, "/note") is not None
    for text in ("x" * 2_001, "a\0b"):
        with pytest.raises(MalformedBody) as malformed:
            Decision("req_1", APPROVED, note=text)
        assert malformed.value.faults[0].pointer == "/note"


def test_undo_is_for_the_own_last_decision_within_the_window() -> None:
    window = timedelta(seconds=10)
    move = judged(request(), APPROVED)
    assert move is not None

    def until(by: str = "usr_r", now: datetime = NOW, after: CredentialRequest = move.after) -> datetime | None:
        return undo_until(after, move.entry, reviewer=by, window=window, now=now)

    assert until() == NOW + window
    assert until(now=NOW + timedelta(seconds=9)) == NOW + window
    assert until(now=NOW + window) is None
    assert until(by="usr_other") is None
    assert until(after=replace(move.after, state=REJECTED)) is None
    assert undo_until(move.after, None, reviewer="usr_r", window=window, now=NOW) is None
    undone = undo(move.after, reviewer="usr_r", now=NOW)
    assert (undone.after.state, undone.after.version, undone.entry.cause) == (PENDING, 3, "undone")
    assert (undone.after.resolved_by, undone.after.endorsed_by) == (None, None)


@pytest.mark.parametrize("to", [REJECTED, PENDING])
def test_leaving_approved_cannot_be_undone(to: RequestState) -> None:
    move = judged(request(APPROVED, 2), to, note="no", expected_version=2)
    assert move is not None
    assert undo_until(move.after, move.entry, reviewer="usr_r", window=timedelta(seconds=10), now=NOW) is None


def test_withdrawing() -> None:
    move = withdraw(request(needs_info=True, endorsed_by="usr_one"), now=NOW)
    assert move is not None
    after, entry = move
    assert (after.state, after.version, after.needs_info, after.endorsed_by) == (WITHDRAWN, 2, False, None)
    assert (entry.actor, entry.from_state, entry.to_state) == ("usr_asker", PENDING, WITHDRAWN)
    assert withdraw(after, now=NOW) is None
    with pytest.raises(StateConflict):
        withdraw(request(APPROVED), now=NOW)


def test_reviewers_are_admins_and_issuers_within_their_scope() -> None:
    def person(*roles: AccountRole, scopes: tuple[str, ...] = (), active: bool = True) -> Person:
        return Person(UserId("usr_p"), "p@example.org", True, "P", frozenset(roles), NOW, active=active, scopes=scopes)

    scope = ("dpw_certified",)
    assert may_review(person(AccountRole.ISSUER, scopes=scope), "dpw_certified")
    assert may_review(person(AccountRole.ADMIN), "dpw_certified")
    assert not may_review(person(AccountRole.ISSUER, scopes=scope), "sfluv_verifier")
    assert not may_review(person(AccountRole.IMPROVER, scopes=scope), "dpw_certified")
    assert not may_review(person(AccountRole.ADMIN, active=False), "dpw_certified")
