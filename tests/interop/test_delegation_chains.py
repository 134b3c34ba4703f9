"""Chains of delegations, hop by hop, between ours and Digital Bazaar's implementation: signatures, dates and status.

That implementation knows no chains: it verifies each hop as the credential that it is. How hops join is ours to check.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.proofs.signing import with_suite_context
from tests.interop.peer import DigitalBazaar
from tests.support.chains import NOW, SUITES, ChainWorld

HOPS = 4
CREATED = "2026-06-01T11:59:00Z"


def known(world: ChainWorld) -> dict[str, Any]:
    """All that the peer may look up: the schema's context, the parties' DIDs, and the status lists."""
    dids = {did: resolved.document.to_json() for did, resolved in world.dids.items()}
    return {world.context_url: json.loads(world.context), **dids, **world.lists}


def theirs(peer: DigitalBazaar, world: ChainWorld, hop: Mapping[str, Any]) -> dict[str, Any]:
    """What they say of one hop."""
    return peer.verify(hop, documents=known(world), accept=list(SUITES), now=NOW.isoformat())


@pytest.fixture(scope="module")
def world() -> ChainWorld:
    return ChainWorld(HOPS + 1)


@pytest.mark.parametrize("suite", SUITES)
def test_they_verify_every_hop_of_our_chains(digital_bazaar: DigitalBazaar, world: ChainWorld, suite: str) -> None:
    chain = world.chain(HOPS, suite=suite)
    assert world.verify_chain(chain)
    answers = [theirs(digital_bazaar, world, hop) for hop in chain]
    assert answers == [{"verified": True, "set": [], "errors": []}] * HOPS


@pytest.mark.parametrize("suite", SUITES)
def test_both_refuse_a_hop_that_was_changed_and_no_other(
    digital_bazaar: DigitalBazaar, world: ChainWorld, suite: str
) -> None:
    chain = copy.deepcopy(world.chain(HOPS, suite=suite))
    chain[1]["credentialSubject"]["constraints"]["maxSpendPerDay"] = 1_000_000
    assert [theirs(digital_bazaar, world, hop)["verified"] for hop in chain] == [True, False, True, True]
    assert [hop.valid for hop in world.verify_chain(chain).hops] == [True, False, True, True]


@pytest.mark.parametrize("suite", SUITES[:2])
def test_both_read_the_revocation_of_an_ancestor(digital_bazaar: DigitalBazaar, suite: str) -> None:
    world = ChainWorld(HOPS + 1)
    chain = world.chain(HOPS, suite=suite)
    world.revoke(chain[0])
    answers = [theirs(digital_bazaar, world, hop) for hop in chain]
    assert [(answer["verified"], answer["set"]) for answer in answers] == [(False, ["revocation"])] + [(True, [])] * 3
    assert world.verify_chain(chain).errors == ("DELEGATION_REVOKED",)


@pytest.mark.parametrize("suite", SUITES)
def test_both_refuse_a_hop_that_has_expired(digital_bazaar: DigitalBazaar, world: ChainWorld, suite: str) -> None:
    chain = world.chain(2, suite=suite, valid_until=NOW - timedelta(minutes=30))
    assert [theirs(digital_bazaar, world, hop)["verified"] for hop in chain] == [False, False]
    assert world.verify_chain(chain).errors == ("DELEGATION_EXPIRED",)


@pytest.mark.parametrize("suite", SUITES)
def test_a_chain_may_hold_hops_that_they_signed(digital_bazaar: DigitalBazaar, world: ChainWorld, suite: str) -> None:
    chain: list[dict[str, Any]] = []
    for place, ours in enumerate(world.chain(HOPS, suite=suite)):
        hop = ours
        if place % 2:
            bare = {name: value for name, value in ours.items() if name != "proof"}
            party = world.parties[place]
            key = {"seed": party.seed.hex(), "id": party.method.id, "controller": party.did}
            unsigned = with_suite_context(bare, suite)
            hop = digital_bazaar.sign(unsigned, suite=suite, key=key, created=CREATED, documents=known(world))
        chain.append(hop)
    report = world.verify_chain(chain)
    assert report, report.hops
    assert [terms.max_depth for terms in report.terms] == [3, 2, 1, 0]
