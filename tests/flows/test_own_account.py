"""One's own account: passkeys, addresses, wallets, DIDs, keys to take along, own data, and its erasure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from sealwright.domain.errors import (
    AddressInUse,
    AttachmentNotFound,
    EmailInUse,
    FreshSignInRequired,
    InvalidAddress,
    InvalidProof,
    KeyInUse,
    LastAdmin,
    LinkSpent,
    MalformedBody,
    NotFound,
    SignInFailed,
    StateConflict,
    UnsupportedUpload,
)
from sealwright.domain.people import AccountRole, Caller, Person, Theme
from sealwright.services.office import Office
from sealwright.services.profile import ProfileChanges
from sealwright.vc.dids.methods import did_key
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.keys.multikey import PublicKey
from tests.support.accounts import (
    VISITOR,
    add_account,
    audit_actions,
    comes_back,
    hash_cheaply,
    letters,
    link_in,
    person_of,
    sign_in,
)
from tests.support.authenticator import Authenticator
from tests.support.office import MovableClock, furnish, open_office, the_operator

ORIGIN = "http://127.0.0.1:8000"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    with open_office(database_url, tmp_path / "home", clock=clock) as one:
        furnish(one, schemas=0)
        yield one


def act(office: Office, caller: Caller, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return office.acts.run(caller, lambda uow, me: work(uow, me, *given, **named), changes_registry=True)


# -- passkeys ----------------------------------------------------------------------------------------------


def authenticator(**changes: Any) -> Authenticator:
    return Authenticator(**{"origin": "http://localhost:8000", "rp_id": "localhost", **changes})


def add_passkey(office: Office, caller: Caller, device: Authenticator) -> Any:
    response = device.register(office.means.passkey_options(caller))
    return act(office, caller, office.means.add_passkey, response, "My key")


def test_passkey_signs_in_without_a_name(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    device = authenticator()
    passkey = add_passkey(office, caller, device)
    assert (passkey.name, passkey.transports) == ("My key", ("internal",))
    signed_in = office.sign_in.passkey(device.sign_in(office.sign_in.passkey_options()), VISITOR)
    assert signed_in.person.user_id == user_id
    [kept] = office.means.of(caller).passkeys
    assert (kept.sign_count, kept.last_used_at) == (1, office.clock.now())
    assert "auth.changed" in audit_actions(office)


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"rp_id": "127.0.0.1"},
        {"verifies_user": False},
        {"user_handle": b"somebody else"},
        {"user_handle": b""},
        {"credential_id": b"unknown"},
        {"sign_count": -1},
    ],
)
def test_assertion_that_does_not_hold_is_one_neutral_failure(office: Office, fault: dict[str, Any]) -> None:
    add_account(office, "ana")
    device = authenticator(sign_count=5)
    add_passkey(office, sign_in(office, "ana").caller, device)
    for name, value in fault.items():
        setattr(device, name, 2 if value == -1 else value)
    with pytest.raises(SignInFailed):
        office.sign_in.passkey(device.sign_in(office.sign_in.passkey_options()), VISITOR)


def test_assertion_is_not_replayed(office: Office) -> None:
    add_account(office, "ana")
    device = authenticator()
    add_passkey(office, sign_in(office, "ana").caller, device)
    response = device.sign_in(office.sign_in.passkey_options())
    office.sign_in.passkey(response, VISITOR)
    with pytest.raises(SignInFailed):
        office.sign_in.passkey(response, VISITOR)


def test_refused_assertion_spends_its_challenge(office: Office) -> None:
    add_account(office, "ana")
    device = authenticator()
    add_passkey(office, sign_in(office, "ana").caller, device)
    options = office.sign_in.passkey_options()
    good = device.sign_in(options)
    bad = {**good, "response": {**good["response"], "signature": base64url_encode(b"no")}}
    for response in (bad, good):
        with pytest.raises(SignInFailed):
            office.sign_in.passkey(response, VISITOR)


def test_old_challenge_and_challenge_of_another_purpose_are_refused(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    device = authenticator()
    add_passkey(office, caller, device)
    options = office.means.passkey_options(caller)
    with pytest.raises(SignInFailed):
        office.sign_in.passkey(device.sign_in({"challenge": options["challenge"]}), VISITOR)
    options = office.sign_in.passkey_options()
    clock.move(minutes=5)
    with pytest.raises(SignInFailed):
        office.sign_in.passkey(device.sign_in(options), VISITOR)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"id": 5},
        {"id": "AA", "response": []},
        {"id": "AA", "response": {"clientDataJSON": "e30"}},
        {"response": {}},
    ],
)
def test_answers_of_another_form_are_failures(office: Office, response: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed):
        office.sign_in.passkey(response, VISITOR)


def test_authenticator_without_counter_signs_in_again_and_again(office: Office) -> None:
    add_account(office, "ana")
    device = authenticator()
    add_passkey(office, sign_in(office, "ana").caller, device)
    for _ in range(2):
        office.sign_in.passkey(device.sign_in(office.sign_in.passkey_options(), counts=False), VISITOR)


def test_registration_is_for_its_person_once_and_for_one_owner(office: Office) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    ana, eve = sign_in(office, "ana").caller, sign_in(office, "eve").caller
    device = authenticator()
    response = device.register(office.means.passkey_options(ana))
    with pytest.raises(InvalidProof):
        act(office, eve, office.means.add_passkey, response, "x")
    act(office, ana, office.means.add_passkey, response, "x")
    with pytest.raises(InvalidProof):
        act(office, ana, office.means.add_passkey, response, "x")
    with pytest.raises(KeyInUse):
        add_passkey(office, eve, device)
    with pytest.raises(InvalidProof):
        add_passkey(office, eve, authenticator(origin="https://evil.example", credential_id=b"other"))


def test_last_passkey_stays_until_there_are_recovery_codes(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    first = add_passkey(office, caller, authenticator())
    second = add_passkey(office, caller, authenticator(credential_id=b"second"))
    act(office, caller, office.means.delete_passkey, second.passkey_id)
    with pytest.raises(StateConflict):
        act(office, caller, office.means.delete_passkey, first.passkey_id)
    with pytest.raises(NotFound):
        act(office, caller, office.means.delete_passkey, second.passkey_id)
    office.acts.run(caller, office.means.make_recovery_codes)
    act(office, caller, office.means.delete_passkey, first.passkey_id)
    clock.move(minutes=10)
    for work in (
        lambda: office.means.passkey_options(caller),
        lambda: act(office, caller, office.means.delete_passkey, first.passkey_id),
    ):
        with pytest.raises(FreshSignInRequired):
            work()


# -- profile and addresses --------------------------------------------------------------------------------


def test_profile_changes_and_empties(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    changes = ProfileChanges(
        display_name=" Ana Muñoz ", first_name="Ana", locale="es", theme=Theme.DARK, time_zone="Europe/Madrid"
    )
    act(office, caller, office.profile.change, changes)
    person = person_of(office, user_id)
    assert (person.display_name, person.locale, person.theme, person.version) == ("Ana Muñoz", "es", Theme.DARK, 2)
    act(office, caller, office.profile.change, ProfileChanges(clear=frozenset({"locale", "first_name", "email"})))
    person = person_of(office, user_id)
    assert (person.locale, person.first_name, person.email) == (None, None, "ana@example.org")
    with pytest.raises(MalformedBody) as refused:
        act(
            office,
            caller,
            office.profile.change,
            ProfileChanges(display_name=" ", locale="xx", time_zone="Mars/Base", holder_did="did:adi:none"),
        )
    places = [fault.pointer for fault in refused.value.faults]
    assert places == [
        "/display_name",
        "/locale",
        "/time_zone",
        "/holder_did",
    ]


def test_further_address_counts_once_its_link_was_followed(office: Office) -> None:
    user_id = add_account(office, "ana")
    add_account(office, "eve")
    ana, eve = sign_in(office, "ana").caller, sign_in(office, "eve").caller
    with pytest.raises(EmailInUse):
        act(office, ana, office.profile.add_email, "EVE@example.org")
    act(office, ana, office.profile.add_email, "ana@work.example")
    act(office, ana, office.profile.add_email, "ana@home.example")
    [newest] = letters(office, "verify_email", "ana@home.example")
    [older] = letters(office, "verify_email", "ana@work.example")
    with pytest.raises(LinkSpent):
        act(office, eve, office.profile.verify_email, link_in(older))
    with pytest.raises(NotFound):
        act(office, ana, office.profile.sign_in_with, "ana@work.example")
    act(office, ana, office.profile.verify_email, link_in(older))
    with pytest.raises(LinkSpent):
        act(office, ana, office.profile.verify_email, link_in(older))
    assert [(one.email, one.verified) for one in person_of(office, user_id).other_emails] == [
        ("ana@work.example", True),
        ("ana@home.example", False),
    ]
    act(office, ana, office.profile.sign_in_with, "ana@work.example")
    person = person_of(office, user_id)
    assert (person.email, person.other_emails[0].email) == ("ana@work.example", "ana@example.org")
    act(office, ana, office.profile.remove_email, "ana@home.example")
    with pytest.raises(LinkSpent):
        act(office, ana, office.profile.verify_email, link_in(newest))


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


def custodial(office: Office, user_id: str) -> str:
    with office.units() as uow:
        uow.office.raise_epoch()
        person = uow.people.get(user_id)
        assert person is not None
        did = office.own_dids.custodial_did(uow, person)
        uow.commit()
    return did


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


# -- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(32) + b"\xff\xd9", "image/jpeg"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(32), "image/webp"),
        (b"%PDF-1.7\n" + bytes(32) + b"\n%%EOF\n", "application/pdf"),
    ],
)
def test_file_is_judged_by_its_content(office: Office, content: bytes, kind: str) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    kept = act(office, caller, office.attachments.upload, "../../evil.html", content)
    assert kept.media_type == kind
    assert kept.name.startswith("evil.html.")
    assert office.attachments.get(caller, kept.attachment_id).content == content


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"<svg/>", b"GIF89a" + bytes(32), b"MZ" + bytes(32), b"%PDF-1.7 no end", b"\x89PNG\r\n\x1a\n<script>"],
)
def test_other_kinds_are_refused_whatever_their_name(office: Office, content: bytes) -> None:
    add_account(office, "ana")
    with pytest.raises(UnsupportedUpload):
        act(office, sign_in(office, "ana").caller, office.attachments.upload, "nice.png", content)


def test_file_is_seen_by_its_owner_and_admins_and_nobody_else(office: Office) -> None:
    for name, roles in (("ana", ()), ("eve", (AccountRole.ISSUER,)), ("boss", (AccountRole.ADMIN,))):
        add_account(office, name, *roles)
    ana, eve, boss = (sign_in(office, name).caller for name in ("ana", "eve", "boss"))
    kept = act(office, ana, office.attachments.upload, "a.png", PNG)
    assert office.attachments.get(boss, kept.attachment_id).sha256 == kept.sha256
    for caller, wanted in ((eve, kept.attachment_id), (ana, "att_unknown")):
        with pytest.raises(AttachmentNotFound) as refused:
            office.attachments.get(caller, wanted)
        assert refused.value.detail == "There is no such file."


# -- own data ----------------------------------------------------------------------------------------------


def test_copy_of_own_data_holds_no_secret(office: Office) -> None:
    add_account(office, "ana")
    signed_in = sign_in(office, "ana")
    copy = office.own_data.export(signed_in.caller)
    assert copy["person"]["emails"] == [{"email": "ana@example.org", "verified": True}]  # type: ignore[index,call-overload]
    text = json.dumps(copy)
    assert signed_in.cookie not in text
    assert signed_in.session.digest.hex() not in text
    assert "argon2" not in text


def test_erasure_empties_the_account_and_keeps_the_trail(office: Office) -> None:
    user_id = add_account(office, "ana", AccountRole.IMPROVER)
    did = custodial(office, user_id)
    signed_in = sign_in(office, "ana")
    caller = signed_in.caller
    kept = act(office, caller, office.attachments.upload, "ana-munoz.png", PNG)
    act(office, caller, office.profile.change, ProfileChanges(display_name="Ana Secret-Name", first_name="Ana"))
    act(office, caller, office.own_data.erase)
    person = person_of(office, user_id)
    assert person == replace(
        Person(person.user_id, f"{user_id}@erased.invalid", False, "Erased person", frozenset(), person.created_at),
        active=False,
        erased=True,
        dids=(did,),
        holder_did=did,
        version=person.version,
    )
    assert comes_back(office, signed_in.cookie) is None
    with pytest.raises(SignInFailed):
        sign_in(office, "ana")
    with office.units(write=False) as uow:
        record = uow.dids.get(did)
        assert record is not None
        assert not record.is_active
        assert uow.keys.get(f"{did}#key-1") is None
        file = uow.attachments.get(kept.attachment_id)
        assert file is None or (file.name, file.content) == ("", b"")
        assert uow.sign_ins.password(user_id) is None
        assert uow.people.by_email("ana@example.org") is None
        assert b"Secret-Name" not in b"".join(row.body for row in uow.audit.read(0, 10_000))
    assert audit_actions(office)[-1] == "user.erased"
    # The address is free again, and the new account has nothing of the old one.
    assert add_account(office, "ana") != user_id


def test_last_admin_is_not_erased(office: Office) -> None:
    add_account(office, "boss", AccountRole.ADMIN)
    with pytest.raises(LastAdmin):
        act(office, sign_in(office, "boss").caller, office.own_data.erase)


def test_erasure_by_an_old_session_asks_for_a_fresh_sign_in(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    clock.move(minutes=11)
    with pytest.raises(FreshSignInRequired):
        act(office, caller, office.own_data.erase)
    assert the_operator(office).person is None
