"""SD-JWTs exchanged with PyPI's `sd-jwt`, both ways, with parts inside parts, decoys and key binding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.errors import ProofInvalid, VcError
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import check_signature, sealed, signing_input
from sealwright.vc.proofs.key_binding import verify_key_binding
from sealwright.vc.proofs.sd_jwt import Claims, Hidden, combined, conceal, padded
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import bound, shown_part
from sealwright.vc.verification.report import Check
from sealwright.vc.verification.sd_jwt_credential import KnownType, SdJwtRules, verify_sd_jwt_credential
from sealwright.vc.verification.sources import ANY_ISSUER
from tests.interop.peer import Peer, PeerMissing, PeerRefused
from tests.interop.python_peer import start_python_peer
from tests.support import tools
from tests.support.chains import ChainWorld
from tests.support.es256 import sign_es256

FOLDER: Final = Path(__file__).parent / "sd_jwt_python"
DELEGATOR: Final = "did:web:issuer.example"
AUDIENCE, NONCE = "https://verifier.example", "n-0S6_WzA2Mj"
ISSUER, HOLDER, STRANGER = (ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12, 13))
PLAIN: Final[dict[str, Any]] = {
    "iss": "https://issuer.example",
    "vct": "https://issuer.example/vct/x",
    "given_name": "Ada",
    "address": {"city": "Zürich", "country": "CH"},
    "nationalities": ["CH", "GB", "US"],
}
HIDDEN: Final = [
    *(["given_name"], ["address"], ["address", "city"], ["address", "country"]),
    *(["nationalities", index] for index in range(3)),
]


def public(key: ec.EllipticCurvePrivateKey) -> PublicKey:
    return PublicKey("P-256", key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def private(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    secret = key.private_numbers().private_value.to_bytes(32)
    return {**public_jwk(public(key)), "d": base64url_encode(secret)}


def ours() -> str:
    claims: dict[str, Claims] = {
        **{name: PLAIN[name] for name in ("iss", "vct")},
        "cnf": {"jwk": public_jwk(public(HOLDER))},
        "given_name": Hidden("Ada"),
        "address": Hidden({"city": Hidden("Zürich"), "country": Hidden("CH")}),
        "nationalities": [Hidden("CH"), Hidden("GB"), Hidden("US")],
    }
    made = conceal(claims, decoys=padded)
    data = signing_input({"alg": "ES256", "typ": "dc+sd-jwt"}, made.payload)
    return combined(sealed(data, sign_es256(ISSUER, data)), made.disclosures)


def shown(text: str, by: ec.EllipticCurvePrivateKey = HOLDER, *pointers: str) -> str:
    kept = shown_part(text, pointers or ("/address/city", "/nationalities/2"))
    now = datetime.now(UTC)
    return bound(kept, lambda data: sign_es256(by, data), "ES256", nonce=NONCE, audience=AUDIENCE, now=now)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Their package in a process and an environment of its own."""
    try:
        running = start_python_peer(FOLDER)
    except PeerMissing as error:
        tools.missing(str(error))
    yield running
    running.stop()


def test_they_verify_what_we_issue_and_show(peer: Peer) -> None:
    asked: dict[str, Any] = {"key": public_jwk(public(ISSUER)), "audience": AUDIENCE, "nonce": NONCE}
    claims = peer.ask("verify", presentation=shown(ours()), **asked)
    assert (claims["address"], claims["nationalities"]) == ({"city": "Zürich"}, ["US"])
    assert "given_name" not in claims
    whole = peer.ask("verify", presentation=shown(ours(), HOLDER, ""), **asked)
    assert {name: whole[name] for name in PLAIN} == PLAIN
    for bad in (
        {**asked, "nonce": "another"},
        {**asked, "audience": "https://elsewhere.example"},
        {**asked, "key": public_jwk(public(STRANGER))},
    ):
        with pytest.raises(PeerRefused):
            peer.ask("verify", presentation=shown(ours()), **bad)
    with pytest.raises(PeerRefused):
        peer.ask("verify", presentation=shown(ours(), STRANGER), **asked)


def test_their_wallet_shows_what_we_issue(peer: Peer) -> None:
    text = peer.ask(
        "present", credential=ours(), shown={"address": {"country": True}}, nonce=NONCE, audience=AUDIENCE,
        key=private(HOLDER),
    )  # fmt: skip
    opened = open_sd_jwt(text)
    check_signature(opened.token, public(ISSUER), {"ES256"})
    found = verify_key_binding(opened, accepted={"ES256"}, now=datetime.now(UTC))
    assert (found.nonce, found.audience) == (NONCE, AUDIENCE)
    assert opened.claims["address"] == {"country": "CH"}
    assert "given_name" not in opened.claims


def test_we_verify_what_they_issue_among_decoys(peer: Peer) -> None:
    made = peer.ask(
        "issue", claims=PLAIN, hidden=HIDDEN, key=private(ISSUER), kid="1", holder=public_jwk(public(HOLDER))
    )
    assert made["decoys"] > 0
    opened = open_sd_jwt(made["text"])
    check_signature(opened.token, public(ISSUER), {"ES256"})
    assert {name: opened.claims[name] for name in PLAIN} == PLAIN
    with pytest.raises(ProofInvalid):
        check_signature(opened.token, public(STRANGER), {"ES256"})
    text = shown(made["text"])
    read = open_sd_jwt(text)
    assert (read.claims["address"], read.claims["nationalities"]) == ({"city": "Zürich"}, ["US"])
    assert verify_key_binding(read, accepted={"ES256"}, now=datetime.now(UTC)).nonce == NONCE
    # And they take what our wallet shows of theirs.
    claims = peer.ask("verify", presentation=text, key=public_jwk(public(ISSUER)), audience=AUDIENCE, nonce=NONCE)
    assert claims["address"] == {"city": "Zürich"}


def test_tampered_disclosures_are_refused_here(peer: Peer) -> None:
    """They leave such a claim out; we refuse the whole, as RFC 9901 has it."""
    made = peer.ask("issue", claims=PLAIN, hidden=HIDDEN, key=private(ISSUER), kid="1")
    pieces = made["text"].split("~")
    pieces[1] = pieces[1][:10] + ("A" if pieces[1][10] != "A" else "B") + pieces[1][11:]
    with pytest.raises(VcError):
        open_sd_jwt("~".join(pieces))


def _delegation(made: dict[str, Any]) -> Check:
    """What we say of a delegation that they signed, as a root and by itself."""
    key = VerificationMethod(f"{DELEGATOR}#1", "JsonWebKey2020", DELEGATOR, public(ISSUER))
    listed = {name: [key.id] for name in ("assertionMethod", "authentication")}
    document = ResolvedDID(build_did_document(DELEGATOR, [key], relationships=listed))
    world = ChainWorld(1)
    world.dids[DELEGATOR] = document
    rules = SdJwtRules(
        resolver=world,
        accepted={"ES256"},
        trusted_issuers=ANY_ISSUER,
        own=NoOffice(),
        statuses=NoOffice(),
        types=NoOffice(),
        now=datetime.now(UTC),
    )
    report = verify_sd_jwt_credential(made["text"], rules)
    assert bool(report) is report.check("delegation").is_met, report.failures
    return report.check("delegation")


class NoOffice:
    """Knows no issuer, list or type but by the type's own name."""

    def speaks_for(self, issuer: str, address: str) -> bool | None:
        raise AssertionError(issuer, address)

    def fetch_token(self, url: str) -> str:
        raise AssertionError(url)

    def knows(self, vct: str) -> bool:
        return not vct

    def type_at(self, vct: str, credential_id: str | None) -> KnownType | None:
        raise AssertionError(vct, credential_id)


def test_a_delegation_that_they_sign_holds_if_nothing_of_it_can_be_missing(peer: Peer) -> None:
    delegate = "did:web:agent.example"
    claims: dict[str, Any] = {
        "iss": DELEGATOR,
        "sub": delegate,
        "jti": "urn:uuid:0b7bbd5e-3f0c-4a4c-8f0c-5b7f2f6a9f01",
        "vct": "https://issuer.example/vct/AgentDelegationCredential",
        "exp": int(datetime.now(UTC).timestamp()) + 600,
        "delegator": DELEGATOR,
        "delegate": delegate,
        "scope": ["purchase:groceries"],
        "constraints": {"maxSpendPerDay": 100},
        "maxDepth": 0,
    }
    asked: dict[str, Any] = {"claims": claims, "key": private(ISSUER), "kid": f"{DELEGATOR}#1"}
    limits = [["constraints"], ["scope", 0]]
    whole = peer.ask("issue", **asked, hidden=limits, decoys=False)
    assert _delegation(whole).has_passed
    # A digest without its disclosure may be a limit that was kept back, so that decoys leave it open.
    part = {"text": shown_part(whole["text"], ("/scope/0",))}
    for open_one in (part, peer.ask("issue", **asked, hidden=limits, decoys=True)):
        check = _delegation(open_one)
        assert (check.is_open, check.code) == (True, "DELEGATION_INVALID")
    wide = peer.ask("issue", **{**asked, "claims": {**claims, "maxDepth": 9}}, hidden=[], decoys=False)
    assert _delegation(wide).code == "DELEGATION_INVALID"
