"""Random trees of delegations: no child goes beyond its parent, and no descendant survives its ancestor.

What a child may say is judged here by rules of the test's own, over a small world of actions and limits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwright.domain.delegation_errors import DelegationRefused
from sealwright.domain.delegations import Delegation
from sealwright.services.delegation_standing import falls_of
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.delegations import AGENTS, COMPANY, ENDS, HUMAN, delegated, furnish_delegations, issue_delegation
from tests.support.office import MovableClock, open_office, the_operator

EXAMPLES: Final = int(os.environ.get("DELEGATION_TREES", "12"))
NODES_MOST: Final = 7
ACTIONS: Final = ("purchase:food", "purchase:food:bread", "purchase:books", "read", "read:mail", "write:mail")
MERCHANTS: Final = ("grocer", "baker", "butcher")
some = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Terms:
    """What one delegation of a tree says, and under which one it stands."""

    scope: tuple[str, ...]
    limits: Mapping[str, Any]
    depth: int
    end: datetime
    above: tuple[str, ...] = field(default=())


def allows(scope: Sequence[str], action: str) -> bool:
    """Whether a scope allows an action, told apart by words between colons."""
    return any(
        entry in ("*", action)
        or (
            entry.endswith(":*")
            and action.split(":")[: entry.count(":")] == entry.split(":")[:-1]
            and action.count(":") >= entry.count(":")
        )
        for entry in scope
    )


def is_inside(child: Terms, parent: Terms) -> bool:
    """Whether everything that a child allows is allowed by its parent, over all that this test's world has."""
    for action in ACTIONS:
        if allows(child.scope, action) and not allows(parent.scope, action):
            return False
    for name, limit in parent.limits.items():
        if name not in child.limits:
            return False
        mine = child.limits[name]
        if name.startswith("max") and mine > limit:
            return False
        if name == "authorizedMerchants" and not set(mine) <= set(limit):
            return False
        if name == "blockedMerchants" and not set(mine) >= set(limit):
            return False
        if name == "requireApproval" and limit and not mine:
            return False
    return child.depth < parent.depth and child.end <= parent.end


@st.composite
def narrower(draw: st.DrawFn, parent: Terms) -> Terms:
    """Terms that stay inside a parent's."""
    scope = tuple(
        draw(st.sampled_from((entry, *(a for a in ACTIONS if allows((entry,), a))))) for entry in parent.scope
    )
    limits = dict(parent.limits)
    for name, limit in parent.limits.items():
        if name.startswith("max"):
            limits[name] = draw(st.integers(0, limit * 2)) / 2
            limits[name] = int(limits[name]) if name == "maxCallsPerDay" else limits[name]
        elif name == "authorizedMerchants":
            limits[name] = draw(st.lists(st.sampled_from(limit), min_size=1, unique=True))
        elif name == "blockedMerchants":
            limits[name] = sorted({*limit, *draw(st.lists(st.sampled_from(MERCHANTS)))})
        elif name == "requireApproval":
            limits[name] = limit or draw(st.booleans())
    added = draw(st.dictionaries(st.sampled_from(("maxSpendPerDay", "maxCallsPerDay")), st.integers(1, 9), max_size=1))
    return Terms(
        scope=tuple(dict.fromkeys(scope)),
        limits={**added, **limits},
        depth=draw(st.integers(0, parent.depth - 1)),
        end=parent.end - timedelta(hours=draw(st.integers(0, 5))),
    )


def _wider_limit(name: str, limit: Any) -> Any:
    if name.startswith("max"):
        return limit + 1
    if name == "authorizedMerchants":
        return [*limit, "somebody else"]
    return [one for one in limit if one != limit[0]] or None if name == "blockedMerchants" else False


@st.composite
def wider(draw: st.DrawFn, parent: Terms, child: Terms) -> tuple[Terms, str]:
    """A child that goes beyond its parent in one thing, and the pointer to that."""
    limits = [name for name, limit in parent.limits.items() if limit is not False]
    ways = ["scope", "depth", "end", *(["limit", "missing"] if limits else [])]
    way = draw(st.sampled_from(ways))
    if way == "scope":
        beyond = [one for one in ("*", "purchase:*", "read:*", *ACTIONS, "pay:rent") if not _covered(parent.scope, one)]
        if beyond:
            scope = (*child.scope, draw(st.sampled_from(beyond)))
            return replace(child, scope=scope), f"/claims/scope/{len(scope) - 1}"
        way = "depth"
    if way == "depth":
        return replace(child, depth=draw(st.integers(parent.depth, 7))), "/claims/maxDepth"
    if way == "end":
        return replace(child, end=parent.end + timedelta(seconds=draw(st.integers(1, 90)))), "/expirationDate"
    name = draw(st.sampled_from(limits))
    rest = {one: limit for one, limit in child.limits.items() if one != name}
    loose = _wider_limit(name, parent.limits[name]) if way == "limit" else None
    return replace(child, limits=rest if loose is None else {**rest, name: loose}), f"/claims/constraints/{name}"


def _covered(scope: Sequence[str], entry: str) -> bool:
    if entry == "*":
        return "*" in scope
    probe = f"{entry[:-1]}anything" if entry.endswith(":*") else entry
    return allows(scope, probe)


roots = st.builds(
    Terms,
    scope=st.sampled_from((("*",), ("purchase:*", "read"), ("purchase:food", "read:mail"), ("read:*",))),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "maxSpendPerDay": st.integers(1, 100),
            "maxCallsPerDay": st.integers(1, 9),
            "authorizedMerchants": st.lists(st.sampled_from(MERCHANTS), min_size=1, unique=True),
            "blockedMerchants": st.lists(st.sampled_from(MERCHANTS), min_size=1, unique=True),
            "requireApproval": st.booleans(),
        },
    ),
    depth=st.integers(1, 4),
    end=st.just(ENDS),
)


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office on each supported database for all trees."""
    with open_office(shared_url, tmp_path_factory.mktemp("home"), clock=MovableClock()) as opened:
        furnish_delegations(opened, agents=len(AGENTS))
        yield opened


def _claims(terms: Terms) -> dict[str, Any]:
    return {
        "scope": list(terms.scope),
        "constraints": dict(terms.limits) or None,
        "maxDepth": terms.depth,
        "expires": terms.end,
    }


def _document(office: Office, delegation: Delegation) -> Any:
    with office.units(write=False) as uow:
        record = uow.credentials.get(delegation.credential_id)
    assert record is not None
    return parse_json(record.document or b"")


def _terms(delegation: Delegation) -> Terms:
    return Terms(
        delegation.scope, delegation.constraints, delegation.max_depth, delegation.expires_at, delegation.lineage
    )


def _grown(office: Office, data: st.DataObject) -> list[Delegation]:
    """Grow a tree; whatever would go beyond its parent is refused by the field that does."""
    root = data.draw(roots)
    tree = [delegated(office, data.draw(st.sampled_from((HUMAN, COMPANY))), AGENTS[0], **_claims(root))]
    for _ in range(data.draw(st.integers(2, NODES_MOST))):
        open_ones = [one for one in tree if one.max_depth > 0]
        if not open_ones:
            break
        parent = data.draw(st.sampled_from(open_ones))
        taken = {one.delegate_did for one in tree if one.delegation_id in (*parent.lineage, parent.delegation_id)}
        delegate = data.draw(st.sampled_from([one for one in AGENTS if one not in taken]))
        child = data.draw(narrower(_terms(parent)))
        if data.draw(st.booleans()):
            beyond, pointer = data.draw(wider(_terms(parent), child))
            with pytest.raises(DelegationRefused) as refused:
                issue_delegation(office, parent.delegate_did, delegate, parent.credential_id, **_claims(beyond))
            assert pointer in {fault.pointer for fault in refused.value.faults}
        tree.append(delegated(office, parent.delegate_did, delegate, parent.credential_id, **_claims(child)))
    return tree


@some
@given(data=st.data())
def test_no_tree_grows_beyond_its_root_or_outlives_it(office: Office, data: st.DataObject) -> None:
    tree = _grown(office, data)
    by_id = {one.delegation_id: one for one in tree}
    for one in tree:
        for above in one.lineage:
            assert is_inside(_terms(one), _terms(by_id[above]))
    documents = {one.delegation_id: _document(office, one) for one in tree}
    assert all(office.verifier.verify(document, VerifyOptions()) for document in documents.values())
    felled = data.draw(st.sampled_from(tree)).delegation_id
    desk = office.delegations.desk
    move = data.draw(st.sampled_from((desk.revoke, desk.suspend)))
    moved = office.acts.run(the_operator(office), lambda uow, me: move(uow, me, felled, "over"))
    below = [one for one in tree if felled in one.lineage]
    assert moved.invalidated == len(below)
    code = "DELEGATION_REVOKED" if moved.seen.status.value == "revoked" else "DELEGATION_SUSPENDED"
    view = office.registry.current()
    for one in tree:
        report = office.verifier.verify(documents[one.delegation_id], VerifyOptions())
        with office.units(write=False) as uow:
            chain = uow.delegations.chain(one.delegation_id)
        falls = falls_of(chain, view, office.clock.now())
        falls_with_it = one.delegation_id == felled or one in below
        assert bool(report) is not falls_with_it
        assert [fall.code.value for fall in falls] == ([code] if falls_with_it else [])
        if one in below:
            assert report.check("delegation").code == code
        found = office.delegations.chains.verify(one.delegate_did, [hop.credential_id for hop in chain])
        assert found.valid is not falls_with_it
