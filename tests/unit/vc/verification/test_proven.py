"""What is remembered of proofs never outlives what it was found by, and nothing that may change is remembered."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import ED25519_2020, VerificationMethod
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs import verifying
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.verifying import VerifiedProof
from sealwright.vc.verification import proving
from sealwright.vc.verification.proven import Proven, ProvenMemory
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.report import VerificationReport
from tests.support.chains import ED25519, ENDS, NOW, SUITES, ChainWorld, Somebody
from tests.support.json_attacks import altered_documents

KEY = PublicKey("Ed25519", Somebody(1).signer.public_key)


class Counting:
    """Counts how often all of a document's signatures are checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0

        def check(*given: Any, **options: Any) -> Any:
            self.times += 1
            return verifying.check_signatures(*given, **options)

        monkeypatch.setattr(proving, "check_signatures", check)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


@pytest.fixture
def world() -> ChainWorld:
    return ChainWorld(5)


@pytest.fixture
def memory(world: ChainWorld) -> ProvenMemory:
    return ProvenMemory(world.canon)


def told(report: VerificationReport) -> dict[str, tuple[str, str | None]]:
    return {check.name: (check.outcome.value, check.code) for check in report.checks}


@pytest.mark.parametrize("suite", SUITES)
def test_a_chain_that_comes_again_is_told_alike_without_its_signatures(
    world: ChainWorld, memory: ProvenMemory, counting: Counting, suite: str
) -> None:
    chain = world.chain(4, suite=suite)
    # Status lists are verified too, and have a memory of their own.
    first = [world.verify(hop) for hop in chain]
    counting.times = 0
    assert [world.verify(hop, proven=memory) for hop in chain] == first
    assert (counting.times, len(memory)) == (4, 4)
    assert [world.verify(copy.deepcopy(hop), proven=memory) for hop in chain] == first
    assert world.verify_chain(chain, proven=memory)
    assert counting.times == 4


def test_nothing_that_is_altered_is_taken_for_what_was_found(world: ChainWorld, memory: ProvenMemory) -> None:
    (hop,) = world.chain(1)
    assert world.verify(hop, proven=memory)
    tried = 0
    for one in altered_documents(hop, "proven"):
        # Judged as if nothing had come before, to the letter.
        assert told(world.verify(one.document, proven=memory)) == told(world.verify(one.document)), one.label
        tried += 1
    assert tried > 800
    assert world.verify(hop, proven=memory)


def _with_another_key(world: ChainWorld, party: Somebody) -> ResolvedDID:
    other = VerificationMethod(
        party.method.id, ED25519_2020, party.did, PublicKey("Ed25519", Somebody(99).signer.public_key)
    )
    relationships = {"assertionMethod": [other.id]}
    return ResolvedDID(build_did_document(party.did, [other], relationships=relationships))


def _unlisted(world: ChainWorld, party: Somebody) -> ResolvedDID:
    relationships = {"authentication": [party.method.id]}
    return ResolvedDID(build_did_document(party.did, [party.method], relationships=relationships))


CHANGES: Mapping[str, tuple[Any, str, str]] = {
    "another key": (_with_another_key, "proof", "PROOF_INVALID"),
    "not for assertions": (_unlisted, "issuer", "ISSUER_KEY_MISMATCH"),
    "compromised": (
        lambda _, party: party.document(compromised_methods=frozenset({party.method.id})),
        "proof",
        "KEY_COMPROMISED",
    ),
    "deactivated": (lambda _, party: party.document(deactivated=True), "issuer", "ISSUER_DEACTIVATED"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_becomes_of_the_signer_is_looked_at_each_time(
    world: ChainWorld, memory: ProvenMemory, change: str
) -> None:
    (hop,) = world.chain(1)
    assert world.verify(hop, proven=memory)
    resolved, check, code = CHANGES[change]
    signer = world.parties[0]
    before, world.dids[signer.did] = world.dids[signer.did], resolved(world, signer)
    report = world.verify(hop, proven=memory)
    assert report.check(check).code == code
    assert told(report) == told(world.verify(hop))
    world.dids[signer.did] = before
    assert world.verify(hop, proven=memory)


def test_a_signer_who_cannot_be_found_any_more_is_not_taken_as_known(world: ChainWorld, memory: ProvenMemory) -> None:
    (hop,) = world.chain(1)
    assert world.verify(hop, proven=memory)
    del world.dids[world.parties[0].did]
    assert world.verify(hop, proven=memory).check("proof").code == "UNRESOLVABLE"


def test_dates_suites_status_and_schema_are_looked_at_each_time(world: ChainWorld, memory: ProvenMemory) -> None:
    (hop,) = world.chain(1)
    assert world.verify(hop, proven=memory)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"now": ENDS + timedelta(minutes=5)}, "expiration", "EXPIRED"),
        ({"now": NOW - timedelta(minutes=3)}, "proof", "PROOF_INVALID"),
        ({"accepted_suites": ("eddsa-rdfc-2022",)}, "proof", "PROOF_INVALID"),
        ({"trusted_issuers": frozenset[str]()}, "trustedIssuer", "UNTRUSTED_ISSUER"),
        ({"expected_holder": "did:adi:other"}, "holder", "HOLDER_MISMATCH"),
        ({"nonce": b"n"}, "proof", "PROOF_INVALID"),
    ]
    for options, check, code in cases:
        report = world.verify(hop, proven=memory, **options)
        assert report.check(check).code == code
        assert told(report) == told(world.verify(hop, **options))
    world.memory = type(world.memory)()
    world.revoke(hop)
    assert world.verify(hop, proven=memory, status_memory=world.memory).check("revocation").code == "REVOKED"


def test_what_a_wrong_plan_may_have_made_is_forgotten(
    world: ChainWorld, memory: ProvenMemory, counting: Counting
) -> None:
    (hop,) = world.chain(1)
    for _ in range(2):
        assert world.verify(hop, proven=memory)
    before = counting.times
    world.canon._mismatches += 1
    assert world.verify(hop, proven=memory)
    assert counting.times == before + 1


def test_no_two_documents_have_one_name(memory: ProvenMemory) -> None:
    values: list[Any] = [
        1,
        1.0,
        True,
        "1",
        None,
        float("nan"),
        float("inf"),
        0.0,
        -0.0,
        [],
        {},
        [[]],
        "",
        [None],
        {"a": 1},
    ]
    values += [2**53, float(2**53), "\u00e9", "e\u0301", {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": {"b": 1}}]
    names = [memory.name({"v": value}, allow_inline=inline) for value in values for inline in (False, True)]
    assert None not in names
    assert len(set(names)) == 2 * len(values)


NAMELESS: dict[str, dict[str, Any]] = {
    "surrogate": {"v": "\ud800"},
    "huge number": {"v": 2**70},
    "no JSON": {"v": object()},
    "content kept elsewhere": {"relatedResource": []},
}


@pytest.mark.parametrize("what", NAMELESS)
def test_what_is_no_json_or_looked_up_elsewhere_has_no_name(memory: ProvenMemory, what: str) -> None:
    assert memory.name(NAMELESS[what], allow_inline=False) is None


def test_a_document_that_refers_to_itself_has_no_name(memory: ProvenMemory) -> None:
    endless: dict[str, Any] = {}
    endless["v"] = endless
    assert memory.name(endless, allow_inline=False) is None


def test_what_was_asked_for_last_is_kept_within_the_bound(world: ChainWorld) -> None:
    memory = ProvenMemory(world.canon, most=2)
    found = Proven((KEY,), None, tells_subjects=False)
    for name in (b"a", b"b"):
        memory.put(name, found)
    assert memory.get(b"a") is found
    memory.put(b"c", found)
    assert (memory.get(b"a"), memory.get(b"b"), memory.get(b"c"), len(memory)) == (found, None, found, 2)


def test_neither_failures_nor_own_work_nor_parts_are_remembered(world: ChainWorld, memory: ProvenMemory) -> None:
    (hop,) = world.chain(1)
    world.verify({**hop, "validUntil": "2027-01-01T00:00:00Z"}, proven=memory)
    world.verify({**hop, "proof": {**hop["proof"], "proofPurpose": "authentication"}}, proven=memory)
    assert world.verify(hop, proven=memory, is_own_work=True)
    assert len(memory) == 0
    party, suite = world.parties[0], disclosure_suite("ecdsa-sd-2023")
    assert suite is not None
    part = VerifiedProof({}, suite, party.method, party.document(), "assertionMethod")
    prover = Prover(world, world.canon, SUITES, NOW, allow_inline=False)
    assert prover.found([part], None) is None
    assert prover.found([VerifiedProof({}, verifying.suite_named(ED25519), *part_of(party))], None) is not None


def part_of(party: Somebody) -> tuple[VerificationMethod, ResolvedDID, str]:
    return party.method, party.document(), "assertionMethod"
