"""Selective disclosure in memory on one core: whole documents under ecdsa-sd-2023 and bbs-2023, beside the peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import degree, machine
from benchmarks.report import Result
from benchmarks.rounds import Contender, repeat, take_turns
from sealwright.vc.canon.canonicalizer import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import GenericResolver, ResolvedDID
from sealwright.vc.encoding.multibase import multibase_encode
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.signers import signer_for
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import verify_proofs
from tests.interop import peer as peers

OURS: Final = "sealwright"
THEIRS: Final = {
    "ecdsa-sd-2023": "@digitalbazaar/ecdsa-sd-2023-cryptosuite",
    "bbs-2023": "@digitalbazaar/bbs-2023-cryptosuite",
}
KINDS: Final[Mapping[str, KeyKind]] = {"ecdsa-sd-2023": "P-256", "bbs-2023": "BLS12-381-G2"}
SECRET_CODECS: Final = {"ecdsa-sd-2023": b"\x86\x26", "bbs-2023": b"\x8a\x26"}
ACTS: Final = {"sign": "sign", "derive": "derive", "verify": "verify derived"}
MANDATORY: Final = ("/issuer", "/validFrom", "/validUntil", "/credentialStatus", "/credentialSubject/id")
SELECTIVE: Final = ("/credentialSubject/degree/university", "/credentialSubject/degree/graduationYear")
STATUS_LIST: Final = "https://office.example/status/7c/revocation"
SECRET: Final = bytes(range(1, 33))
LEARNING_CALLS: Final = 20
# The peer takes a fifth of a second for an act under bbs-2023.
ROUND_SECONDS: Final = 1.0
ROUNDS: Final = 5
FOLDER: Final = Path(__file__).parent / "node"
PACKAGES: Final = Path(peers.__file__).parent / "digitalbazaar_sd"


class _Issuer:
    """A resolver that holds one did:key, read once: the peer's loader has it in memory as well."""

    def __init__(self, did: str) -> None:
        self._resolved = GenericResolver().resolve(did)

    def resolve(self, _did: str) -> ResolvedDID:
        """The issuer's document, whoever is asked for; a proof by anybody else does not hold."""
        return self._resolved


class Work:
    """What one suite does on our side: sign, derive, verify, with everything in memory."""

    def __init__(self, name: str, canon: Canonicalizer) -> None:
        found = disclosure_suite(name)
        assert found is not None
        self.name, self.suite, self._canon = name, found, canon
        self._signer = signer_for(KINDS[name], Secret32(SECRET if name == "ecdsa-sd-2023" else b"\0" + SECRET[:31]))
        self.key = PublicKey(KINDS[name], self._signer.public_key)
        self.did = did_key(self.key)
        self.method = f"{self.did}#{self.key.multikey}"
        self._resolver = _Issuer(self.did)
        self.unsigned = unsigned(self.did)
        self._options = ProofOptions(
            name, self.method, degree.CREATED, mandatory_pointers=MANDATORY, public_key=self.key
        )
        for _ in range(LEARNING_CALLS):
            self.base = self.sign()
            self.derived = self.derive(self.base)
            self.verify(self.derived)

    @property
    def acts(self) -> dict[str, Callable[[], object]]:
        """What is timed."""
        return {
            "sign": self.sign,
            "derive": lambda: self.derive(self.base),
            "verify": lambda: self.verify(self.derived),
        }

    def sign(self) -> dict[str, Any]:
        """Canonicalize, group, sign and attach: the peer's `vc.issue`."""
        prepared = prepare(self.unsigned, self._options, self._canon)
        return attach(prepared, self._signer.sign(prepared.data_to_sign))

    def derive(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """Derive from a base proof, what is passed on checked: the peer's `vc.derive`, which checks nothing."""
        options = {name: value for name, value in base["proof"].items() if name != "proofValue"}
        covered = Covered(without_proof(base), options, base["@context"], Hashing(self._canon))
        return self.suite.derive(covered, self.key, base["proof"], Wish(SELECTIVE))

    def verify(self, derived: Mapping[str, Any]) -> None:
        """Check a derived proof, and that its key is the issuer's; raises where it does not hold."""
        verify_proofs(
            derived,
            resolver=self._resolver,
            canon=self._canon,
            purpose="assertionMethod",
            accepted_suites=(self.name,),
            now=degree.NOW,
        )

    def told(self) -> dict[str, Any]:
        """What the peer needs to know."""
        key = {"id": self.method, "controller": self.did, "publicKeyMultibase": self.key.multikey}
        method = {"@context": "https://w3id.org/security/multikey/v1", "type": "Multikey", **key}
        did = {"@context": "https://www.w3.org/ns/did/v1", "id": self.did, "assertionMethod": [self.method]}
        secret = SECRET if self.name == "ecdsa-sd-2023" else b"\0" + SECRET[:31]
        return {
            "suite": self.name,
            "unsigned": self.unsigned,
            "base": self.base,
            "derived": self.derived,
            "key": {**key, "secretKeyMultibase": multibase_encode(SECRET_CODECS[self.name] + secret)},
            "documents": {degree.CONTEXT_URL: degree.CONTEXT, self.method: method, self.did: did},
            "created": format_timestamp(degree.CREATED),
            "now": format_timestamp(degree.NOW),
            "mandatoryPointers": list(MANDATORY),
            "selectivePointers": list(SELECTIVE),
        }


def unsigned(issuer: str) -> dict[str, Any]:
    """The degree credential of the other benches under Data Model 2.0."""
    entry = {
        "id": f"{STATUS_LIST}#73120",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "73120",
        "statusListCredential": STATUS_LIST,
    }
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2", degree.CONTEXT_URL],
        "id": degree.UNSIGNED["id"],
        "type": degree.UNSIGNED["type"],
        "issuer": {"id": issuer},
        "validFrom": degree.UNSIGNED["issuanceDate"],
        "validUntil": degree.UNSIGNED["expirationDate"],
        "credentialSubject": degree.UNSIGNED["credentialSubject"],
        "credentialStatus": entry,
    }


def works() -> dict[str, Work]:
    """Both suites over one canonicalizer, as a worker process of the service holds it."""
    contexts = ContextStore.pinned()
    contexts.register(degree.CONTEXT_URL, degree.CONTEXT_BYTES)
    canon = Canonicalizer(contexts)
    return {name: Work(name, canon) for name in KINDS}


def run() -> Result:
    """Measure both suites and the peer, which takes turns with ours."""
    figures: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    ours = works()
    with machine.pinned() as core, _peer(ours) as theirs:
        for name, work in ours.items():
            for act, title in ACTS.items():
                sides = {OURS: repeat(work.acts[act]), THEIRS[name]: theirs(name, act)}
                times = take_turns(sides, rounds=ROUNDS, round_seconds=ROUND_SECONDS)
                for side, found in times.items():
                    figures[f"{name}, {title}, {side}"] = found.summary()
                ratios[f"{name}, {title}, against the peer"] = times[OURS].per_second / times[THEIRS[name]].per_second
    return Result(
        bench="selective",
        title="selective disclosure in memory, one core, whole documents",
        figures=figures,
        ratios=ratios,
        targets=("ecdsa-sd-2023: each act 5 times the peer",),
        notes=(
            "Each side derived from the other's base proof and verified the other's derived one before the timing.",
            "Our derive checks the issuer's signature and, under ecdsa-sd-2023, each signature that is passed on; "
            "the peer's checks none.",
            "Ours has seen the shapes of the document and of its parts; a shape never seen costs what the reference "
            "processor costs.",
            "The peer's verify also checks the credential's outer form and dates. The status check is off on both "
            "sides.",
            f"Both processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )


@contextmanager
def _peer(ours: Mapping[str, Work]) -> Iterator[Callable[[str, str], Contender]]:
    """The peer for as long as the block runs, as a maker of contenders; it inherits the core we are pinned to."""
    peer = peers.start_node(FOLDER, "selective.mjs", packages=PACKAGES)
    try:
        for work in ours.values():
            made = peer.ask("prepare", **work.told())
            work.verify(made["derived"])
            work.verify(work.derive(made["base"]))

        def contender(name: str, act: str) -> Contender:
            def timed(seconds: float) -> Sequence[int]:
                times: list[int] = peer.ask("timed", suite=name, act=act, seconds=seconds)["times"]
                return times

            return timed

        yield contender
    finally:
        peer.stop()
