"""ecdsa-sd-2023 and bbs-2023 with Digital Bazaar's suites: each derives from the other's proofs and verifies them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.multibase import multibase_encode
from sealwright.vc.errors import ProofInvalid, VcError
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey, decode_multikey
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.signers import signer_for
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import verify_proofs
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.interop import documents
from tests.interop.peer import Peer, PeerMissing, PeerRefused, start_node
from tests.support import tools

FOLDER: Final = Path(__file__).parent / "digitalbazaar_sd"
NAMES: Final = ("ecdsa-sd-2023", "bbs-2023")
KINDS: Final[Mapping[str, KeyKind]] = {"ecdsa-sd-2023": "P-256", "bbs-2023": "BLS12-381-G2"}
SECRET_CODECS: Final = {"ecdsa-sd-2023": b"\x86\x26", "bbs-2023": b"\x8a\x26"}
CREATED: Final = "2026-01-01T00:00:00Z"
NOW: Final = "2026-06-01T12:00:00Z"
MANDATORY: Final = ("/issuer", "/validFrom", "/validUntil")
NAME: Final = "/credentialSubject/degree/university"
SECRETS: Final = {"ecdsa-sd-2023": bytes(range(1, 33)), "bbs-2023": bytes([0, *range(1, 32)])}
every_suite = pytest.mark.parametrize("name", NAMES)


@dataclass(frozen=True)
class Issuer:
    """An issuer by did:key with a key that both sides know."""

    name: str
    secret: bytes

    @property
    def key(self) -> PublicKey:
        return PublicKey(KINDS[self.name], signer_for(KINDS[self.name], Secret32(self.secret)).public_key)

    @property
    def did(self) -> str:
        return did_key(self.key)

    @property
    def method(self) -> str:
        return f"{self.did}#{self.key.multikey}"

    @property
    def pair(self) -> dict[str, str]:
        """The key pair as the peer takes it."""
        secret = multibase_encode(SECRET_CODECS[self.name] + self.secret)
        return {**self.document, "secretKeyMultibase": secret}

    @property
    def document(self) -> dict[str, str]:
        return {"id": self.method, "controller": self.did, "publicKeyMultibase": self.key.multikey}

    @property
    def found(self) -> dict[str, Any]:
        """What the peer's loader finds: our context, the issuer's DID document and its one method."""
        method = {"@context": "https://w3id.org/security/multikey/v1", "type": "Multikey", **self.document}
        did = {"@context": "https://www.w3.org/ns/did/v1", "id": self.did, "assertionMethod": [self.method]}
        return {**documents.CONTEXTS, self.method: method, self.did: did}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Digital Bazaar's suites of selective disclosure in a Node process of their own."""
    try:
        started = start_node(FOLDER, "peer.mjs", packages=FOLDER)
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def canon() -> Canonicalizer:
    store = ContextStore.pinned()
    store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
    return Canonicalizer(store)


def issuer_of(name: str) -> Issuer:
    return Issuer(name, SECRETS[name])


def degree(name: str, **members: Any) -> dict[str, Any]:
    """A degree under `urn:uuid:`, its claims in objects without an id, one of them beside a twin."""
    document = documents.degree("2.0", issuer_of(name).did)
    document["credentialSubject"]["address"] = [{"street": "A", "country": "CH"}, {"street": "A", "country": "ES"}]
    return {**document, **members}


def suite_of(name: str) -> DisclosureSuite:
    suite = disclosure_suite(name)
    assert suite is not None
    return suite


def ours_signed(canon: Canonicalizer, name: str, document: Mapping[str, Any], mandatory: Sequence[str]) -> Any:
    issuer = issuer_of(name)
    created = datetime.fromisoformat(CREATED)
    options = ProofOptions(name, issuer.method, created, mandatory_pointers=tuple(mandatory), public_key=issuer.key)
    prepared = prepare(document, options, canon)
    return attach(prepared, signer_for(KINDS[name], Secret32(issuer.secret)).sign(prepared.data_to_sign))


def ours_derived(canon: Canonicalizer, name: str, signed: Mapping[str, Any], *pointers: str, nonce: bytes = b"") -> Any:
    options = {member: value for member, value in signed["proof"].items() if member != "proofValue"}
    covered = Covered(without_proof(signed), options, signed["@context"], Hashing(canon))
    return suite_of(name).derive(covered, issuer_of(name).key, signed["proof"], Wish(pointers, nonce=nonce))


def ours_verified(canon: Canonicalizer, document: Mapping[str, Any], *, is_own_work: bool = False) -> Any:
    (proof,) = verify_proofs(
        document,
        resolver=GenericResolver(),
        canon=canon,
        purpose="assertionMethod",
        accepted_suites=NAMES,
        now=datetime(2026, 6, 1, tzinfo=UTC),
        is_own_work=is_own_work,
    )
    return proof.shown


def theirs_signed(peer: Peer, name: str, document: Mapping[str, Any], mandatory: Sequence[str]) -> Any:
    issuer = issuer_of(name)
    return peer.ask(
        "sign",
        credential=document,
        suite=name,
        key=issuer.pair,
        mandatoryPointers=list(mandatory),
        created=CREATED,
        documents=issuer.found,
    )


def theirs_derived(peer: Peer, name: str, signed: Mapping[str, Any], *pointers: str, **members: Any) -> Any:
    found = issuer_of(name).found
    return peer.ask(
        "derive", credential=signed, suite=name, selectivePointers=list(pointers), documents=found, **members
    )


def theirs_verified(peer: Peer, name: str, document: Mapping[str, Any], **members: Any) -> Any:
    asked = {"now": NOW, **members}
    return peer.ask("verify", credential=document, suite=name, documents=issuer_of(name).found, **asked)


def shown_of(document: Mapping[str, Any]) -> Any:
    return without_proof(document)


def test_keys_are_read_alike() -> None:
    for name in NAMES:
        assert decode_multikey(issuer_of(name).key.multikey) == issuer_of(name).key


@every_suite
@pytest.mark.parametrize(
    "pointers", [(NAME,), ("/credentialSubject/address/1",), ("/credentialSubject",), ("/credentialSubject/id",)]
)
def test_every_exchange_of_base_and_derived_proofs(
    peer: Peer, canon: Canonicalizer, name: str, pointers: tuple[str, ...]
) -> None:
    document = degree(name)
    bases = {
        "ours": ours_signed(canon, name, document, MANDATORY),
        "theirs": theirs_signed(peer, name, document, MANDATORY),
    }
    for base in bases.values():
        assert shown_of(base) == document
        assert not ours_verified(canon, base, is_own_work=True).is_derived
        derived = {
            "ours": ours_derived(canon, name, base, *pointers),
            "theirs": theirs_derived(peer, name, base, *pointers),
        }
        assert shown_of(derived["ours"]) == shown_of(derived["theirs"])
        for credential in derived.values():
            assert ours_verified(canon, credential).is_derived
            assert theirs_verified(peer, name, credential) == {"verified": True, "errors": []}


@every_suite
def test_every_subset_of_the_claims_passes_both_ways(peer: Peer, canon: Canonicalizer, name: str) -> None:
    """The nested claims have no id, so which blank node is which must be told by labels alone."""
    claims = ("/credentialSubject/degree/gpa", NAME, "/credentialSubject/address/0", "/credentialSubject/address/1")
    document = degree(name)
    base = ours_signed(canon, name, document, MANDATORY)
    theirs = theirs_signed(peer, name, document, MANDATORY)
    checked = 0
    for size in range(1, len(claims) + 1) if name == "ecdsa-sd-2023" else (1, len(claims)):
        for chosen in itertools.combinations(claims, size):
            mine = ours_derived(canon, name, base, *chosen)
            assert theirs_verified(peer, name, mine)["verified"] is True
            assert ours_verified(canon, theirs_derived(peer, name, theirs, *chosen)).is_derived
            checked += 1
    assert checked == (15 if name == "ecdsa-sd-2023" else 5)


@every_suite
def test_a_base_proof_is_no_showing_on_either_side(peer: Peer, canon: Canonicalizer, name: str) -> None:
    for base in (
        ours_signed(canon, name, degree(name), MANDATORY),
        theirs_signed(peer, name, degree(name), MANDATORY),
    ):
        with pytest.raises(ProofInvalid, match="derive first"):
            ours_verified(canon, base)
        assert theirs_verified(peer, name, base)["verified"] is False


def altered(derived: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a holder might do to a derived credential."""
    subject = derived["credentialSubject"]
    yield (
        "another claim",
        {**derived, "credentialSubject": {**subject, "degree": {**subject["degree"], "university": "X"}}},
    )
    yield "an added claim", {**derived, "credentialSubject": {**subject, "degree": {**subject["degree"], "gpa": 4.0}}}
    yield "another subject", {**derived, "credentialSubject": {**subject, "id": "did:example:thief"}}
    yield "a longer validity", {**derived, "validUntil": "2099-01-01T00:00:00Z"}
    yield "no end of validity", {name: value for name, value in derived.items() if name != "validUntil"}
    yield "another id", {**derived, "id": "urn:uuid:00000000-0000-4000-8000-000000000000"}
    yield "another date of the proof", {**derived, "proof": {**derived["proof"], "created": "2026-01-02T00:00:00Z"}}


@every_suite
def test_what_is_tampered_with_or_hides_what_is_mandatory_is_refused_by_both(
    peer: Peer, canon: Canonicalizer, name: str
) -> None:
    base = ours_signed(canon, name, degree(name), MANDATORY)
    refused = 0
    for derived in (ours_derived(canon, name, base, NAME), theirs_derived(peer, name, base, NAME)):
        assert ours_verified(canon, derived).is_derived
        for what, credential in altered(derived):
            with pytest.raises(VcError):
                ours_verified(canon, credential)
            assert theirs_verified(peer, name, credential)["verified"] is False, what
            refused += 1
    assert refused == 14


@every_suite
def test_a_proof_of_one_credential_does_not_serve_another(peer: Peer, canon: Canonicalizer, name: str) -> None:
    first, second = (
        ours_signed(canon, name, degree(name, id=f"urn:uuid:{n * 8}-0000-4000-8000-000000000000"), MANDATORY)
        for n in "12"
    )
    mine, other = ours_derived(canon, name, first, NAME), ours_derived(canon, name, second, NAME)
    swapped = {**mine, "proof": other["proof"]}
    with pytest.raises(ProofInvalid):
        ours_verified(canon, swapped)
    assert theirs_verified(peer, name, swapped)["verified"] is False


@every_suite
def test_an_expired_credential_is_refused_by_both_although_its_proof_holds(
    peer: Peer, canon: Canonicalizer, name: str
) -> None:
    derived = ours_derived(canon, name, ours_signed(canon, name, degree(name), MANDATORY), NAME)
    late = datetime(2037, 1, 1, tzinfo=UTC)
    report = verify_credential(
        derived,
        resolver=GenericResolver(),
        canon=canon,
        accepted_suites=NAMES,
        trusted_issuers=ANY_ISSUER,
        statuses=NoStatusSource(),
        schemas=NoSchemaSource(),
        now=late,
    )
    assert [(check.name, check.code) for check in report.failures] == [("expiration", "EXPIRED")]
    assert theirs_verified(peer, name, derived, now="2037-01-01T00:00:00Z")["verified"] is False
    assert theirs_verified(peer, name, derived)["verified"] is True


def test_a_nonce_binds_a_derived_proof_on_both_sides(peer: Peer, canon: Canonicalizer) -> None:
    base = ours_signed(canon, "bbs-2023", degree("bbs-2023"), MANDATORY)
    mine = ours_derived(canon, "bbs-2023", base, NAME, nonce=b"\x01\x02")
    theirs = theirs_derived(peer, "bbs-2023", base, NAME, nonce="0102")
    for derived in (mine, theirs):
        assert ours_verified(canon, derived).nonce == b"\x01\x02"
        assert theirs_verified(peer, "bbs-2023", derived, nonce="0102")["verified"] is True
        assert theirs_verified(peer, "bbs-2023", derived, nonce="0103")["verified"] is False


@every_suite
def test_a_pointer_that_leads_nowhere_is_refused_by_both(peer: Peer, canon: Canonicalizer, name: str) -> None:
    base = ours_signed(canon, name, degree(name), MANDATORY)
    with pytest.raises(VcError):
        ours_derived(canon, name, base, "/credentialSubject/degree/none")
    with pytest.raises(PeerRefused):
        theirs_derived(peer, name, base, "/credentialSubject/degree/none")


@every_suite
def test_the_peer_fails_on_its_own_proof_where_a_claim_looks_like_a_blank_node(
    peer: Peer, canon: Canonicalizer, name: str
) -> None:
    """It relabels blank nodes inside texts as well, and so signs another text; ours relabels terms alone."""
    document = degree(name)
    document["credentialSubject"]["degree"]["university"] = "_:c14n0 College"
    theirs = theirs_signed(peer, name, document, MANDATORY)
    with pytest.raises(ProofInvalid):
        ours_verified(canon, theirs, is_own_work=True)
    assert theirs_verified(peer, name, theirs_derived(peer, name, theirs, NAME))["verified"] is False
    mine = ours_derived(canon, name, ours_signed(canon, name, document, MANDATORY), NAME)
    assert mine["credentialSubject"]["degree"]["university"] == "_:c14n0 College"
    assert ours_verified(canon, mine).is_derived
    assert theirs_verified(peer, name, mine)["verified"] is False


@every_suite
def test_the_peer_takes_another_text_for_one_that_looks_like_a_blank_node_and_ours_does_not(
    peer: Peer, canon: Canonicalizer, name: str
) -> None:
    document = degree(name)
    document["credentialSubject"]["degree"]["university"] = "_:MIT"
    forged = {}
    for whose, derived in (
        ("theirs", theirs_derived(peer, name, theirs_signed(peer, name, document, MANDATORY), NAME)),
        ("ours", ours_derived(canon, name, ours_signed(canon, name, document, MANDATORY), NAME)),
    ):
        subject = derived["credentialSubject"]
        claims = {**subject, "degree": {**subject["degree"], "university": "_:Yale"}}
        forged[whose] = {**derived, "credentialSubject": claims}
        with pytest.raises(ProofInvalid):
            ours_verified(canon, forged[whose])
    assert theirs_verified(peer, name, forged["theirs"]) == {"verified": True, "errors": []}


@every_suite
def test_the_peer_does_not_reach_into_an_array_of_one_item_and_ours_does(
    peer: Peer, canon: Canonicalizer, name: str
) -> None:
    """It names nodes by compacting, which takes such an array away, and then finds no item under its pointer."""
    document = degree(name)
    document["credentialSubject"]["address"] = [{"street": "A", "country": "CH"}]
    pointer = "/credentialSubject/address/0"
    theirs = theirs_signed(peer, name, document, MANDATORY)
    with pytest.raises(PeerRefused, match="does not match document"):
        theirs_derived(peer, name, theirs, pointer)
    with pytest.raises(PeerRefused, match="does not match document"):
        theirs_signed(peer, name, document, (*MANDATORY, pointer))
    for base in (theirs, ours_signed(canon, name, document, (*MANDATORY, pointer))):
        mine = ours_derived(canon, name, base, pointer)
        assert mine["credentialSubject"]["address"] == document["credentialSubject"]["address"]
        assert ours_verified(canon, mine).is_derived
        assert theirs_verified(peer, name, mine)["verified"] is True
    whole = theirs_derived(peer, name, theirs, "/credentialSubject/address")
    assert ours_verified(canon, whole).is_derived


@every_suite
def test_texts_of_every_kind_pass_both_ways(peer: Peer, canon: Canonicalizer, name: str) -> None:
    """Texts of every kind in the nested claims: quotes, controls, right to left, astral characters."""
    passed = 0
    for text in documents.STRINGS:
        # Those that look like blank nodes have a test of their own.
        if "_:" in text:
            continue
        document = degree(name)
        document["credentialSubject"]["degree"]["university"] = text
        base = ours_signed(canon, name, document, MANDATORY)
        assert theirs_verified(peer, name, ours_derived(canon, name, base, NAME))["verified"] is True, text
        assert ours_verified(canon, theirs_derived(peer, name, base, NAME)).is_derived
        passed += 1
        if name == "bbs-2023" and passed == 4:
            break
    assert passed == (4 if name == "bbs-2023" else len(documents.STRINGS) - 2)
