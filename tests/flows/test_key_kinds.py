"""DIDs with keys of several kinds: made, listed, signed with, given new ones, taken over and taken along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealwright.adapters.software_keys import KEPT_KINDS
from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.dids import Custody, DIDKind, DIDRecord, KeyPurpose, MethodState
from sealwright.domain.errors import DIDImmutable, IssuerKeyMissing, MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.services.did_documents import PROOF_TYPES
from sealwright.services.dids import ImportedDID, ImportedKey, NewDID
from sealwright.services.key_rotation import rotate_all
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.dids.document import build_did_document, parse_did_document
from sealwright.vc.dids.methods import adi_id_of
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.multibase import base58btc_encode
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import InvalidDID, InvalidKey, ProofTypeUnavailable
from sealwright.vc.keys import jose, p256
from sealwright.vc.keys.jwk import private_jwk
from sealwright.vc.keys.multikey import PublicKey, decode_multikey
from sealwright.vc.proofs.bbs import ietf, legacy
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.compact import open_compact
from sealwright.vc.proofs.registry import ISSUED_SUITES, disclosure_suite
from sealwright.vc.proofs.signers import new_secret, public_of
from tests.support.copies import checks_of, content_of, copies_for
from tests.support.office import furnish, issue, open_office, the_operator

ALL = ("Ed25519Signature2020", "bbs-2023", "BbsBlsSignature2020", "ecdsa-rdfc-2019", "ecdsa-sd-2023")


@pytest.fixture
def office(issuing_office: Office) -> Office:
    return issuing_office


def make(office: Office, **members: Any) -> DIDRecord:
    wish = NewDID(**members)
    return office.acts.run(
        the_operator(office), lambda uow, me: office.dids.create(uow, me, wish), changes_registry=True
    )


def rotate(office: Office, did: str, proof_type: str | None = None, **options: bool) -> DIDRecord:
    return office.acts.run(
        the_operator(office),
        lambda uow, me: office.dids.rotate(uow, me, did, proof_type, **options),
        changes_registry=True,
    )


def active(record: DIDRecord) -> dict[str, tuple[str, str]]:
    """Fragments of active methods → type, and the beginning of the key."""
    return {
        method.id.partition("#")[2]: (method.type, method.public_key_multibase[:4])
        for method in record.methods
        if method.state is MethodState.ACTIVE
    }


def outcome(office: Office, document: bytes | None) -> bool:
    assert document is not None
    return bool(office.verifier.verify(parse_json(document), VerifyOptions()))


def test_a_did_gets_one_key_for_each_kind_and_lists_bls_keys_twice(office: Office) -> None:
    record = make(office, proof_types=ALL, kind=DIDKind.ORGANIZATION)
    assert active(record) == {
        "key-1": ("Ed25519VerificationKey2020", "z6Mk"),
        "key-2": ("Multikey", "zUC7"),
        "key-2-bls2020": ("Bls12381G2Key2020", "zUC7"),
        "key-3": ("Multikey", "zDna"),
        "status-1": ("Ed25519VerificationKey2020", "z6Mk"),
        "agreement-1": ("Multikey", "z6LS"),
    }
    by_fragment = {method.id.partition("#")[2]: method for method in record.methods}
    modern, older = by_fragment["key-2"], by_fragment["key-2-bls2020"]
    assert modern.public_key_multibase == older.public_key_multibase
    assert (modern.proof_types, older.proof_types) == (("bbs-2023",), ("BbsBlsSignature2020",))
    assert modern.key_id == older.key_id == modern.id
    signing = {name: record.signing_method(name) for name in ISSUED_SUITES}
    assert {name: method and method.id.partition("#")[2] for name, method in signing.items()} == {
        **dict.fromkeys(PROOF_TYPES["Ed25519"], "key-1"),
        **dict.fromkeys(PROOF_TYPES["P-256"], "key-3"),
        "bbs-2023": "key-2",
        "BbsBlsSignature2020": "key-2-bls2020",
    }
    with office.units(write=False) as uow:
        kept = {key.key_id.partition("#")[2]: key.algorithm for key in uow.keys.list() if key.did == record.did}
    assert kept == {
        "key-1": "Ed25519",
        "key-2": "BLS12-381-G2",
        "key-3": "P-256",
        "status-1": "Ed25519",
        "agreement-1": "X25519",
    }

    document = parse_json(office.dids.get(record.did).document)
    assert isinstance(document, dict)
    listed: Any = {one["id"].partition("#")[2]: one for one in document["verificationMethod"]}  # type: ignore[index, union-attr]
    key = decode_multikey(older.public_key_multibase)
    assert listed["key-2"]["publicKeyMultibase"] == key.multikey
    assert listed["key-2-bls2020"]["publicKeyBase58"] == base58btc_encode(key.raw)
    assert "publicKeyMultibase" not in listed["key-2-bls2020"]
    for purpose in ("assertionMethod", "authentication"):
        assert {f"{record.did}#{name}" for name in ("key-1", "key-2", "key-2-bls2020", "key-3")} <= set(
            parse_did_document(document).relationship(purpose)
        )
    assert "https://w3id.org/security/bbs/v1" in document["@context"]  # type: ignore[operator]


def test_either_method_of_a_bls_key_finds_the_key_that_signs(office: Office) -> None:
    record = make(office, proof_types=("bbs-2023",))
    messages = [b"one", b"two"]
    for name, scheme in (("bbs-2023", Scheme.IETF_SHA_256), ("BbsBlsSignature2020", Scheme.LEGACY_2020)):
        method = record.signing_method(name)
        assert method is not None
        key = office.registry.current().key(method.key_id)
        assert key is not None
        request = encode_request(scheme, b"", messages)
        signature = office.keys.sign(key, request, use=KeyPurpose.CREDENTIALS, at=office.clock.now())
        public = decode_multikey(method.public_key_multibase).raw
        if scheme is Scheme.IETF_SHA_256:
            ietf.verify(public, signature, b"", messages)
        else:
            legacy.verify(public, signature, messages)


@pytest.mark.parametrize(
    ("proof_types", "kind"),
    [(("ecdsa-jcs-2019", "Ed25519Signature2020"), "P-256"), (("bbs-2023",), "BLS12-381-G2")],
)
def test_the_first_key_names_a_did_adi_whatever_its_kind(office: Office, proof_types: Any, kind: Any) -> None:
    record = make(office, proof_types=proof_types)
    first = decode_multikey(record.methods[0].public_key_multibase)
    assert first.kind == kind
    assert record.did == adi_id_of(first, agent=False)
    # Status lists are signed by a key of a kind that signs alike each time.
    assert active(record)["status-1"][0] == "Ed25519VerificationKey2020"


@pytest.mark.parametrize("proof_type", ISSUED_SUITES)
@pytest.mark.parametrize("method", ["adi", "key", "jwk", "web"])
def test_every_did_that_can_hold_a_key_issues_with_it(office: Office, method: str, proof_type: str) -> None:
    if method == "jwk" and proof_type in PROOF_TYPES["BLS12-381-G2"]:
        with pytest.raises(MalformedBody):
            make(office, method=method, proof_types=(proof_type,))
        return
    record = make(office, method=method, proof_types=(proof_type,))
    is_revocable = method not in ("key", "jwk") or proof_type not in PROOF_TYPES["BLS12-381-G2"]
    if not is_revocable:
        # Its one key signs no lists, so that nobody could ever learn of a revocation.
        with pytest.raises(IssuerKeyMissing):
            issue(office, issuer_did=record.did, proof_type=proof_type)
    made = issue(office, issuer_did=record.did, proof_type=proof_type, revocable=is_revocable).record
    assert made.document is not None
    if disclosure_suite(proof_type) is None:
        assert outcome(office, made.document)
    else:
        # What the office signed was checked as its own work; a verifier is shown what holders derive.
        assert b'"proofValue":' in made.document


@pytest.mark.parametrize("method", ["key", "jwk"])
def test_a_did_of_one_p256_key_signs_its_own_status_lists(office: Office, method: str) -> None:
    record = make(office, method=method, proof_types=("ecdsa-rdfc-2019",))
    made = issue(office, issuer_did=record.did, proof_type="ecdsa-rdfc-2019").record
    assert outcome(office, made.document)
    assert made.place is not None
    for form in ("revocation", "bitstring/revocation"):
        listed = office.status.document(made.place.list_id, form)
        assert listed.document is not None
        proof: Any = listed.document["proof"]
        assert proof["cryptosuite"] == "ecdsa-rdfc-2019"
        assert proof["verificationMethod"] == record.methods[0].id
    token = open_compact(office.status.document(made.place.list_id, "token").body.decode(), max_length=100_000)
    assert (token.header["alg"], token.header["kid"]) == ("ES256", record.methods[0].id)
    jose.verify(decode_multikey(record.methods[0].public_key_multibase), token.signature, token.signing_input)
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.revocation.revoke(uow, me, made.credential_id, "left", ReasonCode.HOLDER_REQUEST),
    )
    assert office.shelf.status(made.credential_id).status is CredentialStatus.REVOKED
    assert not outcome(office, made.document)


@pytest.mark.parametrize(
    ("method", "proof_types"),
    [
        ("key", ("Ed25519Signature2020", "ecdsa-rdfc-2019")),
        ("key", ("bbs-2023", "ecdsa-sd-2023")),
        ("jwk", ("Ed25519Signature2020", "ecdsa-rdfc-2019")),
        ("jwk", ("bbs-2023",)),
        ("jwk", ("BbsBlsSignature2020",)),
    ],
)
def test_a_did_of_one_key_has_one_kind(office: Office, method: str, proof_types: tuple[str, ...]) -> None:
    with pytest.raises(MalformedBody) as caught:
        make(office, method=method, proof_types=proof_types)
    assert [fault.pointer for fault in caught.value.faults] == ["/proofTypes"]


def test_one_kind_may_be_named_by_all_its_proof_types(office: Office) -> None:
    record = make(office, method="key", proof_types=PROOF_TYPES["BLS12-381-G2"])
    (method,) = record.methods
    assert set(method.proof_types) == set(PROOF_TYPES["BLS12-381-G2"])
    assert method.id == f"{record.did}#{record.did.removeprefix('did:key:')}"


def test_rotating_by_proof_type_leaves_the_other_keys(office: Office) -> None:
    record = make(office, proof_types=ALL)
    before = active(record)
    signed = issue(office, issuer_did=record.did, proof_type="ecdsa-rdfc-2019").record
    changed = rotate(office, record.did, "BbsBlsSignature2020")
    after = active(changed)
    assert set(before) - set(after) == {"key-2", "key-2-bls2020"} - set(after)
    kept = {name: form for name, form in before.items() if not name.startswith("key-2")}
    # Both listings go together with the key, though one of the two proof types was named.
    assert {name: after[name] for name in kept} == kept
    assert set(after) - set(kept) == {"key-4"} | {"key-4-bls2020"}
    old = next(method for method in changed.methods if method.id.endswith("#key-2"))
    assert old.state is MethodState.RETIRED
    with office.units(write=False) as uow:
        states = {key.key_id.partition("#")[2]: key.state for key in uow.keys.list() if key.did == record.did}
    assert states["key-2"] is MethodState.RETIRED
    assert states["key-4"] is MethodState.ACTIVE
    assert "key-4-bls2020" not in states
    assert outcome(office, signed.document)

    rotate(office, record.did, "ecdsa-sd-2023")
    assert outcome(office, signed.document)
    rotate(office, record.did, "ecdsa-jcs-2019", compromised=True)
    # That took the key out that signed in the meantime; the one that signed this had retired by then.
    assert outcome(office, signed.document)


def test_a_compromised_key_takes_what_it_signed_along_and_nothing_else(office: Office) -> None:
    record = make(office, proof_types=ALL)
    by_p256 = issue(office, issuer_did=record.did, proof_type="ecdsa-rdfc-2019").record
    by_ed25519 = issue(office, issuer_did=record.did, proof_type="eddsa-rdfc-2022").record
    rotate(office, record.did, "ecdsa-rdfc-2019", compromised=True)
    assert not outcome(office, by_p256.document)
    assert outcome(office, by_ed25519.document)
    again = issue(office, issuer_did=record.did, proof_type="ecdsa-rdfc-2019").record
    assert outcome(office, again.document)


def test_rotating_without_a_proof_type_replaces_every_key_by_its_like(office: Office) -> None:
    record = make(office, proof_types=ALL, kind=DIDKind.ORGANIZATION)
    changed = rotate(office, record.did)
    kinds = sorted(form for form in active(record).values())
    assert sorted(form for form in active(changed).values()) == kinds
    assert not set(active(record)) & set(active(changed))
    for proof_type in ALL:
        before, after = record.signing_method(proof_type), changed.signing_method(proof_type)
        assert before is not None
        assert after is not None
        assert before.public_key_multibase != after.public_key_multibase
    assert record.did in rotate_all(office, the_operator(office))


def test_a_did_without_a_key_for_a_proof_type_gets_one_by_rotating(office: Office) -> None:
    record = make(office)
    with pytest.raises(ProofTypeUnavailable):
        rotate(office, record.did, "bbs-2023", compromised=True)
    changed = rotate(office, record.did, "bbs-2023")
    assert {**active(record), **active(changed)} == active(changed)
    assert active(changed)["key-2"] == ("Multikey", "zUC7")
    fixed = make(office, method="key")
    with pytest.raises(DIDImmutable):
        rotate(office, fixed.did, "bbs-2023")


def test_a_did_whose_keys_are_elsewhere_gets_none_by_rotating(office: Office) -> None:
    key = PublicKey("P-256", p256.public_from_private(p256.generate_private_key()))
    wish = ImportedDID("did:adi:elsewhere", keys=(ImportedKey(public_key_multibase=key.multikey),))
    record = office.acts.run(
        the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True
    )
    (method,) = record.methods
    assert (method.custody, method.proof_types) == (Custody.EXTERNAL, PROOF_TYPES["P-256"])
    with pytest.raises(ProofTypeUnavailable):
        rotate(office, record.did, "ecdsa-rdfc-2019")


@pytest.mark.parametrize("kind", ["Ed25519", "P-256", "BLS12-381-G2"])
def test_a_private_key_of_every_kind_is_taken_over_and_issues(office: Office, kind: Any) -> None:
    secret = new_secret(kind)
    wish = ImportedDID(f"did:adi:taken-{kind}", keys=(ImportedKey(private_key_jwk=dict(private_jwk(secret, kind))),))
    record = office.acts.run(
        the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True
    )
    assert decode_multikey(record.methods[0].public_key_multibase).raw == public_of(kind, secret)
    for proof_type in PROOF_TYPES[kind]:
        made = issue(office, issuer_did=record.did, proof_type=proof_type).record
        assert disclosure_suite(proof_type) is not None or outcome(office, made.document)
    broken = replace(
        wish, did="did:adi:broken", keys=(ImportedKey(private_key_jwk={**private_jwk(secret, kind), "x": "AA"}),)
    )
    with pytest.raises(InvalidKey):
        office.acts.run(
            the_operator(office), lambda uow, me: office.dids.import_did(uow, me, broken), changes_registry=True
        )


def test_a_given_document_may_list_a_key_twice_but_not_without_its_first_id(office: Office) -> None:
    secret = new_secret("BLS12-381-G2")
    key = PublicKey("BLS12-381-G2", public_of("BLS12-381-G2", secret))
    did = "did:adi:written-elsewhere"
    first = VerificationMethod(f"{did}#key-1", "Multikey", did, key)
    again = VerificationMethod(f"{did}#bbs", "Bls12381G2Key2020", did, key)

    def take_over(*methods: VerificationMethod) -> DIDRecord:
        purposes = {"assertionMethod": [method.id for method in methods]}
        document = build_did_document(did, methods, relationships=purposes).to_json()
        keys = (ImportedKey(private_key_jwk=dict(private_jwk(secret, "BLS12-381-G2"))),)
        wish = ImportedDID(did, keys=keys, document=document)
        return office.acts.run(
            the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True
        )

    with pytest.raises(InvalidDID):
        take_over(again)
    record = take_over(first, again)
    assert [(method.id, method.key_id, method.proof_types) for method in record.methods] == [
        (first.id, first.id, ("bbs-2023",)),
        (again.id, first.id, ("BbsBlsSignature2020",)),
    ]
    for proof_type in PROOF_TYPES["BLS12-381-G2"]:
        made = issue(office, issuer_did=did, proof_type=proof_type, revocable=False).record
        assert made.document is not None


@pytest.mark.parametrize("form", [CredentialFormat.JWT_VC_JSON, CredentialFormat.SD_JWT])
def test_tokens_are_signed_by_a_p256_key_where_there_is_no_ed25519_key(office: Office, form: CredentialFormat) -> None:
    copies = copies_for(office)
    wallet = make(office, method="key").did
    for proof_types, algorithm in ((("ecdsa-rdfc-2019",), "ES256"), (("ecdsa-rdfc-2019", "eddsa-jcs-2022"), "EdDSA")):
        record = make(office, proof_types=proof_types, kind=DIDKind.ORGANIZATION)
        source = issue(office, issuer_did=record.did, proof_type="ecdsa-rdfc-2019").record
        made = copies.make(source, form, wallet)
        assert isinstance(content := content_of(made), str)
        assert open_compact(content.partition("~")[0], max_length=100_000).header["alg"] == algorithm
        checks = checks_of(office, made, expected_holder=wallet)
        assert checks["verified"] == "True", checks
        rotate(office, record.did, proof_types[-1], compromised=True)
        assert checks_of(office, made, expected_holder=wallet)["verified"] == "False"
    only_bbs = make(office, proof_types=("bbs-2023",))
    source = issue(office, issuer_did=only_bbs.did, proof_type="bbs-2023").record
    with pytest.raises(IssuerKeyMissing):
        copies.make(source, form, wallet)


@pytest.fixture
def reopened(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office that was opened before, with another process's keys in its memory."""
    with open_office(database_url, tmp_path / "home") as first:
        furnish(first)
        make(first, method="web", path="kinds", proof_types=ALL)
    with open_office(database_url, tmp_path / "home") as second:
        yield second


def test_keys_of_all_kinds_open_in_another_process(reopened: Office) -> None:
    page = reopened.dids.list(the_operator(reopened), limit=10, cursor=None)
    record = next(one for one in page.items if one.method == "web")
    with reopened.units(write=False) as uow:
        keys = uow.keys.list()
    assert {key.algorithm for key in keys} == set(KEPT_KINDS)
    assert reopened.keys.check(keys)
    for proof_type in ALL:
        made = issue(reopened, issuer_did=record.did, proof_type=proof_type).record
        assert made.document is not None
        assert json.loads(made.document)["proof"]["verificationMethod"].startswith(record.did)
