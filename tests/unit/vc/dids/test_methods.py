"""did:adi ids, did:key, did:jwk and did:web."""

from __future__ import annotations

import hashlib

import pytest

from sealwright.vc.dids.methods import (
    adi_id,
    adi_id_of,
    check_did_key,
    did_jwk,
    did_key,
    did_web_from_url,
    resolve_did_jwk,
    resolve_did_key,
    url_from_did_web,
)
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.multibase import base58btc_encode, base64url_encode, multibase_encode
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import (
    InvalidDID,
    InvalidKey,
    InvalidPublicKeyLength,
    InvalidPublicKeyType,
    UnsupportedDIDMethod,
    UnsupportedKeyType,
)
from sealwright.vc.keys.jwk import private_jwk, public_jwk
from sealwright.vc.keys.multikey import PublicKey
from tests.support.proving import ISSUER
from tests.support.sample_keys import ED25519, raw_key

KEY = PublicKey("Ed25519", ED25519)
DID_KEY = did_key(KEY)


def test_a_did_adi_is_the_digest_of_its_first_key() -> None:
    digest = hashlib.sha256(ED25519).hexdigest()
    assert adi_id(ED25519, agent=False) == f"did:adi:{digest}"
    assert adi_id(ED25519, agent=True) == f"did:adi:agent:{digest}"
    with pytest.raises(InvalidKey):
        adi_id(bytes(32), agent=False)
    p256 = PublicKey("P-256", raw_key("P-256"))
    assert adi_id_of(p256, agent=False) == f"did:adi:{hashlib.sha256(p256.raw).hexdigest()}"


def test_a_did_key_document_lists_its_key_for_every_signing_purpose() -> None:
    document = resolve_did_key(DID_KEY)
    signing = f"{DID_KEY}#{KEY.multikey}"
    for purpose in ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation"):
        assert document.relationship(purpose) == (signing,)
    (agreement,) = document.relationship("keyAgreement")
    assert agreement.startswith(f"{DID_KEY}#z6LS")
    assert document.to_json()["@context"][:2] == [
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    ]


def test_version_one_may_be_written_out_and_stays_in_the_id() -> None:
    versioned = f"did:key:1:{KEY.multikey}"
    document = resolve_did_key(versioned)
    assert document.id == versioned
    assert document.relationship("assertionMethod") == (f"{versioned}#{KEY.multikey}",)


@pytest.mark.parametrize("format_", ["Multikey", "JsonWebKey2020", "Ed25519VerificationKey2020"])
def test_the_format_of_a_did_key_document_can_be_chosen(format_: str) -> None:
    document = resolve_did_key(DID_KEY, public_key_format=format_)
    assert document.verification_methods[0].type == format_
    assert document.verification_methods[0].public_key == KEY


@pytest.mark.parametrize("kind", ["P-256", "P-384", "secp256k1", "BLS12-381-G2", "X25519"])
def test_other_kinds_resolve_to_multikeys(kind: str) -> None:
    key = PublicKey(kind, raw_key(kind))
    document = resolve_did_key(did_key(key))
    assert [(m.type, m.public_key) for m in document.verification_methods] == [("Multikey", key)]
    assert (document.relationship("keyAgreement") != ()) == (kind == "X25519")
    assert (document.relationship("assertionMethod") == ()) == (kind == "X25519")


@pytest.mark.parametrize(
    ("did", "error"),
    [
        (f"did:key:2:{KEY.multikey}", InvalidDID),
        (f"did:key:1.1:{KEY.multikey}", InvalidDID),
        (f"did:key::{KEY.multikey}", InvalidDID),
        (f"did:key:0:{KEY.multikey}", InvalidDID),
        ("did:key:" + multibase_encode(b"\xed\x01" + ED25519, "u"), InvalidDID),
        ("did:key:z", InvalidDID),
        ("did:key:z6MkOOPS", InvalidDID),
        (f"did:key:{KEY.multikey}!", InvalidDID),
        ("did:key:" + multibase_encode(b"\xed\x01" + ED25519[:-1]), InvalidPublicKeyLength),
        ("did:key:" + multibase_encode(b"\xed\x01" + ED25519 + b"\x00"), InvalidPublicKeyLength),
        ("did:key:" + multibase_encode(b"\x86\x26" + ED25519), UnsupportedKeyType),
        ("did:key:" + multibase_encode(b"\xed\x01" + bytes([1]) + bytes(31)), InvalidKey),
        ("did:jwk:abc", UnsupportedDIDMethod),
    ],
)
def test_a_broken_did_key_says_what_is_wrong(did: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        resolve_did_key(did)
    with pytest.raises(error):
        check_did_key(did)


@pytest.mark.parametrize("kind", ["Ed25519", "P-256", "P-384", "secp256k1", "BLS12-381-G2", "X25519"])
def test_a_sound_did_key_passes_without_its_document(kind: str) -> None:
    check_did_key(did_key(PublicKey(kind, raw_key(kind))))


def test_a_bls_key_is_served_in_the_form_of_the_legacy_suite() -> None:
    key = PublicKey("BLS12-381-G2", raw_key("BLS12-381-G2"))
    did = did_key(key)
    with pytest.raises(InvalidPublicKeyType):
        resolve_did_key(did, public_key_format="Bls12381G2Key2020")
    document = resolve_did_key(did, public_key_format="Bls12381G2Key2020", allow_experimental=True)
    (method,) = document.verification_methods
    assert (method.type, method.public_key) == ("Bls12381G2Key2020", key)
    written = document.to_json()
    assert written["@context"] == ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/bbs/v1"]
    assert written["verificationMethod"] == [
        {
            "id": f"{did}#{key.multikey}",
            "type": "Bls12381G2Key2020",
            "controller": did,
            "publicKeyBase58": base58btc_encode(key.raw),
        }
    ]
    with pytest.raises(InvalidPublicKeyType):
        resolve_did_key(DID_KEY, public_key_format="Bls12381G2Key2020", allow_experimental=True)


def test_formats_that_are_unknown_experimental_or_unfit_are_told_apart() -> None:
    with pytest.raises(UnsupportedKeyType):
        resolve_did_key(DID_KEY, public_key_format="PgpKey")
    with pytest.raises(InvalidPublicKeyType):
        resolve_did_key(DID_KEY, public_key_format="Ed25519VerificationKey2018")
    with pytest.raises(UnsupportedKeyType):
        resolve_did_key(DID_KEY, public_key_format="Ed25519VerificationKey2018", allow_experimental=True)
    with pytest.raises(InvalidPublicKeyType):
        resolve_did_key(did_key(PublicKey("P-256", raw_key("P-256"))), public_key_format="Ed25519VerificationKey2020")


@pytest.mark.parametrize("kind", ["Ed25519", "P-256", "X25519"])
def test_a_did_jwk_resolves_to_its_key(kind: str) -> None:
    key = PublicKey(kind, raw_key(kind))
    did = did_jwk(key)
    document = resolve_did_jwk(did)
    assert document.method(f"{did}#0").public_key == key
    assert (f"{did}#0" in document.relationship("assertionMethod")) == (kind != "X25519")
    assert (f"{did}#0" in document.relationship("keyAgreement")) == (kind != "Ed25519")


def test_the_use_of_a_jwk_narrows_its_purposes() -> None:
    for use, purpose, absent in (
        ("sig", "assertionMethod", "keyAgreement"),
        ("enc", "keyAgreement", "assertionMethod"),
    ):
        jwk = {"kty": "EC", "crv": "P-256", "use": use}
        did = f"did:jwk:{base64url_encode(dump_json({**public_jwk(PublicKey('P-256', raw_key('P-256'))), **jwk}))}"
        document = resolve_did_jwk(did)
        assert document.relationship(purpose) == (f"{did}#0",)
        assert document.relationship(absent) == ()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"[]", InvalidDID),
        (b"{", InvalidDID),
        (b'{"kty":"OKP","kty":"OKP"}', InvalidDID),
        (b'{"kty":1e999}', InvalidDID),
        (dump_json(private_jwk(ISSUER.seed)), InvalidKey),
        (b'{"kty":"oct","k":"AA"}', InvalidKey),
        (b'{"kty":"RSA"}', UnsupportedKeyType),
    ],
)
def test_a_broken_did_jwk_is_refused(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        resolve_did_jwk(f"did:jwk:{base64url_encode(content)}")


@pytest.mark.parametrize("did", ["did:jwk:!!", "did:jwk:a.b", "did:jwk:AA-", "did:key:z6Mk", "jwk"])
def test_a_did_jwk_that_is_not_base64url_is_refused(did: str) -> None:
    with pytest.raises(InvalidDID):
        resolve_did_jwk(did)


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:example.com", "https://example.com/.well-known/did.json"),
        ("did:web:example.com%3A8443", "https://example.com:8443/.well-known/did.json"),
        ("did:web:example.com:user:alice", "https://example.com/user/alice/did.json"),
    ],
)
def test_a_did_web_names_an_address(did: str, url: str) -> None:
    assert url_from_did_web(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:example.com:..:secret",
        "did:web:example.com:a%2Fb",
        "did:web:user%40example.com",
        "did:web:example.com%2Fpath",
        "did:web:example.com%3Aport",
        "did:web:-bad-",
        "did:web:example.com::a",
        "did:key:z6Mk",
    ],
)
def test_a_did_web_that_leaves_its_host_is_refused(did: str) -> None:
    with pytest.raises(InvalidDID):
        url_from_did_web(did)


def test_an_address_becomes_a_did_web_and_back() -> None:
    assert did_web_from_url("https://Cred.Example/") == "did:web:cred.example"
    assert did_web_from_url("https://cred.example:8443/office/mit") == "did:web:cred.example%3A8443:office:mit"
    assert url_from_did_web(did_web_from_url("https://cred.example/a")) == "https://cred.example/a/did.json"
    for url in ("mailto:a@b", "https://u:p@cred.example", "https://cred.example/?q", "https://cred.example/#f"):
        with pytest.raises(InvalidDID):
            did_web_from_url(url)


def test_the_generic_resolver_takes_what_holds_its_key_and_nothing_else() -> None:
    resolver = GenericResolver()
    for did in (DID_KEY, did_jwk(KEY)):
        resolved = resolver.resolve(did)
        assert resolved.document.id == did
        assert not resolved.deactivated
        assert resolved.compromised_methods == frozenset()
    for did in ("did:adi:issuer001", "did:web:example.com", "did:ion:a"):
        with pytest.raises(UnsupportedDIDMethod):
            resolver.resolve(did)
    with pytest.raises(InvalidDID):
        resolver.resolve("issuer001")
