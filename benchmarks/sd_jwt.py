"""SD-JWT VCs in memory on one core, with EdDSA: issue, show a part with key binding, and verify that, beside npm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks.report import Result
from benchmarks.rounds import Contender, repeat, take_turns
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32, public_from_private
from sealwright.vc.keys.jwk import private_jwk, public_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import check_signature, sealed, signing_input
from sealwright.vc.proofs.key_binding import verify_key_binding
from sealwright.vc.proofs.sd_jwt import combined, conceal, padded
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import bound, part_of
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from tests.interop.peer import Peer, start_node

OURS: Final = "sealwright"
THEIRS: Final = "@sd-jwt/sd-jwt-vc 0.19.0"
FOLDER: Final = Path(__file__).parent / "node"
PACKAGES: Final = Path(__file__).parent.parent / "tests" / "interop" / "sd_jwt"
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
AUDIENCE, NONCE, KID = "https://verifier.example", "n-0S6_WzA2Mj", "did:example:issuer#1"
ISSUER: Final = Secret32(bytes(range(32)))
HOLDER: Final = Secret32(bytes(range(1, 33)))
CLAIMS: Final[dict[str, Any]] = {
    **{f"claim{number}": f"value {number}" for number in range(8)},
    "address": {"city": "Zürich", "country": "CH"},
    "nationalities": ["CH", "GB"],
}
SHOWN: Final = ("/claim1", "/address/city", "/nationalities/0")


class Ours:
    """What our own code does; a verifier checks both signatures, the digests and the occasion."""

    def __init__(self) -> None:
        self._issuer, self._holder = Ed25519Signer(ISSUER), Ed25519Signer(HOLDER)
        self._public = PublicKey("Ed25519", public_from_private(ISSUER))
        self._parts = SdJwtVcParts(
            issuer="https://issuer.example",
            vct="https://issuer.example/vct/x",
            claims=CLAIMS,
            holder_key=PublicKey("Ed25519", public_from_private(HOLDER)),
            issued_at=NOW,
        )
        self.text = self.issue()
        self.shown = self.present()
        self.verify()

    def issue(self) -> str:
        concealed = conceal(sd_jwt_vc_claims(self._parts), decoys=padded)
        data = signing_input({"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": KID}, concealed.payload)
        return combined(sealed(data, self._issuer.sign(data)), concealed.disclosures)

    def present(self) -> str:
        opened = open_sd_jwt(self.text)
        occasion: dict[str, Any] = {"nonce": NONCE, "audience": AUDIENCE, "now": NOW}
        return bound(part_of(opened, SHOWN), self._holder.sign, "EdDSA", **occasion, hash_name=opened.hash_name)

    def verify(self) -> None:
        opened = open_sd_jwt(self.shown)
        check_signature(opened.token, self._public, {"EdDSA"})
        found = verify_key_binding(opened, accepted={"EdDSA"}, now=NOW)
        if (found.nonce, found.audience) != (NONCE, AUDIENCE) or opened.claims["claim1"] != "value 1":
            raise RuntimeError("what was shown is not what is verified")


def _contender(peer: Peer, command: str) -> Contender:
    def run(seconds: float) -> Sequence[int]:
        times: list[int] = peer.ask(command, seconds=seconds)["times"]
        return times

    return run


@contextmanager
def _peer(ours: Ours) -> Iterator[Peer]:
    """The packages in a process of their own, holding our credential and our presentation: they take both."""
    peer = start_node(FOLDER, "sd_jwt.mjs", packages=PACKAGES)
    try:
        peer.ask(
            "prepare",
            claims={"iss": "https://issuer.example", "vct": "https://issuer.example/vct/x",
                    "iat": int(NOW.timestamp()), "nbf": int(NOW.timestamp()),
                    "cnf": {"jwk": public_jwk(PublicKey("Ed25519", public_from_private(HOLDER)))}, **CLAIMS},
            frame={
                "_sd": list(CLAIMS),
                "_sd_decoy": 6,
                "address": {"_sd": ["city", "country"], "_sd_decoy": 6},
                "nationalities": {"_sd": [0, 1], "_sd_decoy": 6},
            },
            shownFrame={"claim1": True, "address": {"city": True}, "nationalities": {"0": True}},
            binding={"iat": int(NOW.timestamp()), "aud": AUDIENCE, "nonce": NONCE},
            issuer=private_jwk(ISSUER),
            holder=private_jwk(HOLDER),
            kid=KID,
            credential=ours.text,
            presentation=ours.shown,
            now=int(NOW.timestamp()),
        )  # fmt: skip
        yield peer
    finally:
        peer.stop()


def run() -> Result:
    """Measure both sides on one credential of ten claims at the top and four below."""
    ours = Ours()
    figures: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    with machine.pinned() as core, _peer(ours) as peer:
        acts = {"issue": ours.issue, "present": ours.present, "verify": ours.verify}
        for name, act in acts.items():
            times = take_turns({OURS: repeat(act), THEIRS: _contender(peer, name)})
            figures |= {f"{who}, {name}": found.summary() for who, found in times.items()}
            ratios[name] = times[OURS].per_second / times[THEIRS].per_second
    return Result(
        bench="sd_jwt",
        title="SD-JWT VC in memory, one core, EdDSA: issue, present with key binding, verify with key binding",
        figures=figures,
        ratios=ratios,
        targets=("5 times the peer at each of the three",),
        notes=(
            "Ten claims at the top and four below them, each disclosable, with decoys on both sides; three are shown.",
            "The peer holds its keys as key objects and signs and verifies with Node's own cryptography.",
            "Both sides verify the same presentation; the peer has checked it once before it is timed.",
            f"Both processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
