"""People who sign in, for tests of accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sealwright.adapters.passwords import Argon2Passwords
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.services.office import Office
from sealwright.services.sessions import SignedIn
from sealwright.services.sign_in import Visitor
from tests.support.office import add_person, the_operator

PASSWORD = "correct horse battery staple"
VISITOR = Visitor("203.0.113.7", "Firefox on Linux")


def visitor(address: str = "203.0.113.7", label: str = "Firefox on Linux", replaces: Caller | None = None) -> Visitor:
    return Visitor(address, label, replaces)


def person_of(office: Office, user_id: str) -> Person:
    with office.units(write=False) as uow:
        found = uow.people.get(user_id)
    assert found is not None
    return found


def add_account(office: Office, name: str, *roles: AccountRole, password: str = PASSWORD) -> str:
    """Somebody with a password; gives the user id."""
    user_id = add_person(office, name, *roles)
    prepared = office.means.prepare_password(password)
    with office.units() as uow:
        office.means.store_password(uow, the_operator(office), user_id, prepared)
        uow.commit()
    return user_id


def sign_in(office: Office, name: str, *, address: str = "203.0.113.7", label: str = "Firefox on Linux") -> SignedIn:
    return office.sign_in.password(f"{name}@example.org", PASSWORD, visitor(address, label))


def comes_back(office: Office, cookie: str) -> Caller | None:
    """Who comes with a cookie now."""
    return office.sessions.from_cookie(cookie, office.registry.current())


def audit_actions(office: Office) -> list[str]:
    with office.units(write=False) as uow:
        return [row.action for row in uow.audit.read(0, 10_000)]


def letters(office: Office, kind: str, to: str | None = None) -> list[str]:
    """The texts of letters that wait in the outbox, newest first; those to one address, or to all."""
    with office.units(write=False) as uow:
        return [
            mail.text
            for mail in uow.notices.mails(page=1, count=100).items
            if mail.kind == kind and to in (None, mail.to)
        ]


def link_in(text: str) -> str:
    """The token of the one link of ours in a letter."""
    found = next(word for word in text.split() if "/login/" in word or "/settings/emails/" in word or "/setup/" in word)
    return found.partition("?")[0].rpartition("/")[2]


def hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let offices that are built from now on hash passwords at a tiny cost."""
    cheap = Argon2Passwords(time_cost=1, memory_kib=64)
    monkeypatch.setattr("sealwright.bootstrap.accounts.Argon2Passwords", lambda: cheap)


def act(office: Office, caller: Caller, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Carry out an act of a desk as this caller."""
    return office.acts.run(caller, lambda uow, me: work(uow, me, *given, **named), changes_registry=True)


def custodial(office: Office, user_id: str) -> str:
    """The DID that the office keeps for somebody."""
    with office.units() as uow:
        uow.office.raise_epoch()
        person = uow.people.get(user_id)
        assert person is not None
        did = office.own_dids.custodial_did(uow, person)
        uow.commit()
    return did


def at_once(work: Callable[[], object], times: int = 8) -> list[object]:
    """Do the same from several threads that begin together; gives results and errors."""
    barrier = threading.Barrier(times)
    found: list[object] = []

    def run() -> None:
        barrier.wait()
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
