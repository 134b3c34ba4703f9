"""Judging acts: every constraint at its very limit, silence refused, and budgets counted exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sealwright.vc.delegation.judging import (
    BUDGETS,
    ActContext,
    judge_act,
    limit_micros,
    micros_of,
    read_context,
    remaining_of,
)
from sealwright.vc.delegation.meanings import KNOWN
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms
from sealwright.vc.encoding.strict_json import dump_json, parse_json
from sealwright.vc.errors import MalformedDocument

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BUY = "purchase:groceries"
COVERED, EXCEEDED = DelegationCode.ACTION_NOT_COVERED, DelegationCode.CONSTRAINT_EXCEEDED


def hop(constraints: dict[str, Any] | None = None, **changes: Any) -> DelegationTerms:
    made = {
        "delegator": "did:adi:a",
        "delegate": "did:adi:b",
        "scope": (BUY, "credential:*"),
        "constraints": constraints or {},
        "max_depth": 0,
        "expires": NOW + timedelta(seconds=1),
    }
    return DelegationTerms(**{**made, **changes})


def refusals(constraints: dict[str, Any], action: str = BUY, used: Any = None, **context: Any) -> list[str | None]:
    """The constraints that refuse an act under one hop."""
    reasons = judge_act([hop(constraints)], action, read_context(context), NOW, used)
    assert all((reason.hop, reason.code) == (0, EXCEEDED) for reason in reasons)
    assert all(reason.detail.startswith(str(reason.constraint)) for reason in reasons)
    return [reason.constraint for reason in reasons]


def test_what_is_covered_and_within_its_dates_is_allowed() -> None:
    assert judge_act([hop()], BUY, ActContext(), NOW, None) == ()
    assert judge_act([hop(), hop(), hop()], "credential:request:degree", ActContext(), NOW, None) == ()


def test_a_chain_of_no_hops_allows_nothing() -> None:
    (reason,) = judge_act([], BUY, ActContext(), NOW, None)
    assert (reason.code, reason.hop) == (COVERED, None)


def test_every_hop_is_asked_and_every_reason_told() -> None:
    hops = [hop({"requireApproval": True}), hop(scope=("other",)), hop({"maxSpendPerTransaction": 5}, expires=NOW)]
    reasons = judge_act(hops, BUY, ActContext(amount=Decimal(6)), NOW, None)
    assert [(reason.hop, reason.code, reason.constraint) for reason in reasons] == [
        (0, DelegationCode.APPROVAL_REQUIRED, "requireApproval"),
        (1, COVERED, None),
        (2, DelegationCode.EXPIRED, None),
        (2, EXCEEDED, "maxSpendPerTransaction"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires": NOW}, DelegationCode.EXPIRED),
        ({"expires": None}, DelegationCode.EXPIRED),
        ({"valid_from": NOW + timedelta(seconds=1)}, DelegationCode.INVALID),
        ({"scope": ("purchase",)}, COVERED),
    ],
)
def test_a_hop_out_of_its_time_or_scope_allows_nothing(changes: dict[str, Any], code: DelegationCode) -> None:
    assert [reason.code for reason in judge_act([hop(**changes)], BUY, ActContext(), NOW, None)] == [code]


@pytest.mark.parametrize(
    ("constraints", "context", "refused"),
    [
        ({"maxSpendPerTransaction": 40}, {"amount": 40}, False),
        ({"maxSpendPerTransaction": 40}, {"amount": 40.0}, False),
        ({"maxSpendPerTransaction": 40}, {"amount": 40.000001}, True),
        ({"maxSpendPerTransaction": 0}, {}, False),
        ({"maxSpendPerTransaction": -1}, {}, True),
        ({"maxSpendPerTransaction": "40"}, {"amount": 1}, True),
        ({"maxSpendPerTransaction": True}, {"amount": 1}, True),
        ({"authorizedMerchants": ["shop"]}, {"amount": 1, "merchant": "shop"}, False),
        ({"authorizedMerchants": "shop"}, {"amount": 1, "merchant": "shop"}, False),
        ({"authorizedMerchants": ["shop"]}, {"amount": 1, "merchant": "Shop"}, True),
        ({"authorizedMerchants": ["shop"]}, {"amount": 1}, True),
        ({"authorizedMerchants": ["shop"]}, {"merchant": "other"}, True),
        ({"authorizedMerchants": ["shop"]}, {"amount": 0}, False),
        ({"authorizedMerchants": []}, {"merchant": "shop"}, True),
        ({"blockedMerchants": ["casino"]}, {"amount": 1, "merchant": "shop"}, False),
        ({"blockedMerchants": ["casino"]}, {"amount": 1, "merchant": "casino"}, True),
        ({"blockedMerchants": ["casino"]}, {"amount": 1, "merchant": " CASINO "}, True),
        ({"blockedMerchants": ["casino"]}, {"merchant": "ｃasino"}, True),
        *(
            ({"blockedMerchants": ["casino"]}, {"amount": 1, "merchant": name}, True)
            for name in (
                *("casino.", "casino . ", "casi\u200bno", "casi\xadno", "casino\ufe0f", "casino\x07", "\u202ecasino"),
                *("cas\u0131no", "CAS\u0130NO", "casin\u00f3", "casino\u0301", "cas\u2060ino"),
                # What names nobody names no merchant.
                *("\u200b", ".", " ", "\ufe0f\u0301"),
            )
        ),
        ({"blockedMerchants": ["Ca\u200bsino."]}, {"amount": 1, "merchant": "casino"}, True),
        ({"blockedMerchants": ["casino"]}, {"amount": 1, "merchant": "casino.example"}, False),
        ({"blockedMerchants": ["casino"]}, {"amount": 1}, True),
        ({"blockedMerchants": ["casino"]}, {}, False),
        ({"authorizedSchemas": ["did:adi:schema:x"]}, {}, False),
        ({"authorizedSchemas": ["did:adi:schema:x"]}, {"schemaId": "did:adi:schema:x"}, False),
        ({"authorizedSchemas": ["did:adi:schema:x"]}, {"schemaId": "did:adi:schema:y"}, True),
        ({"authorizedRegions": ["us-ca"]}, {"region": "us-ca"}, False),
        ({"authorizedRegions": ["us-ca"]}, {"region": "us-nv"}, True),
        ({"authorizedRegions": ["us-ca"]}, {}, True),
        ({"authorizedResources": ["https://shop.example"]}, {"resource": "https://shop.example"}, False),
        ({"authorizedResources": ["https://shop.example"]}, {"resource": "https://shop.example/"}, True),
        ({"authorizedResources": ["https://shop.example"]}, {}, True),
        ({"authorizedHours": ["Mon 12:00-13:00 UTC"]}, {}, False),
        ({"authorizedHours": ["Mon 11:00-12:00 UTC"]}, {}, True),
        ({"authorizedHours": ["Mon 11:00-12:00 UTC", "Mon 14:00-15:00 Europe/Vienna"]}, {}, False),
        ({"authorizedHours": ["always"]}, {}, True),
        ({"currency": "USD"}, {"currency": "USD", "amount": 1}, False),
        ({"currency": "USD"}, {"amount": 1}, False),
        ({"currency": "USD"}, {"currency": "EUR"}, True),
        ({"currency": ["USD"]}, {"currency": "USD"}, True),
        ({"maxCallsPerHour": 1}, {}, False),
        ({"maxCallsPerHour": 0}, {}, True),
        ({"maxCallsPerHour": 0.9}, {}, True),
        ({"maxSpendPerDay": 5}, {"amount": 5.000001}, True),
        ({"maxBirds": 5}, {}, True),
        ({"": None}, {}, True),
    ],
)
def test_each_constraint_at_its_limit(constraints: dict[str, Any], context: dict[str, Any], refused: bool) -> None:
    assert refusals(constraints, **context) == ([*constraints] if refused else [])


def test_an_act_on_credentials_names_its_schema_where_schemas_are_limited() -> None:
    limits = {"authorizedSchemas": ["did:adi:schema:x"]}
    assert refusals(limits, "credential:request") == ["authorizedSchemas"]
    assert refusals(limits, "credential:request", schemaId="did:adi:schema:x") == []


@pytest.mark.parametrize(
    "action", ["*", "purchase:*", "credential:*", "purchase:gro*ceries", "", "a b", "a\x00", "a" * 256]
)
def test_what_names_no_single_action_is_no_act(action: str) -> None:
    """A scope's own entry lies in the scope, and past limits that are for some actions."""
    anything = hop({"authorizedSchemas": ["did:adi:schema:x"]}, scope=("*", action))
    (reason,) = judge_act([anything], action, ActContext(), NOW, None)
    assert reason.code is DelegationCode.ACTION_NOT_COVERED


def test_approval_is_asked_for_until_it_is_given() -> None:
    (reason,) = judge_act([hop({"requireApproval": True})], BUY, ActContext(), NOW, None)
    assert (reason.code, reason.constraint) == (DelegationCode.APPROVAL_REQUIRED, "requireApproval")
    assert judge_act([hop({"requireApproval": True})], BUY, ActContext(approved=True), NOW, None) == ()
    assert judge_act([hop({"requireApproval": False})], BUY, ActContext(), NOW, None) == ()
    # Anything that is neither true nor false is no "no".
    (reason,) = judge_act([hop({"requireApproval": "false"})], BUY, ActContext(approved=True), NOW, None)
    assert reason.code is EXCEEDED


@pytest.mark.parametrize("name", sorted(BUDGETS))
def test_budgets_hold_to_the_last_unit(name: str) -> None:
    is_spend = BUDGETS[name].counts == "spend"
    limit: float = 99.5 if is_spend else 5
    before = (99_499_999, 0) if is_spend else (0, 4)
    full = (99_500_000, 0) if is_spend else (0, 5)
    assert refusals({name: limit}, used=lambda _hop, _name: before, amount=0.000001) == []
    assert refusals({name: limit}, used=lambda _hop, _name: full, amount=0.000001) == [name]
    (reason,) = judge_act([hop({name: limit})], BUY, ActContext(Decimal("0.000001")), NOW, lambda *_: full)
    assert reason.detail == f"{name} allows {limit} at most, and 0 is left."


def test_the_periods_are_those_of_the_names() -> None:
    assert {name: (one.period, one.counts) for name, one in BUDGETS.items()} == {
        "maxSpendPerDay": (timedelta(hours=24), "spend"),
        "maxSpendPerWeek": (timedelta(days=7), "spend"),
        "maxSpendPerMonth": (timedelta(days=30), "spend"),
        "maxCallsPerHour": (timedelta(hours=1), "calls"),
        "maxCallsPerDay": (timedelta(hours=24), "calls"),
    }
    assert BUDGETS.keys() < KNOWN


def test_use_is_asked_for_by_hop_and_budget_only() -> None:
    asked: list[tuple[int, str]] = []

    def used(index: int, name: str) -> tuple[int, int]:
        asked.append((index, name))
        return (0, 0)

    hops = [hop({"maxSpendPerDay": 5, "maxSpendPerTransaction": 5}), hop(), hop({"maxCallsPerHour": 1})]
    assert judge_act(hops, BUY, ActContext(), NOW, used) == ()
    assert asked == [(0, "maxSpendPerDay"), (2, "maxCallsPerHour")]


def test_what_remains_is_the_least_over_all_hops() -> None:
    hops = [
        hop({"maxSpendPerDay": 100, "maxCallsPerDay": 10}),
        hop({"maxSpendPerDay": 50.5}),
        hop({"maxSpendPerWeek": 3, "maxCallsPerDay": 11}),
    ]
    seen = {0: (95_000_000, 4), 1: (250_000, 1), 2: (4_000_000, 9)}
    left = remaining_of(hops, lambda index, _name: seen[index])
    assert left == {"maxSpendPerDay": 5, "maxCallsPerDay": 2, "maxSpendPerWeek": 0}
    assert {name: type(value) for name, value in (left or {}).items()} == dict.fromkeys(left or {}, int)
    assert remaining_of([hop({"maxSpendPerDay": 0.3})], lambda *_: (100_000, 1)) == {"maxSpendPerDay": 0.2}
    assert remaining_of([hop()], lambda *_: (0, 0)) == {}
    assert remaining_of([hop({"maxSpendPerDay": "5"})], lambda *_: (0, 0)) == {}
    assert remaining_of(hops, None) is None


@pytest.mark.parametrize("limit", [1e15, 2**53 - 1, 1e16, 1e22, 1.7e308])
def test_what_remains_of_a_limit_without_end_can_be_read_by_who_asked(limit: float) -> None:
    left = remaining_of([hop({"maxSpendPerDay": limit})], lambda *_: (0, 0))
    assert parse_json(dump_json(left)) == {"maxSpendPerDay": limit}
    (reason,) = judge_act([hop({"maxSpendPerDay": limit})], BUY, ActContext(), NOW, lambda *_: (10**320, 0))
    assert len(reason.detail) < 100


def test_amounts_are_counted_without_rounding() -> None:
    assert micros_of(Decimal("0.000001")) == 1
    assert micros_of(Decimal("0.0000019")) == 1
    assert limit_micros("maxSpendPerDay", 0.1) + limit_micros("maxSpendPerDay", 0.2) == 300_000
    assert limit_micros("maxSpendPerDay", 2**53 - 1) == (2**53 - 1) * 1_000_000
    assert limit_micros("maxCallsPerDay", 2.5) == 2
    with pytest.raises(ValueError, match="maxSpendPerDay"):
        limit_micros("maxSpendPerDay", "5")


def test_a_context_is_read_as_it_was_given() -> None:
    given = {
        "amount": 12.34,
        "currency": "USD",
        "merchant": "shop",
        "schemaId": "did:adi:schema:x",
        "region": "us-ca",
        "resource": "https://shop.example",
        "approved": True,
    }
    assert read_context(given) == ActContext(
        Decimal("12.34"), "USD", "shop", "did:adi:schema:x", "us-ca", "https://shop.example", True
    )
    assert read_context({}) == ActContext()
    assert read_context({"amount": 10**12}).micros == 10**18
    assert ActContext().micros == 0


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"amount": "5"}, "/amount", "INVALID_TYPE"),
        ({"amount": True}, "/amount", "INVALID_TYPE"),
        ({"amount": None}, "/amount", "INVALID_TYPE"),
        ({"amount": float("nan")}, "/amount", "INVALID_TYPE"),
        ({"amount": -0.01}, "/amount", "INVALID_VALUE"),
        ({"amount": 10**12 + 1}, "/amount", "INVALID_VALUE"),
        ({"amount": 1e300}, "/amount", "INVALID_VALUE"),
        ({"amount": 0.1 + 0.2}, "/amount", "INVALID_VALUE"),
        ({"amount": 1e-7}, "/amount", "INVALID_VALUE"),
        ({"currency": "usd"}, "/currency", "INVALID_VALUE"),
        ({"currency": "US"}, "/currency", "INVALID_VALUE"),
        ({"currency": 840}, "/currency", "INVALID_TYPE"),
        ({"merchant": ""}, "/merchant", "INVALID_VALUE"),
        ({"merchant": "x" * 201}, "/merchant", "INVALID_VALUE"),
        ({"merchant": None}, "/merchant", "INVALID_TYPE"),
        ({"region": ["us-ca"]}, "/region", "INVALID_TYPE"),
        ({"approved": "yes"}, "/approved", "INVALID_TYPE"),
        ({"approved": None}, "/approved", "INVALID_TYPE"),
        ({"price/unit": 5}, "/price~1unit", "UNKNOWN_FIELD"),
    ],
)
def test_a_context_of_another_form_is_refused(given: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        read_context(given)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]
