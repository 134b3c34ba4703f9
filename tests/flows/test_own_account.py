"""One's own account: passkeys, addresses, files, own data, and its erasure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.errors import (
    AttachmentNotFound,
    EmailInUse,
    FreshSignInRequired,
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
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.domain.people import AccountRole, Caller, Person, Theme
from sealwright.services.office import Office
from sealwright.services.profile import ProfileChanges
from sealwright.vc.encoding.multibase import base64url_encode
from tests.storage.builders import api_key, credential
from tests.storage.delivery_builders import didcomm_message, didcomm_thread, digest, offer, share, webhook
from tests.support.accounts import (
    VISITOR,
    act,
    add_account,
    audit_actions,
    comes_back,
    custodial,
    hash_cheaply,
    letters,
    link_in,
    person_of,
    sign_in,
)
from tests.support.authenticator import Authenticator
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, furnish_bare, the_operator

ORIGIN = "http://127.0.0.1:8000"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish_bare) as one:
        yield one


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
    ("given", "kept"),
    [
        ("👩\u200d👩\u200d👧\u200d👦", "👩\u200d👩\u200d👧\u200d👦"),
        (" نر\u200cگس\u202e\x07 ", "نر\u200cگس"),
        ("\u200d\u3164", "Passkey"),
        ("", "Passkey"),
    ],
)
def test_name_of_a_passkey_keeps_its_joiners(office: Office, given: str, kept: str) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    response = authenticator().register(office.means.passkey_options(caller))
    assert act(office, caller, office.means.add_passkey, response, given).name == kept


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
    user_id = add_account(office, "ana")
    add_account(office, "eve")
    device = authenticator()
    add_passkey(office, sign_in(office, "ana").caller, device)
    visits = [
        office.sign_in.passkey(device.sign_in(office.sign_in.passkey_options(), counts=False), VISITOR)
        for _ in range(3)
    ]
    assert [visit.person.user_id for visit in visits] == [user_id] * 3
    assert len({visit.session.session_id for visit in visits}) == 3
    callers = [comes_back(office, visit.cookie) for visit in visits]
    assert [caller.session_id for caller in callers if caller] == [visit.session.session_id for visit in visits]


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


def test_own_names_may_hold_what_their_script_is_written_with(office: Office) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    for name in ("نر\u200cگس", "क्\u200dष", "Ana 👩\u200d👧"):
        act(office, caller, office.profile.change, ProfileChanges(display_name=name, first_name=name, last_name=name))
        person = person_of(office, user_id)
        assert (person.display_name, person.first_name, person.last_name) == (name, name, name)
    changes = ProfileChanges(display_name="\u200d", first_name="a\nb", last_name="\u202eana")
    with pytest.raises(MalformedBody) as refused:
        act(office, caller, office.profile.change, changes)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/display_name", "INVALID_VALUE"),
        ("/first_name", "INVALID_CHARACTER"),
        ("/last_name", "INVALID_CHARACTER"),
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


def test_copy_of_own_data_tells_of_offers_and_public_pages(office: Office, clock: MovableClock) -> None:
    user_id = add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    now, uid = clock.now(), new_credential_uid()
    with office.units() as uow:
        ana = uow.people.get(user_id)
        assert ana is not None
        uow.people.update(replace(ana, dids=("did:key:ana",), version=ana.version + 1))
        uow.credentials.add_many(
            [
                credential(uid, holder_did="did:key:ana", document=b'{"id":"its document"}'),
                credential(holder_did="did:jwk:wallet", document=b"e30.e30.c2ln", copy_of=uid, proof_type="dc+sd-jwt"),
            ]
        )
        uow.shares.put(share(uid, is_on=True, shown=("/name",)))
        for number in range(2):
            made = offer(f"off_{number}", created_at=now, expires_at=now + timedelta(hours=number))
            uow.offers.add(replace(made, holder_user_id=user_id, email="ana@example.org"))
        uow.commit()
    copy: Any = office.own_data.export(caller)
    assert copy["credentials"] == [{"id": "its document"}, "e30.e30.c2ln"]
    assert [(one["id"], one["status"], one["email"]) for one in copy["offers"]] == [
        ("off_1", "created", "ana@example.org"),
        ("off_0", "expired", "ana@example.org"),
    ]
    shown = [(one["credential_id"], one["is_on"], one["shown"]) for one in copy["shares"]]
    assert shown == [(credential_urn(uid), True, ["/name"])]
    assert digest("secret of off_1").hex() not in json.dumps(copy)
    act(office, caller, office.own_data.erase)
    with office.units(write=False) as uow:
        ended = [uow.offers.get(f"off_{number}") for number in range(2)]
        assert [(one.state.value, one.email, one.ended_at) for one in ended if one] == [
            ("expired", None, now),
            ("canceled", None, now),
        ]
        assert [one.document for one in uow.credentials.copies_of(uid)] == [None]
        page = uow.shares.get(uid)
        assert page is not None
        assert (page.is_on, page.shown) == (False, ())
    assert audit_actions(office)[-3:] == ["offer.expired", "offer.canceled", "user.erased"]


def test_copy_of_own_data_tells_of_conversations_and_webhooks(office: Office) -> None:
    user_id = add_account(office, "ana")
    kept = custodial(office, user_id)
    caller = sign_in(office, "ana").caller
    theirs = f"did:jwk:{'e' * 3000}"
    with office.units() as uow:
        ana = uow.people.get(user_id)
        assert ana is not None
        uow.people.update(replace(ana, dids=(*ana.dids, theirs), version=ana.version + 1))
        uow.api_keys.add(api_key("key_one", owner_user_id=user_id))
        for thread_id, changes in {
            "thr_own": {"own_did": kept},
            "thr_both": {"own_did": kept, "their_did": theirs},
            "thr_their": {"their_did": theirs},
            "thr_strange": {},
        }.items():
            uow.didcomm.add_thread(didcomm_thread(thread_id, **changes))
            uow.didcomm.add_message(didcomm_message(f"msg of {thread_id}", thread_id))
        for number in range(101):
            uow.didcomm.add_thread(didcomm_thread(f"thr_{number:03}", their_did=theirs))
        for owner in (("admin", user_id), ("user", user_id), ("api_key", "key_one"), ("user", "usr_other")):
            uow.webhooks.add(webhook(f"whk_{'_'.join(owner)}", owner_kind=owner[0], owner_id=owner[1]))
        uow.commit()
    copy: Any = office.own_data.export(caller)
    threads = {one["id"]: one for one in copy["didcomm_threads"]}
    assert len(threads) == len(copy["didcomm_threads"]) == 104
    assert "thr_strange" not in threads
    assert threads["thr_both"]["their_did"] == theirs
    assert [(one["id"], one["direction"]) for one in threads["thr_own"]["messages"]] == [("msg of thr_own", "outbound")]
    ids = ["whk_api_key_key_one", f"whk_admin_{user_id}", f"whk_user_{user_id}"]
    assert sorted(one["id"] for one in copy["webhooks"]) == sorted(ids)
    assert [one["api_key_id"] for one in copy["api_keys"]] == ["key_one"]
    assert "sealed" not in json.dumps(copy)


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
