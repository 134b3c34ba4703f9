"""BbsBlsSignature2020 exchanged with Mattr's implementation, base and derived, both ways; its fault is pinned."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.vc.encoding.multibase import base58btc_encode
from sealwright.vc.errors import ProofInvalid, VcError
from sealwright.vc.proofs.verifying import VerifiedProof, verify_proofs
from sealwright.vc.status.bitstring import empty_bitstring, encode_status_list_2021, set_bits
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.interop.peer import Peer, PeerMissing, start_node
from tests.support import quick, tools, vectors
from tests.support.legacy_holder import derive, texts_shown
from tests.support.proving import (
    ALL_SUITES,
    DEGREE_CONTEXT,
    ISSUER,
    NOW,
    Registry,
    canonicalizer,
    degree_context,
    degree_credential,
)
from tests.support.server import ISSUE_BODY, RunningServer, serve

FOLDER: Final = Path(__file__).parent / "mattr"
SUITE: Final = "BbsBlsSignature2020"
HTTPS: Final = "https://office.example/credentials/1"
UUID: Final = "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479"
CREATED: Final = "2026-11-21T02:29:00Z"
CLAIMS: Final = ("type", "university", "graduationYear", "gpa")
VALUES: Final = {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}
METHOD: Final = ISSUER.method_for(SUITE)
SEED: Final = bytes([1]) * 32
NONCE: Final = "bm9uY2Ugb2YgdGhlIHZlcmlmaWVy"
STATUS: Final = "https://w3id.org/vc/status-list/2021/v1"
SUBSETS: Final = [chosen for count in range(1, len(CLAIMS) + 1) for chosen in itertools.combinations(CLAIMS, count)]


class Mattr:
    """`@mattrglobal/jsonld-signatures-bbs` with the documents that it may load."""

    def __init__(self, peer: Peer, documents: Mapping[str, Any]) -> None:
        self._peer = peer
        self._documents = documents

    def verify(self, document: Mapping[str, Any], *, sorting: bool = False) -> bool:
        """Whether its proof holds there; `sorting` asks the verifier that sorts again."""
        return bool(self._ask("verify", document=document, sorting=sorting)["verified"])

    def sign(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with a base proof by the issuer's key, made there."""
        key = {
            "id": METHOD.id,
            "controller": ISSUER.did,
            "publicKeyBase58": base58btc_encode(METHOD.public_key.raw),
            "privateKeyBase58": base58btc_encode(SEED),
        }
        signed: dict[str, Any] = self._ask("sign", document=document, key=key, created=CREATED)
        return signed

    def derive(self, document: Mapping[str, Any], frame: Mapping[str, Any]) -> dict[str, Any]:
        """A credential derived there."""
        derived: dict[str, Any] = self._ask("derive", document=document, frame=frame, nonce=NONCE)
        return derived

    def _ask(self, command: str, **members: Any) -> Any:
        return self._peer.ask(command, documents=self._documents, **members)


def key_document(method: Mapping[str, Any]) -> dict[str, Any]:
    """A verification method as their loader wants it."""
    return {"@context": "https://w3id.org/security/v2", **method}


def controller_document(did: str, *methods: str) -> dict[str, Any]:
    """A DID document as their loader wants it."""
    return {"@context": "https://w3id.org/security/v2", "id": did, "assertionMethod": list(methods)}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Their packages in a Node process of their own."""
    try:
        running = start_node(FOLDER, "peer.mjs", packages=FOLDER)
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def contexts() -> dict[str, Any]:
    """The contexts that their packages lack."""
    folder = vectors.folder("contexts")
    return {
        "https://w3id.org/security/bbs/v1": vectors.read_json(folder / "bbs-v1.jsonld"),
        "https://w3id.org/security/suites/jws-2020/v1": vectors.read_json(folder / "jws-2020-v1.jsonld"),
        STATUS: vectors.read_json(folder / "status-list-2021-v1.jsonld"),
    }


@pytest.fixture(scope="module")
def mattr(peer: Peer, contexts: dict[str, Any]) -> Mattr:
    """Their side, knowing the issuer's key and the degree's context."""
    method = {
        "id": METHOD.id,
        "type": "Bls12381G2Key2020",
        "controller": ISSUER.did,
        "publicKeyBase58": base58btc_encode(METHOD.public_key.raw),
    }
    documents = {
        **contexts,
        DEGREE_CONTEXT: degree_context(),
        METHOD.id: key_document(method),
        ISSUER.did: controller_document(ISSUER.did, METHOD.id),
    }
    return Mattr(peer, documents)


def ours(document: Mapping[str, Any]) -> VerifiedProof:
    """Its one proof, verified by us; the error tree says why not."""
    (proof,) = verify_proofs(
        document,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        purpose="assertionMethod",
        accepted_suites=ALL_SUITES,
        now=NOW,
    )
    return proof


def unsigned(credential_id: str = HTTPS, **changes: Any) -> dict[str, Any]:
    """The degree credential with the suite's context, which theirs leaves to the caller."""
    document = degree_credential(credential_id=credential_id, **changes)
    return {**document, "@context": [*document["@context"], "https://w3id.org/security/bbs/v1"]}


def frame_for(chosen: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """A frame that shows some claims of the degree and nothing else of the subject."""
    return {
        "@context": unsigned()["@context"],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "credentialSubject": {
            "@explicit": True,
            "degree": {"@explicit": True, **{name: {} for name in chosen}},
        },
        **more,
    }


def pointers_to(chosen: tuple[str, ...]) -> list[str]:
    return [f"/credentialSubject/degree/{name}" for name in chosen]


def claims_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of the degree by value, however their numbers are spelled."""
    degree = document["credentialSubject"]["degree"]
    plain: dict[str, Any] = {
        name: value["@value"] if isinstance(value, dict) else value for name, value in degree.items()
    }
    return {name: str(float(value)) if name == "gpa" else str(value) for name, value in plain.items() if name != "id"}


@pytest.mark.parametrize("credential_id", [HTTPS, UUID])
def test_base_proofs_hold_in_both_directions(mattr: Mattr, credential_id: str) -> None:
    assert mattr.verify(ISSUER.sign(unsigned(credential_id), SUITE))
    theirs = mattr.sign(unsigned(credential_id))
    proof = ours(theirs)
    assert proof.suite.name == SUITE
    assert proof.shown is not None
    assert not proof.shown.is_derived
    assert theirs["proof"] | {"proofValue": ""} == ISSUER.sign(unsigned(credential_id), SUITE)["proof"] | {
        "proofValue": ""
    }


@pytest.mark.parametrize("chosen", SUBSETS, ids="-".join)
def test_every_subset_of_claims_is_accepted_both_ways(mattr: Mattr, chosen: tuple[str, ...]) -> None:
    wanted = {name: str(VALUES[name]) for name in chosen}
    for signed in (ISSUER.sign(unsigned(), SUITE), mattr.sign(unsigned())):
        by_pointers = derive(signed, *pointers_to(chosen))
        by_frame = derive(signed, frame=frame_for(chosen))
        theirs = mattr.derive(signed, frame_for(chosen))
        for derived in (by_pointers, by_frame, theirs):
            assert mattr.verify(derived)
            assert ours(derived).shown is not None
            assert claims_of(derived) == wanted
        # All three say the same, statement by statement.
        assert texts_shown(by_pointers) == texts_shown(by_frame) == texts_shown(theirs)


@pytest.mark.parametrize("chosen", [("university",), CLAIMS], ids="-".join)
def test_with_uuids_they_refuse_their_own_work_and_ours_and_we_accept_both(
    mattr: Mattr, chosen: tuple[str, ...]
) -> None:
    """The reason is in docs/conformance/divergences.md: placeholders sort before `urn:uuid:`, labels behind."""
    signed = mattr.sign(unsigned(UUID))
    theirs, by_pointers = mattr.derive(signed, frame_for(chosen)), derive(signed, *pointers_to(chosen))
    for derived in (theirs, by_pointers):
        assert not mattr.verify(derived)
        assert mattr.verify(derived, sorting=True)
        assert ours(derived).shown is not None


@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("credential_id", [HTTPS, UUID])
def test_nested_objects_hold_once_statements_are_sorted_again(mattr: Mattr, credential_id: str, count: int) -> None:
    degrees = [{"type": f"Degree {n}", "university": f"U{n}", "gpa": n + 0.5} for n in range(count)]
    signed = ISSUER.sign(unsigned(credential_id, claims={"degree": degrees}), SUITE)
    assert mattr.verify(signed)
    theirs = mattr.derive(signed, frame_for(("university",)))
    by_frame = derive(signed, frame=frame_for(("university",)))
    by_pointers = derive(signed, *(f"/credentialSubject/degree/{n}/university" for n in range(count)))
    # Only some of the nodes: their labels stay those of the whole.
    some = derive(signed, *(f"/credentialSubject/degree/{n}/university" for n in range(0, count, 2)))
    assert texts_shown(by_pointers) == texts_shown(by_frame) == texts_shown(theirs)
    for derived in (theirs, by_frame, by_pointers, some):
        assert ours(derived).shown is not None
        assert mattr.verify(derived, sorting=True)
    # Unsorted, an https id and at most ten nodes pass there; `c14n10` moves before `c14n1` at the eleventh.
    assert mattr.verify(theirs) == mattr.verify(by_pointers) == (credential_id == HTTPS and count <= 10)


def _at(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, name, value = path
        node: Any = document
        for step in parents:
            node = node[step]
        node[name] = value

    return change


TAMPERINGS = {
    "another claim": _at("credentialSubject", "degree", "university", "Oxford"),
    "a claim more": _at("credentialSubject", "degree", "gpa", 4.5),
    "another node": _at("credentialSubject", "degree", "id", "urn:bnid:_:c14n1"),
    "another holder": _at("credentialSubject", "id", "did:example:thief"),
    "another issuer": _at("issuer", "did:example:other"),
    "another end": _at("expirationDate", "2040-12-31T23:59:59Z"),
    "another moment of the proof": _at("proof", "created", "2026-11-20T02:29:00Z"),
    "another nonce": _at("proof", "nonce", "YW5vdGhlcg=="),
}


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=list(TAMPERINGS))
def test_both_refuse_what_was_tampered_with(mattr: Mattr, tamper: Callable[[dict[str, Any]], None]) -> None:
    signed = mattr.sign(unsigned())
    for derived in (mattr.derive(signed, frame_for(("university",))), derive(signed, *pointers_to(("university",)))):
        assert mattr.verify(derived)
        tampered = copy.deepcopy(derived)
        tamper(tampered)
        assert not mattr.verify(tampered)
        assert not mattr.verify(tampered, sorting=True)
        with pytest.raises(VcError):
            ours(tampered)


@pytest.mark.parametrize("tamper", [TAMPERINGS[name] for name in ("another claim", "another issuer", "another end")])
def test_both_refuse_tampered_base_proofs(mattr: Mattr, tamper: Callable[[dict[str, Any]], None]) -> None:
    for signed in (mattr.sign(unsigned()), ISSUER.sign(unsigned(), SUITE)):
        tamper(signed)
        assert not mattr.verify(signed)
        with pytest.raises(ProofInvalid):
            ours(signed)
        with pytest.raises(ProofInvalid):
            derive(signed, *pointers_to(("university",)))


def report(
    document: Mapping[str, Any], now: datetime = NOW, lists: Sequence[Mapping[str, Any]] = ()
) -> VerificationReport:
    return verify_credential(
        document,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        accepted_suites=ALL_SUITES,
        trusted_issuers=ANY_ISSUER,
        statuses=NoStatusSource(),
        schemas=NoSchemaSource(),
        now=now,
        handed_status_lists=lists,
    )


def test_what_has_expired_is_refused(mattr: Mattr) -> None:
    """Theirs judges proofs alone and passes it; the dates are for whoever reads the credential."""
    signed = mattr.sign(unsigned())
    late = datetime(2031, 6, 1, tzinfo=UTC)
    for derived in (mattr.derive(signed, frame_for(("gpa",))), derive(signed, *pointers_to(("gpa",)))):
        assert mattr.verify(derived)
        assert report(derived)
        assert [check.code for check in report(derived, late).failures] == ["EXPIRED"]


LIST: Final = "https://office.example/status/1"
ENTRY: Final = {
    "id": f"{LIST}#5",
    "type": "StatusList2021Entry",
    "statusPurpose": "revocation",
    "statusListIndex": "5",
    "statusListCredential": LIST,
}


def status_list(*indices: int) -> dict[str, Any]:
    bits = set_bits(empty_bitstring(131_072), indices)
    document = degree_credential(credential_id=LIST, types=("StatusList2021Credential",), contexts=(STATUS,))
    document["credentialSubject"] = {
        "id": f"{LIST}#list",
        "type": "StatusList2021",
        "statusPurpose": "revocation",
        "encodedList": encode_status_list_2021(bits),
    }
    return ISSUER.sign(document, "Ed25519Signature2020")


def test_what_was_revoked_is_refused_and_its_status_cannot_be_hidden(mattr: Mattr) -> None:
    document = unsigned()
    document["@context"].insert(-1, STATUS)
    document["credentialStatus"] = ENTRY
    signed = mattr.sign(document)
    frame = {**frame_for(("gpa",)), "@context": document["@context"]}
    for derived in (mattr.derive(signed, frame), derive(signed, *pointers_to(("gpa",)))):
        assert mattr.verify(derived)
        assert report(derived, lists=[status_list()])
        revoked = report(derived, lists=[status_list(5)])
        assert [check.code for check in revoked.failures] == ["REVOKED"]
    # Their frame may keep the status back. The proof holds, and we say that we cannot know.
    members: dict[str, Any] = {name: {} for name in ("issuer", "issuanceDate", "expirationDate")}
    hidden = mattr.derive(signed, {**frame, "@explicit": True, **members})
    assert "credentialStatus" not in json.dumps(hidden)
    assert mattr.verify(hidden)
    shown = ours(hidden).shown
    assert shown is not None
    assert "credentialStatus" in shown.may_hide
    assert not report(hidden, lists=[status_list(5)])
    assert not report(hidden, lists=[status_list()])


# The running server, over the wire.


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with the demo's data."""
    with serve("sqlite", program=quick.program()) as running:
        yield running


def said(server: RunningServer, credential: Mapping[str, Any]) -> tuple[bool, list[str]]:
    """What the server says of a credential: whether it verifies, and the codes of what failed."""
    answer = server.request("POST", "/api/v1/credentials/verify", {"credential": credential})
    assert answer.status == 200, answer.body
    found = answer.json()
    return found["verified"], [check["code"] for check in found["checks"] if check["outcome"] == "failed"]


@pytest.mark.timeout(240)
def test_what_the_running_server_issues_is_derived_there_and_verified_here(
    peer: Peer, contexts: dict[str, Any], server: RunningServer
) -> None:
    body = {**ISSUE_BODY, "proofType": SUITE}
    answer = server.request("POST", "/api/v1/credentials/issue", body, key=server.api_key)
    assert answer.status == 201, answer.body
    issued = answer.json()
    signed = issued["credential"]
    did, address = signed["issuer"]["id"], signed["proof"]["verificationMethod"]
    resolved = server.request("GET", f"/1.0/identifiers/{did}").json()["didDocument"]
    (method,) = (entry for entry in resolved["verificationMethod"] if entry["id"] == address)
    degree_terms = signed["@context"][1]
    terms = server.request("GET", "/" + degree_terms.split("/", 3)[3]).json()
    theirs = Mattr(
        peer,
        {
            **contexts,
            degree_terms: terms,
            address: key_document(method),
            did: controller_document(did, *resolved["assertionMethod"]),
        },
    )
    assert theirs.verify(signed)

    frame = {**frame_for(("university",)), "@context": signed["@context"]}
    by_server = server.request(
        "POST",
        "/api/v1/credentials/derive",
        {"credential": signed, "reveal": pointers_to(("university",)), "nonce": NONCE},
    )
    assert by_server.status == 200, by_server.body
    for derived in (theirs.derive(signed, frame), by_server.json()["credential"]):
        assert claims_of(derived) == {"university": "MIT"}
        # The office's ids are `urn:uuid:`, so theirs verifies once it sorts.
        assert not theirs.verify(derived)
        assert theirs.verify(derived, sorting=True)
        assert said(server, derived) == (True, [])
        tampered = copy.deepcopy(derived)
        tampered["credentialSubject"]["degree"]["university"] = "Oxford"
        assert not theirs.verify(tampered, sorting=True)
        assert not said(server, tampered)[0]
    # Numbers come from there as texts with a datatype, and meet the schema all the same.
    numbers = theirs.derive(signed, {**frame_for(("gpa", "graduationYear")), "@context": signed["@context"]})
    assert isinstance(numbers["credentialSubject"]["degree"]["gpa"], dict)
    assert said(server, numbers) == (True, [])
    # Theirs may keep the status back. Nothing fails then, but nobody here calls it verified.
    shown: dict[str, Any] = {name: {} for name in ("issuer", "issuanceDate", "expirationDate", "credentialSchema")}
    hidden = theirs.derive(signed, {**frame, "@explicit": True, **shown})
    assert theirs.verify(hidden, sorting=True)
    assert said(server, hidden) == (False, [])

    revoking = {"credentialId": issued["credentialId"], "reason": "interop"}
    answer = server.request("POST", "/api/v1/credentials/revoke", revoking, key=server.api_key)
    assert answer.status == 200, answer.body
    for derived in (theirs.derive(signed, frame), by_server.json()["credential"]):
        assert said(server, derived) == (False, ["REVOKED"])
