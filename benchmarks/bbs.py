"""BBS mathematics in memory on one core, under the IETF draft and the legacy scheme: 20 messages, 5 disclosed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks.report import Result
from benchmarks.rounds import Contender, repeat, take_turns
from sealwright.vc.keys.bls12381 import generate_private_key
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs import ietf, legacy
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.bbs.signer import BlsSigner
from tests.interop import peer as peers

OURS: Final = "sealwright"
THEIRS: Final = {"ietf": "@digitalbazaar/bbs-signatures", "legacy": "@mattrglobal/bbs-signatures"}
TITLES: Final = {"ietf": "IETF draft", "legacy": "legacy 2020"}
# Act: what it is called here, and how many a second one core is to do.
ACTS: Final = {
    "sign": ("sign", 500),
    "verify": ("verify", 200),
    "derive": ("derive", 150),
    "verifyDerived": ("verify derived", 150),
}
MESSAGES: Final = [
    f'<urn:uuid:subject> <https://example.org/p{number}> "value {number}" .'.encode() for number in range(20)
]
DISCLOSED: Final = (0, 4, 8, 12, 16)
HEADER: Final = bytes(range(64))
NONCE: Final = bytes(range(32))
# The peers take a fifth of a second for an act.
ROUND_SECONDS: Final = 1.0
ROUNDS: Final = 5
_INTEROP: Final = Path(peers.__file__).parent


class UnlikeSignatures(Exception):
    """One side does not take what the other makes, so their speeds say nothing about each other."""


@dataclass(frozen=True, slots=True)
class Work:
    """One scheme's four acts, and what was made once."""

    public_key: bytes
    signature: bytes
    proof: bytes
    acts: dict[str, Callable[[], object]]
    check_signature: Callable[[bytes], None]
    check_proof: Callable[[bytes], None]

    def told(self, secret: Secret32) -> dict[str, str]:
        """What the peer needs to know."""
        return {
            "secretKey": secret.reveal().hex(),
            "publicKey": self.public_key.hex(),
            "signature": self.signature.hex(),
            "proof": self.proof.hex(),
        }


def run() -> Result:
    """Measure both schemes and their peers, which take turns with ours."""
    secret = generate_private_key()
    works = {"ietf": _ietf(secret), "legacy": _legacy(secret)}
    figures: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    with machine.pinned() as core, _peer(works, secret) as theirs:
        for scheme, work in works.items():
            for act, (name, _) in ACTS.items():
                sides = {OURS: repeat(work.acts[act]), THEIRS[scheme]: theirs(scheme, act)}
                times = take_turns(sides, rounds=ROUNDS, round_seconds=ROUND_SECONDS)
                for side, found in times.items():
                    figures[f"{TITLES[scheme]}, {name}, {side}"] = found.summary()
                ratio = times[OURS].per_second / times[THEIRS[scheme]].per_second
                ratios[f"{TITLES[scheme]}, {name}, against the peer"] = ratio
    return Result(
        bench="bbs",
        title="BBS signatures and proofs in memory, one core, 20 messages, 5 disclosed",
        figures=figures,
        ratios=ratios,
        targets=tuple(f"{name}: {target} a second under either scheme" for name, target in ACTS.values()),
        notes=(
            "Each side checked signatures and proofs of the other before anything was timed.",
            "The points of the legacy scheme depend on key and count; ours are kept, the peer makes them in each act.",
            "Our signing masks the key with a fresh random factor; the peers do not.",
            f"All processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )


def _ietf(secret: Secret32) -> Work:
    signer = BlsSigner(secret)
    key = signer.public_key
    request = encode_request(Scheme.IETF_SHA_256, HEADER, MESSAGES)
    shown = [MESSAGES[index] for index in DISCLOSED]
    signature = signer.sign(request)
    proof = ietf.derive(key, signature, HEADER, NONCE, MESSAGES, DISCLOSED)
    acts: dict[str, Callable[[], object]] = {
        "sign": lambda: signer.sign(request),
        "verify": lambda: ietf.verify(key, signature, HEADER, MESSAGES),
        "derive": lambda: ietf.derive(key, signature, HEADER, NONCE, MESSAGES, DISCLOSED),
        "verifyDerived": lambda: ietf.verify_derived(key, proof, HEADER, NONCE, shown, DISCLOSED),
    }
    return Work(
        key,
        signature,
        proof,
        acts,
        lambda made: ietf.verify(key, made, HEADER, MESSAGES),
        lambda made: ietf.verify_derived(key, made, HEADER, NONCE, shown, DISCLOSED),
    )


def _legacy(secret: Secret32) -> Work:
    signer = BlsSigner(secret)
    key = signer.public_key
    request = encode_request(Scheme.LEGACY_2020, b"", MESSAGES)
    shown = [MESSAGES[index] for index in DISCLOSED]
    signature = signer.sign(request)
    proof = legacy.derive(key, signature, MESSAGES, DISCLOSED, NONCE)
    acts: dict[str, Callable[[], object]] = {
        "sign": lambda: signer.sign(request),
        "verify": lambda: legacy.verify(key, signature, MESSAGES),
        "derive": lambda: legacy.derive(key, signature, MESSAGES, DISCLOSED, NONCE),
        "verifyDerived": lambda: legacy.verify_derived(key, proof, shown, NONCE),
    }
    return Work(
        key,
        signature,
        proof,
        acts,
        lambda made: legacy.verify(key, made, MESSAGES),
        lambda made: legacy.verify_derived(key, made, shown, NONCE),
    )


@contextmanager
def _peer(works: dict[str, Work], secret: Secret32) -> Iterator[Callable[[str, str], Contender]]:
    """The peers for as long as the block runs, as a maker of contenders; they inherit the core we are pinned to."""
    for packages in ("digitalbazaar_sd", "mattr"):
        if not (_INTEROP / packages / "node_modules").is_dir():
            raise peers.PeerMissing(f"The packages of the peer {packages} are not installed: run `make peers`")
    peer = peers.start_node(Path(__file__).parent / "node", "bbs.mjs", packages=_INTEROP / "mattr")
    try:
        made: dict[str, Any] = peer.ask(
            "prepare",
            messages=[message.hex() for message in MESSAGES],
            disclosed=list(DISCLOSED),
            header=HEADER.hex(),
            nonce=NONCE.hex(),
            ietf=works["ietf"].told(secret),
            legacy=works["legacy"].told(secret),
        )
        for scheme, work in works.items():
            work.check_signature(bytes.fromhex(made[scheme]["signature"]))
            work.check_proof(bytes.fromhex(made[scheme]["proof"]))
        # Deterministic under the draft: both must make the very same bytes.
        if made["ietf"]["signature"] != works["ietf"].signature.hex():
            raise UnlikeSignatures("the IETF signatures over the same messages differ")

        def contender(scheme: str, act: str) -> Contender:
            def timed(seconds: float) -> Sequence[int]:
                times: list[int] = peer.ask("timed", scheme=scheme, act=act, seconds=seconds)["times"]
                return times

            return timed

        yield contender
    finally:
        peer.stop()
