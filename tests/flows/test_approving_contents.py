"""Who approves that something is signed or filed approves exactly that, and nothing else in its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sealwright.domain.delegation_errors import ApprovalRequired, DelegationNotFound
from sealwright.domain.delegations import FILED, SIGNED, Approval, ApprovalState
from sealwright.domain.errors import MalformedBody
from sealwright.services import authorizing
from sealwright.services.act_contents import REQUESTING
from sealwright.services.acting import Footing
from sealwright.services.approving import CONTENT_BYTES_MOST, ApprovalWish
from sealwright.services.delegation_clock import DelegationClock
from sealwright.services.delegation_guard import ISSUING
from sealwright.services.office import Office
from sealwright.services.review_values import NewRequest
from sealwright.vc.encoding.jcs import canonicalize_json
from tests.support.acting import Cast
from tests.support.desk import DPW, VERIFIER, act
from tests.support.office import DEGREE_CLAIMS, MovableClock, degree_request
from tests.support.review import audit_rows

LIMITS = {"requireApproval": True}


@pytest.fixture
def cast(office: Office) -> Cast:
    """Everybody in these stories."""
    return Cast(office)


def wish_of(cast: Cast, **changes: Any) -> ApprovalWish:
    """The question whether a degree may be issued."""
    return replace(ApprovalWish(cast.agent, ISSUING, {}, credential=degree_request(holder_did=cast.holder)), **changes)


def faults(refused: pytest.ExceptionInfo[MalformedBody]) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in refused.value.faults]


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": {"degree": {**DEGREE_CLAIMS["degree"], "university": "Elsewhere"}}},
        {"expiration": datetime(2031, 1, 1, tzinfo=UTC)},
        {"expiration": None},
        {"revocable": False},
        {"suspendable": True},
        {"proof_type": "eddsa-rdfc-2022"},
    ],
    ids=["claims", "later", "endless", "for good", "pausable", "proof"],
)
def test_nothing_but_what_was_approved_is_signed(cast: Cast, changes: dict[str, Any]) -> None:
    made = cast.delegate(constraints=LIMITS)
    approval = cast.approved(wish_of(cast))
    with pytest.raises(ApprovalRequired, match="another act"):
        cast.issue(degree_request(holder_did=cast.holder, **changes), approval_id=approval.approval_id)
    assert cast.counted(made) == 0
    record = cast.issue(approval_id=approval.approval_id)
    with cast.office.units(write=False) as uow:
        stored = uow.credentials.get(record.credential_id)
    assert stored is not None
    assert stored.expires_at == degree_request().expiration
    assert cast.counted(made) == 1
    with pytest.raises(ApprovalRequired, match="used already"):
        cast.issue(approval_id=approval.approval_id)


def test_an_approval_is_for_this_holder_in_this_name(cast: Cast) -> None:
    middle = cast.new_agent()
    root = cast.delegate(cast.issuer, middle, maxDepth=1, constraints=LIMITS)
    cast.delegate(middle, cast.agent, parent=root.credential_id, expires=root.expires_at, constraints=LIMITS)
    approval = cast.approved(wish_of(cast))
    for wish, footing in (
        (degree_request(holder_did=cast.own_did(cast.rex)), {}),
        (degree_request(holder_did=cast.holder), {"on_behalf_of": middle}),
    ):
        with pytest.raises(ApprovalRequired, match="another act"):
            cast.issue(wish, approval_id=approval.approval_id, **footing)
    assert cast.issue(approval_id=approval.approval_id).issuer_did == cast.issuer
    named = cast.approved(wish_of(cast, on_behalf_of=middle))
    with pytest.raises(ApprovalRequired, match="another act"):
        cast.issue(approval_id=named.approval_id)
    assert cast.issue(approval_id=named.approval_id, on_behalf_of=middle).issuer_did == middle
    with pytest.raises(DelegationNotFound):
        cast.approved(wish_of(cast, on_behalf_of=cast.holder))


def test_an_act_with_an_approval_rests_on_its_delegation_and_asks_no_other(cast: Cast) -> None:
    first, newest = cast.delegate(constraints=LIMITS), cast.delegate(constraints=LIMITS)
    approval = cast.approved(wish_of(cast, credential_id=first.credential_id, on_behalf_of=cast.issuer))
    cast.issue(approval_id=approval.approval_id, on_behalf_of=cast.issuer)
    assert (cast.counted(first), cast.counted(newest)) == (1, 0)
    told = [
        row["action"] for row in audit_rows(cast.office) if row["action"] in ("delegation.used", "delegation.refused")
    ]
    assert told == ["delegation.used"], "nothing was refused, and nobody is told that it was"


def test_an_approval_is_for_what_its_names_meant_when_it_was_given(cast: Cast) -> None:
    """Whatever the agent calls the schema and the holder: the person was shown, and approved, what they stand for."""
    cast.delegate(constraints=LIMITS)
    approval = cast.approved(wish_of(cast))
    shown = approval.content(SIGNED)
    assert shown == {
        "schemaId": degree_request().schema_id,
        "holderDid": cast.holder,
        "claims": DEGREE_CLAIMS,
        "proofType": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": False,
        "expirationDate": "2030-12-31T23:59:59Z",
    }
    assert approval.about == {"schemaId": degree_request().schema_id, "resource": cast.holder}


def test_an_act_that_signs_or_files_says_what(cast: Cast) -> None:
    cast.delegate(scope=["*"], constraints=LIMITS)
    degree, request = degree_request(holder_did=cast.holder), NewRequest(DPW)
    for changes, expected in (
        ({"credential": None}, [("/credential", "MISSING_FIELD")]),
        ({"action": REQUESTING, "credential": None}, [("/request", "MISSING_FIELD")]),
        ({"request": request}, [("/request", "CONFLICTING_FIELDS")]),
        ({"action": REQUESTING, "request": request}, [("/credential", "CONFLICTING_FIELDS")]),
        ({"action": "purchase:groceries"}, [("/credential", "CONFLICTING_FIELDS")]),
        ({"action": f"{ISSUING}:degree"}, [("/credential", "CONFLICTING_FIELDS")]),
        ({"context": {"resource": cast.issuer}}, [("/context/resource", "CONFLICTING_FIELDS")]),
        ({"context": {"amount": 5}}, [("/context/amount", "CONFLICTING_FIELDS")]),
        (
            {"credential": replace(degree, claims={"note": "x" * CONTENT_BYTES_MOST})},
            [("/credential", "CLAIMS_TOO_LARGE")],
        ),
        (
            {"action": "purchase:x", "credential": None, "context": {"credential": {}}},
            [("/context/credential", "UNKNOWN_FIELD")],
        ),
    ):
        with pytest.raises(MalformedBody) as refused:
            cast.approved(wish_of(cast, **changes))
        assert faults(refused) == expected, changes


def test_an_approval_of_a_request_is_for_all_that_is_filed(cast: Cast) -> None:
    made = cast.delegate(cast.holder, constraints=LIMITS)
    acting, approving = cast.office.delegations.acting, cast.office.delegations.approving
    wish = NewRequest(VERIFIER, note="As last year.")
    asked = act(
        cast.office,
        cast.key,
        lambda uow, me: approving.ask(uow, me, ApprovalWish(cast.agent, REQUESTING, {}, request=wish)),
        registry=False,
    ).approval
    assert asked.content(FILED) == {
        "credentialType": VERIFIER,
        "allowUnlisted": False,
        "answers": {},
        "note": "As last year.",
    }
    act(cast.office, cast.ada, lambda uow, me: approving.approve(uow, me, asked.approval_id), registry=False)
    footing = Footing(approval_id=asked.approval_id)
    for other in (replace(wish, note="Better."), replace(wish, note=None), NewRequest(DPW, note=wish.note)):
        with pytest.raises(ApprovalRequired, match="another act"):
            acting.permit_request(cast.key, cast.agent, other, footing)
    acting.permit_request(cast.key, cast.agent, wish, footing)
    assert cast.counted(made) == 1


def test_claims_are_kept_no_longer_than_the_question_is_open(cast: Cast, clock: MovableClock) -> None:
    cast.delegate(constraints=LIMITS)
    approving = cast.office.delegations.approving
    spent = cast.approved(wish_of(cast))
    cast.issue(approval_id=spent.approval_id)
    waiting, declined = (ask(cast, wish_of(cast, note=note, credential=one)) for note, one in others(cast))
    act(cast.office, cast.rex, lambda uow, me: approving.decline(uow, me, declined.approval_id), registry=False)
    unused = cast.approved(wish_of(cast, credential=degree_request(holder_did=cast.holder, suspendable=True)))
    found = {one.approval_id: one for one in approving.list(cast.rex, limit=20).items}
    assert {name for name, one in found.items() if one.content(SIGNED)} == {waiting.approval_id, unused.approval_id}
    clock.time += timedelta(days=1, hours=1)
    keeper = DelegationClock(cast.office.units, cast.office.clock)
    assert keeper.forget() == 2
    assert keeper.forget() == 0
    found = {one.approval_id: one for one in approving.list(cast.rex, limit=20).items}
    assert [one.content(SIGNED) for one in found.values()] == [None] * 4
    assert {found[one.approval_id].state for one in (waiting, unused)} == {ApprovalState.EXPIRED}
    assert all(one.about["resource"] == cast.holder for one in found.values())


def test_who_asked_and_who_approved_are_on_record_by_one_digest(cast: Cast) -> None:
    cast.delegate(constraints=LIMITS)
    approval = cast.approved(wish_of(cast))
    cast.issue(approval_id=approval.approval_id)
    rows = [row for row in audit_rows(cast.office) if "actSha256" in row["data"]]
    told = [row["action"] for row in rows]
    assert told == ["approval.requested", "approval.approved", "delegation.used"]
    assert len({row["data"]["actSha256"] for row in rows}) == 1
    assert "university" not in str(rows), "claims are nobody's business there"


def test_what_would_be_signed_is_gone_through_before_others_wait_for_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has an account has agents, and megabytes of claims that take long to bring into canonical form."""
    cast.delegate()
    judge, answer = cast.office.delegations.authorizing, cast.office.delegations.authorizing.answer
    in_round: list[bool] = []
    digested: list[bool] = []

    def answering(*given: Any, **named: Any) -> None:
        in_round.append(True)
        answer(*given, **named)
        in_round.clear()

    def canonical(value: object) -> bytes:
        digested.append(bool(in_round))
        return canonicalize_json(value)

    monkeypatch.setattr(judge, "answer", answering)
    monkeypatch.setattr(authorizing, "canonicalize_json", canonical)
    assert cast.issue().holder_did == cast.holder
    assert digested == [False]


def others(cast: Cast) -> list[tuple[str, Any]]:
    return [
        ("Wait.", degree_request(holder_did=cast.holder, expiration=None)),
        ("No.", degree_request(holder_did=cast.holder, revocable=False)),
    ]


def ask(cast: Cast, wish: ApprovalWish) -> Approval:
    approving = cast.office.delegations.approving
    return act(cast.office, cast.key, lambda uow, me: approving.ask(uow, me, wish), registry=False).approval
