"""Signatures of agent cards: made once, kept within bounds, and left out where a key does not sign."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

import pytest

from sealwright.domain.dids import Custody, KeyPurpose, MethodRecord, MethodState, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed
from sealwright.services import card_signing
from sealwright.services.card_signing import QUIET_AFTER_FAILURE, CardSigning
from sealwright.services.ports import KeyStore
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.proofs.compact import check_signature, open_compact
from tests.support.office import START, MovableClock
from tests.support.proving import Party
from tests.support.signed_cards import opened

AGENT: Final = Party(31)
METHOD: Final = MethodRecord(
    id=f"{AGENT.did}#1",
    type="Ed25519VerificationKey2020",
    public_key_multibase=AGENT.key.multikey,
    proof_types=("Ed25519Signature2020",),
    purposes=("authentication",),
    use=KeyPurpose.CREDENTIALS,
    state=MethodState.ACTIVE,
    custody=Custody.SERVER,
    created_at=START,
)
KEY: Final = StoredKey(
    *(METHOD.id, AGENT.did, KeyPurpose.CREDENTIALS, "Ed25519", AGENT.key.raw),
    *("software", b"", "", MethodState.ACTIVE, START),
)


def card(number: int = 0) -> dict[str, JSONValue]:
    return {"name": f"Zoë {number}", "version": "1.0", "skills": [{"id": "a", "tags": ["b"]}]}


class Store:
    """A key store that counts, and refuses when it is told to."""

    def __init__(self, sign: Callable[[bytes], bytes] = AGENT.signer.sign) -> None:
        self.sign_bytes = sign
        self.asked: list[bytes] = []
        self.failure: Exception | None = None

    def sign(self, key: StoredKey, data: bytes, **_: Any) -> bytes:
        self.asked.append(data)
        if self.failure is not None:
            raise self.failure
        return self.sign_bytes(data)


class World:
    def __init__(self, sign: Callable[[bytes], bytes] = AGENT.signer.sign) -> None:
        self.store, self.clock = Store(sign), MovableClock()
        self.signing = CardSigning(cast("KeyStore", self.store), self.clock)

    def signed(self, number: int = 0, key: StoredKey | None = KEY) -> Mapping[str, Any]:
        return self.signing.signed(card(number), METHOD, key)


def test_a_card_is_signed_over_its_canonical_form() -> None:
    made = World().signed()
    token = open_compact(opened(made))
    check_signature(token, AGENT.key, {"EdDSA"})
    assert dict(token.header) == {"alg": "EdDSA", "kid": METHOD.id, "typ": "JOSE"}
    assert {**token.payload, "signatures": made["signatures"]} == made
    assert {name: made[name] for name in card()} == card()


def test_however_often_it_is_asked_for_it_is_signed_once() -> None:
    world = World()
    assert len({str(world.signed()) for _ in range(5)}) == 1
    assert len(world.store.asked) == 1
    world.signed(1)
    assert len(world.store.asked) == 2


def test_many_who_ask_at_the_same_time_have_it_signed_once() -> None:
    world, start = World(), threading.Barrier(8)

    def ask(_: int) -> str:
        start.wait(10)
        return str(world.signed())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(world.store.asked) == 1


def test_so_many_signatures_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_signing, "MOST_KEPT", 3)
    world = World()
    for number in (0, 1, 2, 3, 3, 2, 1):
        world.signed(number)
    assert len(world.store.asked) == 4
    world.signed(0)
    assert len(world.store.asked) == 5


@pytest.mark.parametrize("failure", [SigningFailed("no"), Sealed("no")], ids=["failing", "sealed"])
def test_a_store_that_does_not_sign_is_left_in_peace_for_a_while(failure: Exception) -> None:
    world = World()
    world.store.failure = failure
    assert [world.signed(), world.signed()] == [card(), card()]
    assert len(world.store.asked) == 1
    world.store.failure = None
    world.clock.time += QUIET_AFTER_FAILURE - timedelta(seconds=1)
    assert world.signed() == card()
    world.clock.move(seconds=1)
    assert "signatures" in world.signed()
    assert len(world.store.asked) == 2


def test_a_signature_that_does_not_hold_is_not_sent() -> None:
    assert World(Party(32).signer.sign).signed() == card()


def test_a_store_that_hangs_holds_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_signing, "WAIT_SECONDS", 0.0)
    begun, free = threading.Event(), threading.Event()

    def hang(data: bytes) -> bytes:
        begun.set()
        free.wait(10)
        return AGENT.signer.sign(data)

    world = World(hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(world.signed)
        assert begun.wait(10)
        assert world.signed(1) == card(1)
        free.set()
        assert "signatures" in first.result(10)
    assert "signatures" in world.signed(1)


def test_without_a_key_that_lives_a_card_goes_unsigned() -> None:
    world = World()
    assert world.signed(key=None) == card()
    assert world.signing.signed(card(), None, None) == card()
    assert "signatures" in world.signed()
    # What is kept does not outlive its key.
    assert world.signed(key=replace(KEY, not_after=world.clock.now())) == card()
    assert "signatures" in world.signed(key=replace(KEY, not_after=world.clock.now() + timedelta(seconds=1)))
    assert len(world.store.asked) == 1
