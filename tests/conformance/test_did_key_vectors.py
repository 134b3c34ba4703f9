"""The published did:key documents: key bytes and ids; the type names in them are of an older generation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sealwright.vc.dids.methods import did_key, resolve_did_key
from sealwright.vc.encoding.multibase import base58btc_decode
from sealwright.vc.errors import UnsupportedKeyType
from sealwright.vc.keys.jwk import public_key_from_jwk
from sealwright.vc.keys.multikey import PublicKey
from tests.support import vectors

FILES = {
    "ed25519-x25519.json": 5,
    "x25519.json": 4,
    "nist-curves.json": 7,
    "secp256k1.json": 6,
    "bls12381.json": 6,
    "rsa.json": 2,
}
NOT_IMPLEMENTED = {
    "did:key:z4MX": "RSA",
    "did:key:zggh": "RSA",
    "did:key:z5Tc": "BLS12-381 G1 and G2 in one",
}


def documents(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    content = vectors.read_json(vectors.folder("did-key") / name)
    if "didDocument" in content:
        yield from content["didDocument"].items()
    else:
        for did, case in content.items():
            yield did, case["didDocument"]


def keys_in(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for member in ("verificationMethod", "keyAgreement"):
        for method in document.get(member, []):
            if isinstance(method, dict):
                yield method["id"], method


def raw_key(method: dict[str, Any]) -> bytes:
    if "publicKeyJwk" in method:
        return public_key_from_jwk(method["publicKeyJwk"]).raw
    return base58btc_decode(method["publicKeyBase58"])


@pytest.mark.parametrize("name", FILES)
def test_key_bytes_and_ids_are_the_published_ones(name: str) -> None:
    cases = list(documents(name))
    assert len(cases) == FILES[name]
    for did, published in cases:
        if did[:12] in NOT_IMPLEMENTED:
            with pytest.raises(UnsupportedKeyType):
                resolve_did_key(did)
            continue
        document = resolve_did_key(did)
        assert document.id == published["id"] == did
        for method_id, method in keys_in(published):
            ours = document.method(method_id if not method_id.startswith("#") else did + method_id)
            assert ours is not None, method_id
            assert ours.public_key.raw == raw_key(method)
        main = document.verification_methods[0].public_key
        assert did_key(PublicKey(main.kind, main.raw)) == did


def test_an_ed25519_document_derives_its_encryption_key() -> None:
    for did, published in documents("ed25519-x25519.json"):
        agreement = [entry if isinstance(entry, str) else entry["id"] for entry in published["keyAgreement"]]
        assert list(resolve_did_key(did).relationship("keyAgreement")) == agreement


def test_every_file_is_listed_here() -> None:
    assert {path.name for path in vectors.folder("did-key").glob("*.json")} == set(FILES)
