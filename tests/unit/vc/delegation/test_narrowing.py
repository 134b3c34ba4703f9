"""What makes a delegation, and that narrowing is transitive and finds every single widening where it is."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.vc.delegation.judging import ActContext, judge_act
from sealwright.vc.delegation.narrowing import covers, loop_fault, narrowing_faults, own_faults, uncovered
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)
EXAMPLES = int(os.environ.get("DELEGATION_EXAMPLES", "100"))
many = settings(max_examples=EXAMPLES, deadline=None)

WORDS = ("purchase", "groceries", "credential", "request", "x")
MERCHANTS = ("corner-shop", "market", "baker", "butcher")
HOURS = ("Mon-Fri 08:00-18:00 UTC", "Mon 09:00-17:00 UTC", "Mon-Sun 00:00-24:00 UTC", "Sat-Sun 10:00-12:00 UTC")


def terms(level: int = 0, **changes: Any) -> DelegationTerms:
    """The terms of the delegation at a level, 0 for a root, from one party to the next."""
    made: dict[str, Any] = {
        "delegator": f"did:adi:party{level}",
        "delegate": f"did:adi:party{level + 1}",
        "scope": ("purchase:groceries", "credential:*"),
        "constraints": {},
        "max_depth": 7 - level,
        "expires": ENDS - timedelta(days=level),
        "parent": f"urn:uuid:{level - 1}" if level else None,
        "credential_id": f"urn:uuid:{level}",
    }
    return DelegationTerms(**{**made, **changes})


any_entries = st.lists(st.text("ab:*", max_size=5), max_size=5)
scopes_and_entries = st.tuples(any_entries, any_entries)


@pytest.mark.parametrize(
    ("scope", "action", "is_covered"),
    [
        (["purchase:groceries"], "purchase:groceries", True),
        (["purchase:groceries"], "purchase:groceries:milk", False),
        (["purchase:groceries"], "purchase:grocerie", False),
        (["purchase:*"], "purchase:groceries:milk", True),
        (["purchase:*"], "purchase:*", True),
        (["purchase:*"], "purchase:x:*", True),
        (["purchase:*"], "purchase", False),
        (["purchase:*"], "purchase:", False),
        (["purchase:*"], "purchases:x", False),
        (["purchase*"], "purchases", False),
        (["purchase:*:x"], "purchase:y:x", False),
        (["purchase:x:*"], "purchase:*", False),
        (["*"], "*", True),
        (["*"], "anything", True),
        (["purchase:*"], "*", False),
        (["Purchase:*"], "purchase:x", False),
        ([], "x", False),
    ],
)
def test_what_a_scope_covers(scope: list[str], action: str, is_covered: bool) -> None:
    assert covers(scope, action) is is_covered


@given(scopes_and_entries)
@many
def test_many_entries_are_covered_as_each_of_them_is(pair: tuple[list[str], list[str]]) -> None:
    scope, asked = pair
    assert list(uncovered(scope, asked)) == [place for place, entry in enumerate(asked) if not covers(scope, entry)]


def test_a_thousand_entries_are_held_against_a_thousand_in_a_moment() -> None:
    parent = terms(scope=tuple(f"step{number}:*" for number in range(1_000)))
    child = terms(1, scope=tuple(f"other{number}:x" for number in range(1_000)))
    started = time.process_time()
    assert len(narrowing_faults(parent, child)) == 1_000
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"delegator": ""}, ("delegator",)),
        ({"delegate": ""}, ("delegate",)),
        ({"delegate": "did:adi:party0"}, ("delegate",)),
        ({"scope": ()}, ("scope",)),
        ({"scope": ("x",) * 1_001}, ("scope",)),
        ({"scope": ("x", "a b")}, ("scope", 1)),
        ({"scope": ("x", "")}, ("scope", 1)),
        ({"scope": ("x" * 256,)}, ("scope", 0)),
        ({"constraints": {"maxSpendPerDay": "5"}}, ("constraints", "maxSpendPerDay")),
        ({"constraints": {"authorizedHours": ["x"]}}, ("constraints", "authorizedHours")),
        ({"max_depth": -1}, ("maxDepth",)),
        ({"max_depth": 8}, ("maxDepth",)),
        ({"parent": ""}, ("parent",)),
        ({"parent": "urn:uuid:0"}, ("parent",)),
        ({"expires": None}, ("expirationDate",)),
    ],
)
def test_what_is_no_delegation_by_itself(changes: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert own_faults(terms()) == ()
    assert [(fault.code, fault.path) for fault in own_faults(terms(**changes))] == [(DelegationCode.INVALID, path)]


def test_every_widening_is_told_at_once() -> None:
    parent = terms(constraints={"maxSpendPerDay": 5, "currency": "USD"}, max_depth=0)
    child = terms(
        1,
        delegator="did:adi:thief",
        scope=("purchase:groceries", "purchase:*", "*"),
        constraints={"maxSpendPerDay": 6},
        expires=ENDS + timedelta(seconds=1),
        parent=None,
    )
    assert [(fault.code, fault.path) for fault in narrowing_faults(parent, child)] == [
        (DelegationCode.INVALID, ("delegator",)),
        (DelegationCode.SCOPE_WIDENED, ("scope", 1)),
        (DelegationCode.SCOPE_WIDENED, ("scope", 2)),
        (DelegationCode.CONSTRAINT_LOOSENED, ("constraints", "maxSpendPerDay")),
        (DelegationCode.CONSTRAINT_LOOSENED, ("constraints", "currency")),
        (DelegationCode.DEPTH_EXCEEDED, ("maxDepth",)),
        (DelegationCode.INVALID, ("parent",)),
        (DelegationCode.EXPIRY_EXCEEDED, ("expirationDate",)),
    ]


def test_nothing_rests_on_a_delegation_without_name_or_end() -> None:
    nameless = terms(credential_id=None)
    assert [fault.path for fault in narrowing_faults(nameless, terms(1, parent=None))] == [("parent",)]
    assert narrowing_faults(terms(), terms(1, expires=None))[0].code is DelegationCode.EXPIRY_EXCEEDED
    assert narrowing_faults(terms(), terms(1, expires=ENDS)) == ()


def test_authority_does_not_run_in_circles() -> None:
    chain = [terms(0), terms(1)]
    assert loop_fault(chain, terms(2)) is None
    for party in ("did:adi:party0", "did:adi:party1", "did:adi:party2"):
        fault = loop_fault(chain, terms(2, delegate=party))
        assert fault is not None
        assert (fault.code, fault.path) == (DelegationCode.LOOP, ("delegate",))


# What hypothesis makes: any terms, and terms that are narrower than given ones.

entries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).flatmap(
    lambda steps: st.sampled_from([":".join(steps), ":".join([*steps, "*"])])
)
scopes = st.lists(entries | st.just("*"), min_size=1, max_size=4).map(tuple)
amounts = st.integers(0, 200) | st.integers(0, 20_000).map(lambda cents: cents / 100)
some = st.lists(st.sampled_from(MERCHANTS), min_size=1, max_size=3, unique=True)
limits = st.fixed_dictionaries(
    {},
    optional={
        "maxSpendPerTransaction": amounts,
        "maxSpendPerDay": amounts,
        "maxSpendPerMonth": amounts,
        "maxCallsPerHour": st.integers(0, 5),
        "authorizedMerchants": some,
        "blockedMerchants": some,
        "authorizedRegions": some,
        "authorizedResources": some,
        "authorizedHours": st.lists(st.sampled_from(HOURS), min_size=1, max_size=2),
        "currency": st.sampled_from(["USD", "EUR"]),
        "requireApproval": st.booleans(),
    },
)


def stricter(name: str, value: Any) -> st.SearchStrategy[Any]:
    if name.startswith("max"):
        return amounts.map(lambda amount: min(amount, value))
    if name == "blockedMerchants":
        return some.map(lambda more: [*value, *(one for one in more if one not in value)])
    if isinstance(value, list):
        return st.lists(st.sampled_from(value), min_size=1, max_size=3)
    if name == "requireApproval":
        return st.booleans().map(lambda flag: flag or value)
    return st.just(value)


def narrower_entry(entry: str) -> st.SearchStrategy[str]:
    if not entry.endswith("*"):
        return st.just(entry)
    return st.just(entry) | entries.map(lambda below: below if entry == "*" else entry[:-1] + below)


@st.composite
def narrower(draw: st.DrawFn, parent: DelegationTerms) -> DelegationTerms:
    level = 8 - parent.max_depth
    kept = {name: draw(stricter(name, value)) for name, value in parent.constraints.items()}
    scope = draw(st.lists(st.sampled_from(parent.scope).flatmap(narrower_entry), min_size=1, max_size=4))
    assert parent.expires is not None
    return terms(
        level,
        scope=tuple(scope),
        constraints={**draw(limits), **kept},
        expires=parent.expires - timedelta(hours=draw(st.integers(0, 5))),
    )


roots = st.builds(lambda scope, constraints: terms(scope=scope, constraints=constraints), scopes, limits)


@st.composite
def chains(draw: st.DrawFn) -> list[DelegationTerms]:
    chain = [draw(roots)]
    for _ in range(draw(st.integers(1, 4))):
        chain.append(draw(narrower(chain[-1])))
    return chain


def relinked(parent: DelegationTerms, child: DelegationTerms) -> DelegationTerms:
    """The child as if it rested on another delegation right above it."""
    return replace(child, delegator=parent.delegate, parent=parent.credential_id)


@given(chains())
@many
def test_narrowing_is_transitive(chain: list[DelegationTerms]) -> None:
    for parent, child in pairwise(chain):
        assert narrowing_faults(parent, child) == ()
        assert own_faults(child) == ()
    for place, ancestor in enumerate(chain):
        for descendant in chain[place + 1 :]:
            assert narrowing_faults(ancestor, relinked(ancestor, descendant)) == ()


contexts = st.builds(
    ActContext,
    amount=st.none() | amounts.map(lambda amount: Decimal(repr(amount))),
    currency=st.none() | st.sampled_from(["USD", "EUR"]),
    merchant=st.none() | st.sampled_from(MERCHANTS),
    region=st.none() | st.sampled_from(MERCHANTS),
    resource=st.none() | st.sampled_from(MERCHANTS),
    approved=st.booleans(),
)


@given(chains(), st.data())
@many
def test_what_a_child_allows_is_allowed_by_all_above_it(chain: list[DelegationTerms], data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(chain[-1].scope))
    action = data.draw(narrower_entry(entry)).replace("*", "anything")
    context = data.draw(contexts)
    spent = data.draw(st.tuples(st.integers(0, 50_000_000), st.integers(0, 3)))
    last = judge_act(chain[-1:], action, context, NOW, lambda _hop, _name: spent)
    whole = judge_act(chain, action, context, NOW, lambda _hop, _name: spent)
    if not last:
        assert whole == ()
    # And what the child refuses is refused by the chain, for the child's own reasons too.
    assert [(reason.code, reason.constraint) for reason in whole if reason.hop == len(chain) - 1] == [
        (reason.code, reason.constraint) for reason in last
    ]


def looser(name: str, value: Any) -> Any:
    if name.startswith("max"):
        return value + 0.01
    if name == "blockedMerchants":
        return ["somebody else"]
    if name == "authorizedHours":
        return [*value, "Mon-Sun 00:00-24:00 Europe/Vienna"]
    if isinstance(value, list):
        return [*value, "somebody else"]
    return {True: False, False: "no", "USD": "EUR", "EUR": "USD"}[value]


@given(chains(), st.data())
@many
def test_any_one_widening_is_found_where_it_is(chain: list[DelegationTerms], data: st.DataObject) -> None:
    parent, child = chain[-2], chain[-1]
    widenings: list[tuple[DelegationTerms, tuple[str | int, ...], DelegationCode]] = [
        (replace(child, max_depth=parent.max_depth), ("maxDepth",), DelegationCode.DEPTH_EXCEEDED),
        (replace(child, delegator="did:adi:thief"), ("delegator",), DelegationCode.INVALID),
        (replace(child, parent="urn:uuid:other"), ("parent",), DelegationCode.INVALID),
        (
            replace(child, expires=parent.expires + timedelta(seconds=1)),  # type: ignore[operator]
            ("expirationDate",),
            DelegationCode.EXPIRY_EXCEEDED,
        ),
    ]
    if "*" not in parent.scope:
        place = data.draw(st.integers(0, len(child.scope)))
        scope = (*child.scope[:place], "another:thing", *child.scope[place:])
        widenings.append((replace(child, scope=scope), ("scope", place), DelegationCode.SCOPE_WIDENED))
    for name, value in parent.constraints.items():
        left_out = {other: kept for other, kept in child.constraints.items() if other != name}
        for constraints in (left_out, {**child.constraints, name: looser(name, value)}):
            path = ("constraints", name)
            widenings.append((replace(child, constraints=constraints), path, DelegationCode.CONSTRAINT_LOOSENED))
    for widened, path, code in widenings:
        assert [(fault.path, fault.code) for fault in narrowing_faults(parent, widened)] == [(path, code)]
