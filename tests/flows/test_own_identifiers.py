"""One's own wallets and DIDs: proofs of control, custody, and keys to take along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from sealwright.domain.errors import (
    AddressInUse,
    FreshSignInRequired,
    InvalidAddress,
    InvalidProof,
    MalformedBody,
    NotFound,
    StateConflict,
)
from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from sealwright.vc.dids.methods import did_key
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.keys.multikey import PublicKey
from tests.support.accounts import (
    act,
    add_account,
    audit_actions,
    custodial,
    hash_cheaply,
    person_of,
    sign_in,
)
from tests.support.ethereum import Account, encode_defunct
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, furnish_bare

ORIGIN = "http://127.0.0.1:8000"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish_bare) as one:
        yield one


# -- wallets -----------------------------------------------------------------------------------------------


def signed(message: str, wallet: Any) -> str:
    return "0x" + bytes(wallet.sign_message(encode_defunct(text=message)).signature).hex()


def test_wallet_is_proved_by_signing_exactly_our_message(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    wallet = Account.create()
    made = act(office, caller, office.wallets.challenge, wallet.address.lower())
    assert made.text.startswith(
        f"127.0.0.1:8000 wants you to sign in with your Ethereum account:\n{wallet.address}\n\n"
    )
    for line in ("URI: http://127.0.0.1:8000", "Version: 1", "Chain ID: 1", "Expiration Time: 2026-03-01T12:05:00Z"):
        assert line in made.text.split("\n")
    act(office, caller, office.wallets.add, wallet.address, made.text, signed(made.text, wallet), label="Savings")
    [kept] = person_of(office, user_id).wallets
    assert (kept.address, kept.verified, kept.label) == (wallet.address, True, "Savings")
    with pytest.raises(InvalidProof):
        act(office, caller, office.wallets.add, wallet.address, made.text, signed(made.text, wallet))


def test_other_message_signer_person_or_time_proves_nothing(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    ana, eve = sign_in(office, "ana").caller, sign_in(office, "eve").caller
    wallet, other = Account.create(), Account.create()
    made = act(office, ana, office.wallets.challenge, wallet.address)
    changed = made.text.replace("Chain ID: 1", "Chain ID: 5")
    for caller, address, message, signer in (
        (ana, wallet.address, changed, wallet),
        (ana, wallet.address, made.text + "\n", wallet),
        (ana, wallet.address, made.text, other),
        (ana, other.address, made.text, other),
        (ana, other.address, made.text, wallet),
        (eve, wallet.address, made.text, wallet),
    ):
        with pytest.raises(InvalidProof):
            act(office, caller, office.wallets.add, address, message, signed(message, signer))
    for signature in ("", "0x", "0x" + "00" * 65, "0x" + "ff" * 65, signed(made.text, wallet)[:-2] + "05"):
        with pytest.raises(InvalidProof):
            act(office, ana, office.wallets.add, wallet.address, made.text, signature)
    clock.move(minutes=5)
    with pytest.raises(InvalidProof):
        act(office, ana, office.wallets.add, wallet.address, made.text, signed(made.text, wallet))


def test_proved_address_is_one_persons(office: Office) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    ana, eve = sign_in(office, "ana").caller, sign_in(office, "eve").caller
    wallet = Account.create()
    act(office, eve, office.wallets.add_typed, wallet.address)
    of_eve = act(office, eve, office.wallets.challenge, wallet.address)
    made = act(office, ana, office.wallets.challenge, wallet.address)
    act(office, ana, office.wallets.add, wallet.address, made.text, signed(made.text, wallet))
    with pytest.raises(AddressInUse):
        act(office, eve, office.wallets.challenge, wallet.address)
    with pytest.raises(AddressInUse):
        act(office, eve, office.wallets.add, wallet.address, of_eve.text, signed(of_eve.text, wallet))


@pytest.mark.parametrize("label", ["👩\u200d👩\u200d👧\u200d👦", "نر\u200cگس", "Ahorros"])
def test_label_of_a_wallet_keeps_its_joiners(office: Office, label: str) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    address = Account.create().address
    act(office, caller, office.wallets.add_typed, address)
    act(office, caller, office.wallets.label, address, f" {label} ")
    assert [one.label for one in person_of(office, user_id).wallets] == [label]
    for hidden in (f"{label}\u202e", f"{label}\n{label}", "\u200d", "x" * 81):
        with pytest.raises(MalformedBody):
            act(office, caller, office.wallets.label, address, hidden)


def test_typed_address_is_unproved_named_moved_and_removed(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    first, second = Account.create().address, Account.create().address
    for address in (first, second):
        act(office, caller, office.wallets.add_typed, address)
    act(office, caller, office.wallets.label, second.lower(), "Daily")
    act(office, caller, office.wallets.make_primary, second)
    assert [(one.address, one.verified, one.label) for one in person_of(office, user_id).wallets] == [
        (second, False, "Daily"),
        (first, False, None),
    ]
    act(office, caller, office.wallets.remove, first)
    with pytest.raises(NotFound):
        act(office, caller, office.wallets.remove, first)
    for bad in ("0x1234", first[:-1], first.swapcase(), "x" + first, first + "0"):
        with pytest.raises(InvalidAddress):
            act(office, caller, office.wallets.add_typed, bad)


# -- DIDs --------------------------------------------------------------------------------------------------


def holder_key() -> tuple[OKPKey, str]:
    key = OKPKey.generate_key("Ed25519")
    raw = base64url_decode(str(key.as_dict(private=False)["x"]))
    return key, did_key(PublicKey("Ed25519", raw))


def proof_of(text: str, key: OKPKey | ECKey, did: str, algorithm: str = "EdDSA", **header: Any) -> str:
    kid = f"{did}#{did.removeprefix('did:key:')}"
    registry = jws.JWSRegistry(strict_check_header=False, algorithms=[algorithm])
    return jws.serialize_compact({"alg": algorithm, "kid": kid, **header}, text, key, registry=registry)


def test_did_is_proved_by_signing_the_challenge(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    key, did = holder_key()
    made = act(office, caller, office.own_dids.challenge, did)
    members = json.loads(made.text)
    assert (members["aud"], members["sub"]) == (ORIGIN, did)
    # Another program may write the same object in another order.
    spelled = json.dumps(dict(reversed(members.items())), indent=1)
    proved = office.own_dids.check_proof(did, proof_of(spelled, key, did))
    act(office, caller, office.own_dids.bind, proved)
    person = person_of(office, user_id)
    assert (person.dids, person.holder_did) == ((did,), did)
    with pytest.raises(InvalidProof):
        act(office, caller, office.own_dids.bind, proved)
    act(office, caller, office.own_dids.unbind, did)
    assert person_of(office, user_id).dids == ()


def test_p256_key_proves_too(office: Office) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    key = ECKey.generate_key("P-256")
    public = key.as_dict(private=False)
    x, y = base64url_decode(str(public["x"])), base64url_decode(str(public["y"]))
    did = did_key(PublicKey("P-256", bytes([2 + (y[-1] & 1)]) + x))
    made = act(office, caller, office.own_dids.challenge, did)
    act(office, caller, office.own_dids.bind, office.own_dids.check_proof(did, proof_of(made.text, key, did, "ES256")))
    with pytest.raises(InvalidProof):
        office.own_dids.check_proof(did, proof_of(made.text, OKPKey.generate_key("Ed25519"), did))


def test_proofs_that_do_not_hold(office: Office) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    key, did = holder_key()
    other, other_did = holder_key()
    made = act(office, caller, office.own_dids.challenge, did)
    members = json.loads(made.text)
    good = proof_of(made.text, key, did)
    bad = [
        "",
        "a.b.c",
        "x" * 9_000,
        good[:-4] + "AAAA",
        proof_of(made.text, other, did),
        proof_of(made.text, other, other_did),
        proof_of("not json", key, did),
        proof_of("[]", key, did),
        proof_of(json.dumps({**members, "aud": "https://evil.example"}), key, did),
        proof_of(json.dumps({**members, "sub": other_did}), key, did),
        proof_of(made.text, key, did, jwk=key.as_dict(private=False)),
        base64url_encode(b'{"alg":"none"}') + "." + good.split(".")[1] + ".",
        base64url_encode(b'{"alg":"HS256","kid":"' + did.encode() + b'"}') + "." + ".".join(good.split(".")[1:]),
    ]
    for proof in bad:
        with pytest.raises(InvalidProof):
            office.own_dids.check_proof(did, proof)
    forged = office.own_dids.check_proof(did, proof_of(json.dumps({**members, "nonce": "mine"}), key, did))
    with pytest.raises(InvalidProof):
        act(office, caller, office.own_dids.bind, forged)


def test_proved_did_is_one_persons(office: Office) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    ana, eve = sign_in(office, "ana").caller, sign_in(office, "eve").caller
    key, did = holder_key()
    of_eve = act(office, eve, office.own_dids.challenge, did)
    made = act(office, ana, office.own_dids.challenge, did)
    proved = office.own_dids.check_proof(did, proof_of(made.text, key, did))
    with pytest.raises(InvalidProof):
        act(office, eve, office.own_dids.bind, proved)
    act(office, ana, office.own_dids.bind, proved)
    with pytest.raises(AddressInUse):
        act(office, eve, office.own_dids.bind, office.own_dids.check_proof(did, proof_of(of_eve.text, key, did)))


def test_custodial_did_is_made_once_and_its_keys_can_be_taken_along(office: Office, clock: MovableClock) -> None:
    user_id = add_account(office, "ana")
    did = custodial(office, user_id)
    assert custodial(office, user_id) == did
    assert person_of(office, user_id).holder_did == did
    caller = sign_in(office, "ana").caller
    token = act(office, caller, office.own_dids.export, did, "a long enough passphrase")
    head = json.loads(base64url_decode(token.split(".")[0]))
    assert (head["alg"], head["enc"]) == ("PBES2-HS512+A256KW", "A256GCM")
    assert head["p2c"] >= 210_000
    opened = jwe.decrypt_compact(
        token, OctKey.import_key("a long enough passphrase"), algorithms=["PBES2-HS512+A256KW", "A256GCM"]
    )
    assert opened.plaintext is not None
    [key] = json.loads(opened.plaintext)["keys"]
    assert key["kid"] == f"{did}#key-1"
    with office.units(write=False) as uow:
        stored = uow.keys.get(key["kid"])
    assert stored is not None
    assert base64url_decode(key["x"]) == stored.public_key
    assert "key.exported" in audit_actions(office)
    with pytest.raises(StateConflict):
        act(office, caller, office.own_dids.unbind, did)
    clock.move(minutes=10)
    with pytest.raises(FreshSignInRequired):
        act(office, caller, office.own_dids.export, did, "a long enough passphrase")


def test_keys_of_others_and_of_bound_dids_are_not_exported(office: Office) -> None:
    user_id = add_account(office, "ana")
    did = custodial(office, user_id)
    add_account(office, "eve", AccountRole.ADMIN)
    eve = sign_in(office, "eve").caller
    for target in (did, "did:adi:issuer001"):
        with pytest.raises(NotFound):
            act(office, eve, office.own_dids.export, target, "a long enough passphrase")
    ana = sign_in(office, "ana").caller
    with pytest.raises(MalformedBody):
        act(office, ana, office.own_dids.export, did, "short")
