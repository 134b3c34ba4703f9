"""The office: settings, halts, and an epoch that every registry change raises once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from sealwright.domain.credentials import ReservationState
from sealwright.domain.errors import StateConflict
from sealwright.services.ports import Halt, UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import (
    ISSUER,
    NOW,
    api_key,
    credential,
    did_record,
    entry,
    person,
    reservation,
    schema,
    scope,
    status_list,
    stored_key,
    token,
)

HALT = Halt("halt_1", "bad key", NOW, ISSUER, "degree-v1")


def _prepare(uow: UnitOfWork) -> None:
    uow.people.add(person())
    uow.people.add_token(token())
    uow.api_keys.add(api_key())
    uow.dids.add(did_record())
    uow.keys.add(stored_key())
    uow.schemas.add(schema())


def _epoch(units: UnitOfWorkFactory) -> int:
    with units(write=False) as uow:
        return uow.office.epoch()


CHANGES: dict[str, Callable[[UnitOfWork], object]] = {
    "a new person": lambda uow: uow.people.add(person("usr_new")),
    "a changed person": lambda uow: uow.people.update(person(version=2)),
    "a new token": lambda uow: uow.people.add_token(token("tok_new")),
    "a revoked token": lambda uow: uow.people.revoke_token("tok_one", NOW),
    "a new API key": lambda uow: uow.api_keys.add(api_key("key_new")),
    "a revoked API key": lambda uow: uow.api_keys.revoke("key_one", NOW),
    "a new DID": lambda uow: uow.dids.add(did_record("did:adi:new")),
    "a changed DID": lambda uow: uow.dids.update(did_record(version=2)),
    "a new private key": lambda uow: uow.keys.add(stored_key("new")),
    "a replaced private key": lambda uow: uow.keys.replace(stored_key()),
    "a new schema": lambda uow: uow.schemas.add(schema("new")),
    "a changed schema": lambda uow: uow.schemas.update(schema(active=False)),
    "a halt": lambda uow: uow.office.add_halt(HALT),
    "a resume": lambda uow: uow.office.clear_halts(),
    "asked for": lambda uow: uow.office.raise_epoch(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_each_registry_change_raises_the_epoch(
    units: UnitOfWorkFactory, change: Callable[[UnitOfWork], object]
) -> None:
    with units() as uow:
        _prepare(uow)
        uow.commit()
    before = _epoch(units)
    with units() as uow:
        change(uow)
        assert uow.office.epoch() == before + 1
        uow.commit()
    assert _epoch(units) == before + 1


def test_many_changes_raise_the_epoch_once(units: UnitOfWorkFactory) -> None:
    before = _epoch(units)
    with units() as uow:
        _prepare(uow)
        uow.commit()
    assert _epoch(units) == before + 1


def test_issuing_and_settings_leave_the_epoch_alone(units: UnitOfWorkFactory) -> None:
    before = _epoch(units)
    with units() as uow:
        assert uow.office.epoch(shared_lock=True) == before
        one = reservation()
        uow.status_lists.take(ISSUER, 1, status_list)
        uow.reservations.add_many([one])
        uow.idempotency.begin_many([(scope(), None)], NOW, NOW)
        uow.reservations.settle_many([one.uid], ReservationState.ISSUED)
        uow.credentials.add_many([credential(one.uid)])
        uow.audit.append(entry())
        uow.office.put("public_url", "https://example.org")
        uow.commit()
    assert _epoch(units) == before


def test_a_change_after_a_rolled_back_one_still_raises_the_epoch(units: UnitOfWorkFactory) -> None:
    before = _epoch(units)
    with units() as uow:
        with contextlib.suppress(StateConflict), uow.savepoint():
            uow.schemas.add(schema("dropped"))
            raise StateConflict("roll back")
        assert uow.office.epoch() == before
        uow.schemas.add(schema("kept"))
        uow.commit()
    assert _epoch(units) == before + 1


def test_a_unit_of_work_that_rolls_back_leaves_the_epoch(units: UnitOfWorkFactory) -> None:
    before = _epoch(units)
    with units() as uow:
        uow.schemas.add(schema())
    assert _epoch(units) == before


def test_settings_are_put_and_replaced(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.office.get("origin") is None
        uow.office.put("origin", "one")
        uow.office.put("origin", "two é")
        uow.commit()
    with units(write=False) as uow:
        assert uow.office.get("origin") == "two é"


def test_halts_come_back_oldest_first_and_are_cleared_together(units: UnitOfWorkFactory) -> None:
    everything = Halt("halt_0", "drill", NOW - timedelta(minutes=1), None, None)
    with units() as uow:
        uow.office.add_halt(HALT)
        uow.office.add_halt(everything)
        uow.commit()
    with units() as uow:
        assert uow.office.halts() == (everything, HALT)
        assert uow.office.clear_halts() == 2
        assert uow.office.clear_halts() == 0
        assert uow.office.halts() == ()


def test_a_setting_that_is_put_once_is_whoever_came_firsts(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.office.put_once("made", "first") == "first"
        assert uow.office.put_once("made", "second") == "first"
        uow.commit()
    with units() as uow:
        assert uow.office.put_once("made", "third") == "first"
        assert uow.office.get("made") == "first"
