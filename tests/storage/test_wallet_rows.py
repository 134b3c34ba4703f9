"""What wallets hold: each secret finds its row, codes and transactions serve once, and what is over goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sealwright.domain.wallets import AWAITED_MOST, TransactionState
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.delivery_builders import (
    HOUR,
    digest,
    wallet_authorization,
    wallet_notification,
    wallet_token,
    wallet_transaction,
)

LATER = NOW + timedelta(minutes=5)
_OF_ADA: Final[dict[str, str | None]] = {"offer_id": None, "user_id": "usr_ada", "authorization_id": "wau_one"}


def test_an_authorization_gets_one_person_and_its_code_serves_once(units: UnitOfWorkFactory) -> None:
    pushed = wallet_authorization(jkt="thumb", issuer_state="off_one")
    with units() as uow:
        uow.wallets.add_authorization(pushed)
        assert not uow.wallets.use_code("wau_one", LATER)
        assert uow.wallets.consent("wau_one", "usr_ada", digest("code"), LATER)
        assert not uow.wallets.consent("wau_one", "usr_bob", digest("other"), LATER)
        assert not uow.wallets.consent("wau_two", "usr_bob", digest("other"), LATER)
        bound = replace(pushed, user_id="usr_ada", code_digest=digest("code"), expires_at=LATER)
        assert uow.wallets.authorization("wau_one") == bound
        assert uow.wallets.authorization_by_request(pushed.request_digest) == bound
        assert uow.wallets.authorization_by_code(digest("code")) == bound
        assert uow.wallets.authorization_by_code(digest("other")) is None
        assert uow.wallets.use_code("wau_one", LATER)
        assert not uow.wallets.use_code("wau_one", LATER)
        assert uow.wallets.authorization("wau_one") == replace(bound, used_at=LATER)


def test_tokens_end_with_the_authorization_that_they_came_of(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.wallets.add_token(wallet_token())
        assert uow.wallets.token_by_digest(digest("wtk_one")) == uow.wallets.token("wtk_one") == wallet_token()
        hers = wallet_token("wtk_ada", **_OF_ADA, jkt=None, identifiers=())
        uow.wallets.add_token(hers)
        uow.wallets.add_token(wallet_token("wtk_also", **{**_OF_ADA, "authorization_id": "wau_two"}))
        uow.wallets.add_token(wallet_token("wtk_old", **_OF_ADA, expires_at=NOW))
        assert uow.wallets.token("wtk_ada") == hers
        assert uow.wallets.end_tokens("wau_one", LATER) == 1
        assert uow.wallets.end_tokens("wau_one", LATER) == 0
        ends = [uow.wallets.token(f"wtk_{one}") for one in ("one", "ada", "also", "old")]
        assert [one.expires_at for one in ends if one] == [NOW + HOUR, LATER, NOW + HOUR, NOW]


def test_a_transaction_ends_once(units: UnitOfWorkFactory) -> None:
    waiting = wallet_transaction()
    with units() as uow:
        uow.wallets.add_transaction(waiting)
        uow.wallets.add_transaction(wallet_transaction("wtx_two", configuration_id="nurse"))
        assert uow.wallets.transaction_by_digest(waiting.digest) == waiting
        other = wallet_transaction("wtx_three", holders=("did:jwk:three",))
        uow.wallets.add_transaction(other)
        assert uow.wallets.transaction_of("wtk_one", "req_one", "degree", waiting.holders) == waiting
        assert uow.wallets.transaction_of("wtk_one", "req_one", "degree", other.holders) == other
        assert uow.wallets.transaction_of("wtk_one", "req_two", "degree", waiting.holders) is None
        done = replace(waiting, state=TransactionState.DELIVERED, ended_at=LATER)
        assert uow.wallets.end_transaction(done)
        assert not uow.wallets.end_transaction(replace(done, state=TransactionState.DENIED))
        assert uow.wallets.transaction_by_digest(waiting.digest) == done
        assert uow.wallets.transaction_of("wtk_one", "req_one", "degree", waiting.holders) is None


def test_what_waits_under_the_tokens_of_an_authorization_is_denied_together(units: UnitOfWorkFactory) -> None:
    kinds: dict[str, dict[str, str | None]] = {
        "hers": {},
        "again": {"authorization_id": "wau_two"},
        "his": {"authorization_id": "wau_three", "user_id": "usr_bob"},
        "offered": {"authorization_id": None, "user_id": None, "offer_id": "off_one"},
    }
    with units() as uow:
        for name, changes in kinds.items():
            uow.wallets.add_token(wallet_token(f"wtk_{name}", **{**_OF_ADA, **changes}))
            uow.wallets.add_transaction(wallet_transaction(f"wtx_{name}", f"wtk_{name}"))
        assert uow.wallets.deny_waiting("wau_one", LATER) == 1
        assert uow.wallets.deny_waiting("wau_one", LATER) == 0
        found = {name: uow.wallets.transaction_by_digest(digest(f"wtx_{name}")) for name in kinds}
        states = {name: one.state for name, one in found.items() if one is not None}
        assert states.pop("hers") is TransactionState.DENIED
        assert set(states.values()) == {TransactionState.WAITING}
        assert len(states) == 3


def test_requests_that_nobody_answered_go_first(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(3):
            uow.wallets.add_authorization(wallet_authorization(f"wau_{number}", expires_at=NOW + number * HOUR))
        uow.wallets.consent("wau_0", "usr_ada", digest("code"), NOW)
        assert uow.wallets.forget_unanswered(NOW + HOUR, 9) == 1
        left = [uow.wallets.authorization(f"wau_{number}") is not None for number in range(3)]
        assert left == [True, False, True]


def test_a_notification_keeps_the_last_word(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.wallets.add_notification(wallet_notification())
        uow.wallets.tell(b"n", "credential_accepted", NOW)
        uow.wallets.tell(b"n", "credential_deleted", LATER)
        uow.wallets.tell(b"unknown", "credential_deleted", LATER)
        told = wallet_notification(event="credential_deleted", told_at=LATER)
        assert uow.wallets.notification_by_digest(b"n") == told
        assert uow.wallets.notification_by_digest(b"unknown") is None


def test_what_is_over_is_forgotten_but_a_wish_that_waits_keeps_its_token(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(3):
            name = f"{number}"
            uow.wallets.add_authorization(wallet_authorization(f"wau_{name}", expires_at=NOW + number * HOUR))
            uow.wallets.add_token(wallet_token(f"wtk_{name}", expires_at=NOW + number * HOUR))
            uow.wallets.add_notification(wallet_notification(name.encode(), f"wtk_{name}"))
        uow.wallets.add_token(wallet_token("wtk_waits", expires_at=NOW))
        waiting = wallet_transaction(token_id="wtk_waits")
        uow.wallets.add_transaction(waiting)
        uow.wallets.add_transaction(wallet_transaction("wtx_done", "wtk_0", state=TransactionState.DENIED))
        assert uow.wallets.forget(NOW + HOUR, 1) == 2
        assert uow.wallets.forget(NOW + HOUR, 9) == 2
        assert uow.wallets.forget(NOW + HOUR, 9) == 0
        assert uow.wallets.transaction_by_digest(digest("wtx_done")) is None
        left = [uow.wallets.token(f"wtk_{name}") is not None for name in ("0", "1", "2", "waits")]
        assert left == [False, False, True, True]
        told = [uow.wallets.notification_by_digest(name) is not None for name in (b"0", b"1", b"2")]
        assert told == [False, False, True]
        uow.wallets.end_transaction(replace(waiting, state=TransactionState.DELIVERED, ended_at=LATER))
        assert uow.wallets.forget(NOW + HOUR, 9) == 1
        assert uow.wallets.token("wtk_waits") is None


def test_nothing_waits_for_a_wallet_for_ever(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.wallets.add_token(wallet_token(expires_at=NOW))
        waiting = wallet_transaction()
        uow.wallets.add_transaction(waiting)
        assert uow.wallets.forget(NOW + AWAITED_MOST - timedelta(seconds=1), 9) == 0
        assert uow.wallets.transaction_by_digest(waiting.digest) == waiting
        assert uow.wallets.forget(NOW + AWAITED_MOST, 9) == 1
        assert uow.wallets.transaction_by_digest(waiting.digest) is None
        assert uow.wallets.token("wtk_one") is None
