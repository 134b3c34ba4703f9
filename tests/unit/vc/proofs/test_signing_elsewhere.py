"""Signing in another process, which makes its key itself and is given nothing but bytes, under every suite."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import METHOD_TYPES, VerificationMethod
from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.registry import ISSUED_SUITES, SUITES
from sealwright.vc.proofs.signers import SIGNING_KINDS
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import verify_proofs
from tests.support.proving import ALL_SUITES, ISSUER, NOW, Registry, canonicalizer, degree_credential

# All that the other process runs. It reads no document, and what could read one is not even loaded in it.
CHILD = """
import struct, sys
from sealwright.vc.proofs.signers import new_secret, signer_for
kind = sys.argv[1]
signer = signer_for(kind, new_secret(kind))
way_in, way_out = sys.stdin.buffer, sys.stdout.buffer
def give(data):
    way_out.write(struct.pack(">I", len(data)) + data)
    way_out.flush()
give(signer.public_key)
while head := way_in.read(4):
    give(signer.sign(way_in.read(struct.unpack(">I", head)[0])))
loaded = [name for name in sys.modules if name.startswith("sealwright.")]
give(",".join(loaded).encode())
"""


class SignerElsewhere:
    """The near end of the line to a process that signs."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.public_key = self.taken()

    def sign(self, data: bytes) -> bytes:
        assert self._child.stdin is not None
        self._child.stdin.write(struct.pack(">I", len(data)) + data)
        self._child.stdin.flush()
        return self.taken()

    def taken(self) -> bytes:
        assert self._child.stdout is not None
        (length,) = struct.unpack(">I", self._child.stdout.read(4))
        return self._child.stdout.read(length)

    def modules(self) -> set[str]:
        """What it had loaded when it was done."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        return set(self.taken().decode().split(","))


@contextmanager
def signer_elsewhere(kind: KeyKind) -> Iterator[SignerElsewhere]:
    """A process that signs with a new key of a kind; it has neither our environment nor our files."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
    ) as child:
        try:
            yield SignerElsewhere(child)
        finally:
            child.kill()


def method_of(suite: str, key: PublicKey) -> VerificationMethod:
    wanted = SUITES[suite].method_types
    kept_as = next(name for name in METHOD_TYPES if name in wanted and key.kind in METHOD_TYPES[name].kinds)
    return VerificationMethod(f"{ISSUER.did}#{kept_as}", kept_as, ISSUER.did, key)


def verify(document: dict[str, Any], registry: Registry, *, is_own_work: bool) -> int:
    return len(
        verify_proofs(
            document,
            resolver=registry,
            canon=canonicalizer(),
            purpose="assertionMethod",
            accepted_suites=ALL_SUITES,
            now=NOW,
            is_own_work=is_own_work,
        )
    )


@pytest.mark.parametrize("kind", SIGNING_KINDS)
def test_a_process_that_is_given_bytes_alone_signs_under_every_suite(kind: KeyKind) -> None:
    suites = [name for name in ISSUED_SUITES if kind in SUITES[name].key_kinds]
    assert suites
    with signer_elsewhere(kind) as elsewhere:
        key = PublicKey(kind, elsewhere.public_key)
        methods = {name: method_of(name, key) for name in suites}
        listed = {method.id: method for method in methods.values()}
        registry = Registry()
        registry.resolved[ISSUER.did] = ResolvedDID(
            build_did_document(ISSUER.did, list(listed.values()), relationships={"assertionMethod": list(listed)})
        )
        for name, method in methods.items():
            suite = SUITES[name]
            model = "1.1" if suite.cryptosuite is None else "2.0"
            document = with_suite_context(degree_credential(model), name)
            prepared = prepare(document, ProofOptions(name, method.id, NOW, public_key=key), canonicalizer())
            assert isinstance(prepared.data_to_sign, bytes)
            signed = attach(prepared, elsewhere.sign(prepared.data_to_sign))
            assert verify(signed, registry, is_own_work=True) == 1
            if isinstance(suite, DisclosureSuite):
                signed = derived(suite, signed, key)
                assert "graduationYear" in str(signed)
                assert "3.8" not in str(signed)
            assert verify(signed, registry, is_own_work=False) == 1
            with pytest.raises(ProofInvalid):
                verify({**signed, "issuer": f"{ISSUER.did}0"}, registry, is_own_work=True)
        modules = elsewhere.modules()
    assert "sealwright.vc.proofs.signers" in modules
    for part in ("vc.canon", "vc.credentials", "vc.dids", "vc.proofs.signing", "services", "storage", "adapters"):
        assert not {name for name in modules if name.startswith(f"sealwright.{part}")}, part


def derived(suite: DisclosureSuite, signed: dict[str, Any], key: PublicKey) -> dict[str, Any]:
    """The credential as its holder shows it: the year of the degree."""
    proof = signed["proof"]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    covered = Covered(without_proof(signed), options, signed["@context"], Hashing(canonicalizer()))
    pointers = ("/issuer", "/credentialSubject/id", "/credentialSubject/degree/graduationYear")
    return dict(suite.derive(covered, key, proof, Wish(pointers)))
