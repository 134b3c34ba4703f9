"""BbsBlsSignature2020 in memory on one core: whole documents issued, derived and verified, beside Mattr's suite."""

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
from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.multibase import base58btc_encode
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.signers import signer_for
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.suites.bbs2020_statements import BBS_CONTEXT, DERIVED_TYPE, PROOF_TYPE
from sealwright.vc.proofs.suites.bbs_bls_signature_2020 import BBS_BLS_SIGNATURE_2020
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import verify_proofs
from tests.interop import peer as peers

OURS: Final = "sealwright"
THEIRS: Final = "@mattrglobal/jsonld-signatures-bbs"
ACTS: Final = {
    "sign": "issue",
    "verify base": "verify the base proof",
    "derive": "derive",
    "verify": "verify the derived proof",
}
METHOD: Final = f"{degree.ISSUER}#bbs-1"
SECRET: Final = bytes(range(1, 33))
CHOSEN: Final = ("university", "graduationYear")
JWS_CONTEXT: Final = "https://w3id.org/security/suites/jws-2020/v1"
STATUS_CONTEXT: Final = "https://w3id.org/vc/status-list/2021/v1"
LEARNING_CALLS: Final = 20
ROUND_SECONDS: Final = 1.0
ROUNDS: Final = 7
FOLDER: Final = Path(__file__).parent / "node"
PACKAGES: Final = Path(peers.__file__).parent / "mattr"

UNSIGNED: Final[dict[str, Any]] = {
    **degree.UNSIGNED,
    "@context": ["https://www.w3.org/2018/credentials/v1", degree.CONTEXT_URL, STATUS_CONTEXT, BBS_CONTEXT],
    # With an id that sorts behind `urn:bnid:`, the peer refuses what it derived itself; see the divergences.
    "id": "https://office.example/credentials/f47ac10b",
}
FRAME: Final[dict[str, Any]] = {
    "@context": UNSIGNED["@context"],
    "type": UNSIGNED["type"],
    "credentialSubject": {"@explicit": True, "degree": {"@explicit": True, **{name: {} for name in CHOSEN}}},
}


class Work:
    """What we do: issue, derive, verify, with everything in memory, as a worker process of the service holds it."""

    def __init__(self) -> None:
        self._contexts = ContextStore.pinned()
        self._contexts.register(degree.CONTEXT_URL, degree.CONTEXT_BYTES)
        self._canon = Canonicalizer(self._contexts)
        self._signer = signer_for("BLS12-381-G2", Secret32(SECRET))
        self._key = PublicKey("BLS12-381-G2", self._signer.public_key)
        method = VerificationMethod(METHOD, "Bls12381G2Key2020", degree.ISSUER, self._key)
        document = build_did_document(degree.ISSUER, [method], relationships={"assertionMethod": [METHOD]})
        self._resolved = ResolvedDID(document)
        self._options = ProofOptions(PROOF_TYPE, METHOD, degree.CREATED, public_key=self._key)
        for _ in range(LEARNING_CALLS):
            self.base = self.sign()
            self.derived = self.derive(self.base)
            self.verify(self.base)
            self.verify(self.derived)

    @property
    def acts(self) -> dict[str, Callable[[], object]]:
        """What is timed."""
        return {
            "sign": self.sign,
            "verify base": lambda: self.verify(self.base),
            "derive": lambda: self.derive(self.base),
            "verify": lambda: self.verify(self.derived),
        }

    def resolve(self, _did: str) -> ResolvedDID:
        """The issuer's document, whoever is asked for; a proof by anybody else does not hold."""
        return self._resolved

    def sign(self) -> dict[str, Any]:
        """Canonicalize, sign every statement and attach."""
        prepared = prepare(UNSIGNED, self._options, self._canon)
        return attach(prepared, self._signer.sign(prepared.data_to_sign))

    def derive(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """Check the base proof and derive, by pointers to what the peer's frame shows."""
        options = {name: value for name, value in base["proof"].items() if name != "proofValue"}
        covered = Covered(without_proof(base), options, base["@context"], Hashing(self._canon))
        wish = Wish(tuple(f"/credentialSubject/degree/{name}" for name in CHOSEN))
        return BBS_BLS_SIGNATURE_2020.derive(covered, self._key, base["proof"], wish)

    def verify(self, document: Mapping[str, Any]) -> None:
        """Check a proof, and that its key is the issuer's; raises where it does not hold."""
        verify_proofs(
            document,
            resolver=self,
            canon=self._canon,
            purpose="assertionMethod",
            accepted_suites=(PROOF_TYPE, DERIVED_TYPE),
            now=degree.NOW,
        )

    def told(self) -> dict[str, Any]:
        """What the peer needs to know."""
        context = "https://w3id.org/security/v2"
        public = {"id": METHOD, "controller": degree.ISSUER, "publicKeyBase58": base58btc_encode(self._key.raw)}
        return {
            "unsigned": UNSIGNED,
            "base": self.base,
            "derived": self.derived,
            "frame": FRAME,
            "key": {**public, "privateKeyBase58": base58btc_encode(SECRET)},
            "documents": {
                METHOD: {"@context": context, "type": "Bls12381G2Key2020", **public},
                degree.ISSUER: {"@context": context, "id": degree.ISSUER, "assertionMethod": [METHOD]},
                degree.CONTEXT_URL: degree.CONTEXT,
                # It looks keys up under this context, of which no term is used here; empty, it costs the peer less.
                JWS_CONTEXT: {"@context": {}},
                **{url: self._contexts.get(url).document for url in (BBS_CONTEXT, STATUS_CONTEXT)},
            },
            "created": format_timestamp(degree.CREATED),
        }


def run() -> Result:
    """Measure both sides, which take turns."""
    figures: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    work = Work()
    with machine.pinned() as core, _peer(work) as theirs:
        for act, title in ACTS.items():
            sides = {OURS: repeat(work.acts[act]), THEIRS: theirs(act)}
            times = take_turns(sides, rounds=ROUNDS, round_seconds=ROUND_SECONDS)
            for side, found in times.items():
                figures[f"{title}, {side}"] = found.summary()
            ratios[f"{title}, against the peer"] = times[OURS].per_second / times[THEIRS].per_second
    return Result(
        bench="bbs2020",
        title="BbsBlsSignature2020 in memory, one core, whole documents",
        figures=figures,
        ratios=ratios,
        targets=("whole documents issued 20 times as fast as by the peer",),
        notes=(
            "Each side verified the other's base and derived proof, and derived from the other's base proof, before "
            "the timing.",
            "Our derive checks the issuer's signature first; the peer's does not.",
            "Ours has seen the shapes of the document and of its parts; a shape never seen costs what the reference "
            "processor costs.",
            "The peer runs without native code, as its packages install without scripts.",
            f"Both processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )


@contextmanager
def _peer(work: Work) -> Iterator[Callable[[str], Contender]]:
    """The peer for as long as the block runs, as a maker of contenders; it inherits the core we are pinned to."""
    peer = peers.start_node(FOLDER, "bbs2020.mjs", packages=PACKAGES)
    try:
        made = peer.ask("prepare", **work.told())
        work.verify(made["base"])
        work.verify(made["derived"])
        work.verify(work.derive(made["base"]))

        def contender(act: str) -> Contender:
            def timed(seconds: float) -> Sequence[int]:
                times: list[int] = peer.ask("timed", act=act, seconds=seconds)["times"]
                return times

            return timed

        yield contender
    finally:
        peer.stop()
