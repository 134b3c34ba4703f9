"""Sessions, passkeys, codes, links, challenges and failures on both databases."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import KeyInUse
from sealwright.domain.sign_in import (
    Challenge,
    ChallengePurpose,
    LinkPurpose,
    OneTimeLink,
    Passkey,
    Session,
    SignInMethod,
)
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW

MINUTE = timedelta(minutes=1)


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def session(name: str, user_id: str = "usr_ada", minutes: int = 0) -> Session:
    at = NOW + minutes * MINUTE
    return Session(f"ses_{name}", user_id, digest(name), SignInMethod.PASSKEY, "Firefox", at, at, at)


def passkey(name: str, user_id: str = "usr_ada") -> Passkey:
    return Passkey(f"psk_{name}", user_id, digest(name), b"cose", 0, "Phone", NOW, transports=("usb", "nfc"))


def link(name: str, **changes: object) -> OneTimeLink:
    usual = OneTimeLink(
        f"lnk_{name}", digest(name), LinkPurpose.SIGN_IN, "usr_ada", "ada@example.org", NOW, NOW + 10 * MINUTE
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def challenge(name: str, purpose: ChallengePurpose = ChallengePurpose.WALLET) -> Challenge:
    return Challenge(digest(name), purpose, "usr_ada", b"sign this", NOW, NOW + 5 * MINUTE)


def test_sessions_are_found_touched_and_ended(units: UnitOfWorkFactory) -> None:
    first, second, other = session("a"), session("b", minutes=1), session("c", "usr_bob")
    with units() as uow:
        epoch = uow.office.epoch()
        for one in (first, second, other):
            uow.sign_ins.add_session(one)
        uow.sign_ins.touch_session("ses_a", NOW + 5 * MINUTE)
        uow.sign_ins.touch_session("ses_a", NOW + MINUTE)
        uow.commit()
    seen = replace(first, last_seen_at=NOW + 5 * MINUTE)
    with units() as uow:
        assert uow.office.epoch() == epoch
        assert uow.sign_ins.session(first.digest) == seen
        assert uow.sign_ins.session(b"?" * 32) is None
        assert uow.sign_ins.sessions_of("usr_ada") == (second, seen)
        assert uow.sign_ins.end_session("ses_a", NOW + 6 * MINUTE) is True
        assert uow.sign_ins.end_session("ses_a", NOW + 7 * MINUTE) is False
        uow.sign_ins.touch_session("ses_a", NOW + 8 * MINUTE)
        assert uow.sign_ins.session(first.digest) == replace(seen, ended_at=NOW + 6 * MINUTE)
        assert uow.sign_ins.sessions_of("usr_ada") == (second,)


def test_all_sessions_but_one_are_ended(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for name in "abc":
            uow.sign_ins.add_session(session(name))
        uow.sign_ins.add_session(session("other", "usr_bob"))
        assert uow.sign_ins.end_sessions_of("usr_ada", NOW, but="ses_b") == 2
        assert [one.session_id for one in uow.sign_ins.sessions_of("usr_ada")] == ["ses_b"]
        assert uow.sign_ins.end_sessions_of("usr_ada", NOW) == 1
        assert len(uow.sign_ins.sessions_of("usr_bob")) == 1


def test_a_password_is_put_replaced_and_taken_away(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.sign_ins.password("usr_ada") is None
        uow.sign_ins.put_password("usr_ada", "$argon2id$1", NOW)
        uow.sign_ins.put_password("usr_ada", "$argon2id$2", NOW)
        assert uow.sign_ins.password("usr_ada") == "$argon2id$2"
        uow.sign_ins.put_password("usr_ada", None, NOW)
        assert uow.sign_ins.password("usr_ada") is None


def test_a_passkey_belongs_to_one_person(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.add_passkey(passkey("a"))
        uow.sign_ins.used_passkey("psk_a", 7, NOW + MINUTE)
        uow.commit()
    used = replace(passkey("a"), sign_count=7, last_used_at=NOW + MINUTE)
    with units(write=False) as uow:
        assert uow.sign_ins.passkey(digest("a")) == used
        assert uow.sign_ins.passkeys_of("usr_ada") == (used,)
    with units() as uow, pytest.raises(KeyInUse):
        uow.sign_ins.add_passkey(replace(passkey("a", "usr_bob"), passkey_id="psk_b"))
    with units() as uow:
        assert uow.sign_ins.delete_passkey("usr_bob", "psk_a") is False
        assert uow.sign_ins.delete_passkey("usr_ada", "psk_a") is True
        assert uow.sign_ins.passkey(digest("a")) is None


def test_a_recovery_code_is_spent_once(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.replace_recovery_codes("usr_ada", [digest("old")], NOW)
        uow.sign_ins.replace_recovery_codes("usr_ada", [digest("a"), digest("b")], NOW)
        assert uow.sign_ins.recovery_codes("usr_ada") == 2
        assert uow.sign_ins.use_recovery_code("usr_ada", digest("old"), NOW) is False
        assert uow.sign_ins.use_recovery_code("usr_bob", digest("a"), NOW) is False
        assert uow.sign_ins.use_recovery_code("usr_ada", digest("a"), NOW) is True
        assert uow.sign_ins.use_recovery_code("usr_ada", digest("a"), NOW) is False
        assert uow.sign_ins.recovery_codes("usr_ada") == 1


def test_a_link_works_once_and_in_time(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.add_link(link("a"))
        uow.sign_ins.add_link(link("b"))
        assert uow.sign_ins.link(digest("a")) == link("a")
        assert uow.sign_ins.link(digest("?")) is None
        assert uow.sign_ins.use_link("lnk_a", NOW + MINUTE) is True
        assert uow.sign_ins.use_link("lnk_a", NOW + MINUTE) is False
        assert uow.sign_ins.use_link("lnk_b", NOW + 10 * MINUTE) is False
        assert uow.sign_ins.link(digest("a")) == link("a", used_at=NOW + MINUTE)


def test_links_of_a_purpose_are_voided(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.add_link(link("a"))
        uow.sign_ins.add_link(link("verify", purpose=LinkPurpose.VERIFY_EMAIL))
        uow.sign_ins.add_link(link("setup", purpose=LinkPurpose.SETUP, user_id=None))
        assert uow.sign_ins.void_links(purpose="sign_in", user_id="usr_ada", at=NOW) == 1
        assert uow.sign_ins.void_links(purpose="setup", user_id=None, at=NOW) == 1
        assert uow.sign_ins.use_link("lnk_a", NOW) is False
        assert uow.sign_ins.use_link("lnk_verify", NOW) is True


def test_a_challenge_is_taken_once_in_time_and_for_its_purpose(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.add_challenge(challenge("a"))
        uow.sign_ins.add_challenge(challenge("late"))
        assert uow.sign_ins.take_challenge(digest("a"), ChallengePurpose.DID, NOW) is None
        assert uow.sign_ins.take_challenge(digest("a"), ChallengePurpose.WALLET, NOW) == challenge("a")
        assert uow.sign_ins.take_challenge(digest("a"), ChallengePurpose.WALLET, NOW) is None
        assert uow.sign_ins.take_challenge(digest("late"), ChallengePurpose.WALLET, NOW + 5 * MINUTE) is None
        assert uow.sign_ins.take_challenge(digest("late"), ChallengePurpose.WALLET, NOW) is None


def test_failures_are_counted_by_bucket_and_span(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for minutes in (0, 0, 5, 20):
            uow.sign_ins.count_failure("account:ada", NOW + minutes * MINUTE)
        uow.sign_ins.count_failure("address:10.0.0.1", NOW)
        assert uow.sign_ins.failures("account:ada", NOW) == (4, NOW)
        assert uow.sign_ins.failures("account:ada", NOW + MINUTE) == (2, NOW + 5 * MINUTE)
        assert uow.sign_ins.failures("account:eve", NOW) == (0, None)
        uow.sign_ins.clear_failures("account:ada")
        assert uow.sign_ins.failures("account:ada", NOW) == (0, None)
        assert uow.sign_ins.failures("address:10.0.0.1", NOW) == (1, NOW)


def test_forget_drops_only_what_matters_to_nobody(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.add_challenge(challenge("a"))
        uow.sign_ins.add_link(link("a"))
        uow.sign_ins.add_session(session("a"))
        uow.sign_ins.count_failure("account:ada", NOW)
        assert uow.sign_ins.forget(NOW + MINUTE) == 0
        assert uow.sign_ins.forget(NOW + 6 * MINUTE) == 1
        assert uow.sign_ins.forget(NOW + timedelta(days=2)) == 1
        assert uow.sign_ins.forget(NOW + timedelta(days=40)) == 1
        assert uow.sign_ins.forget(NOW + timedelta(days=90)) == 0
        assert uow.sign_ins.forget(NOW + timedelta(days=91)) == 1
        assert uow.sign_ins.session(digest("a")) is None


def test_forget_keeps_the_last_session_in_each_kind_of_browser(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for one in (session("a"), session("b", minutes=1), replace(session("c"), label="Safari")):
            uow.sign_ins.add_session(one)
        uow.sign_ins.add_session(session("eve", "usr_eve"))
        uow.sign_ins.end_sessions_of("usr_ada", NOW + MINUTE)
        assert uow.sign_ins.forget(NOW + timedelta(days=2)) == 1
        assert [uow.sign_ins.session(digest(name)) is None for name in ("a", "b", "c", "eve")] == [
            True,
            False,
            False,
            False,
        ]
        assert uow.sign_ins.browsers_of("usr_ada") == {"Firefox", "Safari"}
        assert uow.sign_ins.sessions_of("usr_ada") == ()
