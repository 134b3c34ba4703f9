"""Password hashes."""

from __future__ import annotations

import pytest

from sealwright.adapters.passwords import Argon2Passwords


@pytest.fixture
def passwords() -> Argon2Passwords:
    return Argon2Passwords(time_cost=1, memory_kib=64)


def test_hash_is_argon2id_with_a_salt_of_its_own(passwords: Argon2Passwords) -> None:
    first, second = passwords.hash("secret"), passwords.hash("secret")
    assert first.startswith("$argon2id$v=19$m=64,t=1,p=4$")
    assert first != second
    assert passwords.verify(first, "secret")
    assert not passwords.verify(first, "Secret")


def test_absent_account_takes_the_work_of_a_wrong_password(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = passwords._hasher.verify

    def verify(encoded: str | bytes, password: str | bytes) -> bool:
        checked.append(str(encoded))
        return real(encoded, password)

    monkeypatch.setattr(
        passwords, "_hasher", type("Hasher", (), {"verify": staticmethod(verify), "hash": passwords._hasher.hash})
    )
    known = passwords.hash("secret")
    assert not passwords.verify(known, "guess")
    assert not passwords.verify(None, "guess")
    assert [text.rsplit("$", 2)[0] for text in checked] == ["$argon2id$v=19$m=64,t=1,p=4"] * 2, (
        "one hash each, same cost"
    )


@pytest.mark.parametrize("encoded", ["", "x", "$argon2id$v=19$m=64", "$2b$12$abcdefghijklmnopqrstuv"])
def test_broken_hash_opens_nothing(passwords: Argon2Passwords, encoded: str) -> None:
    assert not passwords.verify(encoded, "secret")


def test_hash_of_another_cost_is_outdated(passwords: Argon2Passwords) -> None:
    assert not passwords.is_outdated(passwords.hash("x"))
    assert passwords.is_outdated(Argon2Passwords(time_cost=2, memory_kib=64).hash("x"))


def test_default_cost_is_that_of_rfc_9106() -> None:
    assert Argon2Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
