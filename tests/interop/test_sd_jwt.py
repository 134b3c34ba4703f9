"""SD-JWT VCs between our office and the OpenWallet Foundation's packages, both ways; and our plain JWTs before jose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.formats import CredentialFormat
from sealwright.services.copies import Copies
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.credentials.open_badge import OPEN_BADGE_CONTEXT
from sealwright.vc.dids.methods import did_jwk
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import StatusListRefused
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.jwk import private_jwk, public_jwk
from sealwright.vc.keys.multikey import PublicKey, decode_multikey
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.key_binding import Occasion, binding_input
from sealwright.vc.proofs.sd_jwt import PADDED_LEAST, Claims, Hidden, combined, conceal, padded
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt, present
from sealwright.vc.proofs.sd_jwt_showing import bound as make_bound
from sealwright.vc.proofs.sd_jwt_showing import shown_part
from sealwright.vc.verification.token_status import TokenStatusReader
from tests.interop.ours import Issuer
from tests.interop.peer import DigitalBazaar, Peer, PeerMissing, PeerRefused, start_node
from tests.support import tools
from tests.support.copies import checks_of, content_of, copies_for, record_of
from tests.support.desk import act, furnish_desk
from tests.support.migrated import migrate_file
from tests.support.office import MovableClock, open_office, the_operator
from tests.support.review import grant, improver, reviewer

FOLDER: Final = Path(__file__).parent / "sd_jwt"
WALLET: Final = Issuer(bytes(range(50, 82)))
THEIRS: Final = Issuer(bytes(range(150, 182)))
VERIFIER: Final = "https://verifier.example"
NONCE: Final = "n-0S6_WzA2Mj"


@dataclass(frozen=True)
class World:
    """An office with a credential in it, and what a stranger knows of the office."""

    office: Office
    copies: Copies
    clock: MovableClock
    source: CredentialRecord

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def keys(self) -> dict[str, Any]:
        """The public keys of the office's issuer by their ids."""
        record = self.office.registry.current().did(self.source.issuer_did)
        assert record is not None
        return {one.id: public_jwk(decode_multikey(one.public_key_multibase)) for one in record.methods}

    def lists(self, text: str) -> dict[str, str]:
        """The status list that a credential names, as it is published now."""
        uri = open_sd_jwt(text).claims["status"]["status_list"]["uri"]  # type: ignore[index,call-overload]
        assert isinstance(uri, str)
        return {uri: self.office.verifier._statuses.fetch_token(uri)}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Their packages in a Node process of their own."""
    try:
        running = start_node(FOLDER, "peer.mjs", packages=FOLDER)
    except PeerMissing as error:
        tools.missing(str(error))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An office in memory; tests revoke copies of their own."""
    home = tmp_path_factory.mktemp("sd-jwt")
    # Digital Bazaar's software judges status lists by its machine's own clock.
    clock = MovableClock(datetime.now(UTC).replace(microsecond=0))
    with open_office(f"sqlite:///{migrate_file(home / 'office.sqlite')}", home / "home", clock=clock) as office:
        furnish_desk(office)
        end = clock.now() + timedelta(days=30)
        held = grant(office, reviewer(office, "rita"), improver(office, "mia"), expires_at=end)
        yield World(office, copies_for(office), clock, record_of(office, held.credential_id))


def sd_jwt(world: World) -> tuple[CredentialRecord, str]:
    """A fresh SD-JWT VC of the office, bound to the wallet's key."""
    record = world.copies.make(world.source, CredentialFormat.SD_JWT, WALLET.did)
    return record, content_of(record)


def bound(world: World, presented: str) -> str:
    """What our own wallet code puts behind a presentation."""
    data = binding_input(presented, Occasion(VERIFIER, NONCE), world.clock.now())
    return presented + sealed(data, WALLET.signer.sign(data))


def ask(peer: Peer, world: World, text: str, **more: Any) -> Any:
    """What they say of a credential of ours."""
    given = {"keys": world.keys(), "lists": world.lists(text), "now": world.now, **more}
    return peer.ask("verify", credential=text, **given)


def test_they_verify_what_our_office_issues(peer: Peer, world: World) -> None:
    _, text = sd_jwt(world)
    claims = ask(peer, world, text)["claims"]
    assert claims == open_sd_jwt(text).claims
    assert set(content_of(world.source)["credentialSubject"]) - {"id"} <= claims.keys()


def test_they_verify_what_our_wallet_presents(peer: Peer, world: World) -> None:
    _, text = sd_jwt(world)
    chosen = sorted(open_sd_jwt(text).disclosed_names)[0]
    shown = bound(world, present(text, lambda path: path == (chosen,)))
    answer = ask(peer, world, shown, nonce=NONCE)
    assert answer["keyBinding"]["aud"] == VERIFIER
    assert set(answer["claims"]) & open_sd_jwt(text).disclosed_names == {chosen}
    with pytest.raises(PeerRefused, match="Nonce"):
        ask(peer, world, shown, nonce="another")
    with pytest.raises(PeerRefused, match="sd_hash"):
        ask(peer, world, present(text, lambda _: False) + shown.rpartition("~")[2], nonce=NONCE)


def test_we_verify_what_their_wallet_presents(peer: Peer, world: World) -> None:
    _, text = sd_jwt(world)
    chosen = sorted(open_sd_jwt(text).disclosed_names)[0]
    binding = {"iat": world.now, "aud": VERIFIER, "nonce": NONCE}
    key = private_jwk(Secret32(WALLET.seed))
    shown = peer.ask("present", credential=text, frame={chosen: True}, binding=binding, kbKey=key)
    asked = VerifyOptions(challenge=NONCE, domain=VERIFIER, expected_holder=WALLET.did)
    report = world.office.verifier.verify(shown, asked)
    assert report, report.failures
    assert report.check("holder").outcome.value == "passed"
    assert open_sd_jwt(shown).disclosed_names == {chosen}
    other = world.office.verifier.verify(shown, VerifyOptions(challenge="another", domain=VERIFIER))
    assert other.check("holder").code == "CHALLENGE_MISMATCH"


def _flipped(text: str, part: int) -> str:
    """A disclosure, or a part of the token, with one letter changed to another."""
    pieces = text.split("~")
    piece = pieces[part]
    middle = len(piece) // 2
    pieces[part] = piece[:middle] + ("A" if piece[middle] != "A" else "B") + piece[middle + 1 :]
    return "~".join(pieces)


def test_both_refuse_what_was_tampered_with(peer: Peer, world: World) -> None:
    _, text = sd_jwt(world)
    bent = _flipped(text, 0)
    with pytest.raises(PeerRefused):
        peer.ask("verify", credential=bent, keys=world.keys(), lists=world.lists(text), now=world.now)
    assert not world.office.verifier.verify(bent, VerifyOptions())


def test_neither_reads_a_claim_that_was_tampered_with(peer: Peer, world: World) -> None:
    """They leave it out; we refuse the whole, as RFC 9901 has it."""
    _, text = sd_jwt(world)
    bent = _flipped(text, 1)
    try:
        claims = peer.ask("verify", credential=bent, keys=world.keys(), lists=world.lists(text), now=world.now)[
            "claims"
        ]
    except PeerRefused:
        claims = {}
    assert not open_sd_jwt(text).disclosed_names & claims.keys()
    report = world.office.verifier.verify(bent, VerifyOptions())
    assert report.check("structure").outcome.value == "failed"


def test_they_see_no_more_than_is_shown_of_nested_claims_among_decoys(peer: Peer, world: World) -> None:
    """Parts inside parts, chosen by pointers with our own wallet code; the decoys open as nothing on either side."""
    claims: dict[str, Claims] = {
        "iss": THEIRS.did,
        "iat": world.now,
        "vct": "https://theirs.example/vct/degree",
        "cnf": {"jwk": public_jwk(decode_multikey(WALLET.did.removeprefix("did:key:")))},
        "given_name": Hidden("Ada"),
        "address": Hidden({"city": Hidden("Zürich"), "country": Hidden("CH")}),
        "nationalities": [Hidden("CH"), Hidden("GB")],
    }
    made = conceal(claims, decoys=padded)
    data = signing_input({"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": _kid(THEIRS.did)}, made.payload)
    text = combined(sealed(data, THEIRS.signer.sign(data)), made.disclosures)
    assert len(made.payload["_sd"]) == len(made.payload["nationalities"]) == PADDED_LEAST  # type: ignore[arg-type]
    keys = {_kid(THEIRS.did): public_jwk(decode_multikey(THEIRS.did.removeprefix("did:key:")))}
    now = world.clock.now()
    kept = shown_part(text, ["/address/city", "/nationalities/1"])
    whole = make_bound(kept, WALLET.signer.sign, "EdDSA", nonce=NONCE, audience=VERIFIER, now=now)
    answer = peer.ask("verify", credential=whole, keys=keys, lists={}, now=world.now, nonce=NONCE)
    assert answer["keyBinding"]["nonce"] == NONCE
    assert answer["claims"]["address"] == {"city": "Zürich"}
    assert answer["claims"]["nationalities"] == ["GB"]
    assert "given_name" not in answer["claims"]
    thief = make_bound(kept, THEIRS.signer.sign, "EdDSA", nonce=NONCE, audience=VERIFIER, now=now)
    with pytest.raises(PeerRefused):
        peer.ask("verify", credential=thief, keys=keys, lists={}, now=world.now, nonce=NONCE)
    assert not world.office.verifier.verify(thief, VerifyOptions(challenge=NONCE, domain=VERIFIER))
    assert world.office.verifier.verify(whole, VerifyOptions(challenge=NONCE, domain=VERIFIER))


def test_we_verify_what_they_hide_among_decoys(peer: Peer, world: World) -> None:
    key, did = _issuer_key("Ed25519")
    claims = {
        "iss": did,
        "iat": world.now,
        "vct": "https://theirs.example/vct/degree",
        "given_name": "Ada",
        "address": {"city": "Zürich", "country": "CH"},
        "nationalities": ["CH", "GB"],
    }
    frame = {
        "_sd": ["given_name", "address"],
        "_sd_decoy": 3,
        "address": {"_sd": ["city"], "_sd_decoy": 2},
        "nationalities": {"_sd": [0, 1], "_sd_decoy": 2},
    }
    text = peer.ask("issue", claims=claims, frame=frame, key=key, kid=_kid(did))
    opened = open_sd_jwt(text)
    assert opened.claims == claims
    assert len(opened.token.payload["_sd"]) == 5  # type: ignore[arg-type]
    assert world.office.verifier.verify(text, VerifyOptions())
    shown = shown_part(text, ["/address/city", "/nationalities/0"])
    assert world.office.verifier.verify(shown, VerifyOptions())
    left = open_sd_jwt(shown).claims
    assert (left["address"], left["nationalities"]) == (claims["address"], ["CH"])
    assert "given_name" not in left


def test_both_refuse_what_has_expired(peer: Peer, world: World) -> None:
    record, text = sd_jwt(world)
    with pytest.raises(PeerRefused, match="expired"):
        ask(peer, world, text, now=world.now + 31 * 86_400)
    world.clock.move(days=31)
    assert checks_of(world.office, record)["expiration"] == "failed"
    world.clock.move(days=-31)


def test_both_refuse_what_was_revoked(peer: Peer, world: World) -> None:
    record, text = sd_jwt(world)
    other, kept = sd_jwt(world)
    assert ask(peer, world, text)
    end = lambda uow, me: world.office.revocation.revoke(uow, me, record.credential_id, "lost")  # noqa: E731
    act(world.office, the_operator(world.office), end, registry=False)
    with pytest.raises(PeerRefused, match="Status is 1"):
        ask(peer, world, text)
    assert checks_of(world.office, record_of(world.office, record.credential_id))["revocation"] == "failed"
    assert ask(peer, world, kept)
    assert checks_of(world.office, other)["verified"] == "True"


@pytest.mark.parametrize("curve", ["Ed25519", "P-256"])
def test_we_verify_what_they_issue(peer: Peer, world: World, curve: str) -> None:
    key, did = _issuer_key(curve)
    claims = {
        "iss": did,
        "iat": world.now,
        "exp": world.now + 3_600,
        "vct": "https://theirs.example/vct/degree",
        "given_name": "Ada",
        "address": {"city": "Zürich", "country": "CH"},
        "nationalities": ["CH", "GB"],
    }
    frame = {"_sd": ["given_name", "address"], "address": {"_sd": ["city"]}, "nationalities": {"_sd": [0, 1]}}
    text = peer.ask("issue", claims=claims, frame=frame, key=key, kid=f"{did}#0" if curve == "P-256" else _kid(did))
    report = world.office.verifier.verify(text, VerifyOptions(trusted_issuers=frozenset({did})))
    assert report, report.failures
    assert report.issuer_did == did
    assert open_sd_jwt(text).claims == claims
    narrowed = peer.ask("present", credential=text, frame={"address": {"city": True}})
    assert world.office.verifier.verify(narrowed, VerifyOptions())
    assert open_sd_jwt(narrowed).claims["address"] == claims["address"]
    assert "given_name" not in open_sd_jwt(narrowed).claims
    assert not world.office.verifier.verify(_flipped(text, 0), VerifyOptions())
    assert not world.office.verifier.verify(text, VerifyOptions(trusted_issuers=frozenset({THEIRS.did + "x"})))


def _kid(did: str) -> str:
    return f"{did}#{did.removeprefix('did:key:')}"


def _issuer_key(curve: str) -> tuple[dict[str, str], str]:
    """A private key of theirs, and the DID that shows its public part."""
    if curve == "Ed25519":
        return private_jwk(Secret32(THEIRS.seed)), THEIRS.did
    private = ec.derive_private_key(17, ec.SECP256R1())
    raw = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    public = PublicKey("P-256", raw)
    secret = private.private_numbers().private_value.to_bytes(32)
    return {**public_jwk(public), "d": base64url_encode(secret)}, did_jwk(public)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_we_read_their_status_lists(peer: Peer, world: World, bits: int) -> None:
    uri = "https://theirs.example/lists/1"
    statuses = [0, 1, 0, 1] if bits == 1 else [0, 1, 2, 3]
    token = peer.ask(
        "statusList",
        statuses=statuses * 32,
        bits=bits,
        claims={"iss": THEIRS.did, "sub": uri, "iat": world.now, "exp": world.now + 60},
        key=private_jwk(Secret32(THEIRS.seed)),
        kid=_kid(THEIRS.did),
    )

    class Lists:
        def fetch_token(self, url: str) -> str:
            assert url == uri
            return str(token)

    reader = TokenStatusReader(Lists(), world.office.verifier._resolver, world.clock.now())
    assert [reader.read(uri, index, THEIRS.did) for index in range(8)] == statuses * 2
    with pytest.raises(StatusListRefused):
        reader.read(uri, 128, THEIRS.did)
    with pytest.raises(StatusListRefused):
        reader.read(uri, 0, WALLET.did)
    later = TokenStatusReader(Lists(), world.office.verifier._resolver, world.clock.now() + timedelta(minutes=3))
    with pytest.raises(StatusListRefused):
        later.read(uri, 0, THEIRS.did)


def test_jose_verifies_our_plain_tokens(peer: Peer, world: World) -> None:
    record = world.copies.make(world.source, CredentialFormat.JWT_VC_JSON, WALLET.did)
    token = content_of(record)
    key = world.keys()[record.verification_method]
    answer = peer.ask("jwt", token=token, key=key, now=world.now, issuer=record.issuer_did)
    assert answer["header"] == {"alg": "EdDSA", "typ": "JWT", "kid": record.verification_method}
    assert answer["payload"]["sub"] == WALLET.did
    assert answer["payload"]["jti"] == record.credential_id
    assert answer["payload"]["vc"]["credentialSubject"]["id"] == WALLET.did
    with pytest.raises(PeerRefused):
        peer.ask("jwt", token=_flipped(token, 0), key=key, now=world.now, issuer=record.issuer_did)
    with pytest.raises(PeerRefused, match="exp"):
        peer.ask("jwt", token=token, key=key, now=world.now + 31 * 86_400, issuer=record.issuer_did)


def test_digital_bazaar_verifies_our_badges(digital_bazaar: DigitalBazaar, world: World) -> None:
    record = world.copies.make(world.source, CredentialFormat.OPEN_BADGE, WALLET.did)
    badge = content_of(record)
    issuer = world.office.registry.current().did(record.issuer_did)
    assert issuer is not None
    urls = [entry["statusListCredential"] for entry in badge["credentialStatus"]]
    held = {
        OPEN_BADGE_CONTEXT: json.loads(ContextStore.pinned().get(OPEN_BADGE_CONTEXT).content),
        issuer.did: json.loads(issuer.document),
        **{url: dict(world.office.verifier._statuses.fetch(url)) for url in urls},
    }
    now = format_timestamp(world.clock.now())
    verdict = digital_bazaar.verify(badge, documents=held, now=now)
    assert verdict["verified"] is True, verdict
    badge["credentialSubject"]["achievement"]["name"] = "Another"
    assert digital_bazaar.verify(badge, documents=held, now=now)["verified"] is False
