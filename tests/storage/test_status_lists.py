"""Status lists: ordinals are given once, lists open as they fill, bits change under a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.credentials import StatusListRecord, StatusPurpose
from sealwright.domain.errors import StateConflict, StatusListNotFound
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.vc.errors import StatusIndexOutOfRange
from sealwright.vc.status.bitstring import read_bit
from tests.storage.builders import ISSUER, NOW, status_list

LATER = NOW + timedelta(minutes=1)


def _opening(*records: StatusListRecord) -> Callable[[], StatusListRecord]:
    left = list(records)
    return lambda: left.pop(0)


def test_the_first_take_opens_a_list_with_clear_bits(units: UnitOfWorkFactory) -> None:
    fresh = status_list()
    with units() as uow:
        (run,) = uow.status_lists.take(ISSUER, 5, _opening(fresh))
        assert (run.first, run.count) == (0, 5)
        assert run.record == replace(fresh, used=5)
        uow.commit()
    with units(write=False) as uow:
        bits = uow.status_lists.bits(fresh.list_id)
        assert bits is not None
        assert bits.record == uow.status_lists.get(fresh.list_id) == replace(fresh, used=5)
        assert bits.revocation == bits.suspension == bytes(16)
        assert uow.status_lists.all() == (bits.record,)
        assert uow.status_lists.get("slt_unknown") is None
        assert uow.status_lists.bits("slt_unknown") is None


def test_takes_follow_each_other_and_issuers_are_apart(units: UnitOfWorkFactory) -> None:
    mine, other = status_list(), status_list("did:adi:other")
    with units() as uow:
        uow.status_lists.take(ISSUER, 3, _opening(mine))
        uow.status_lists.take("did:adi:other", 2, _opening(other))
        uow.commit()
    with units() as uow:
        (run,) = uow.status_lists.take(ISSUER, 4, _opening())
        assert (run.record.list_id, run.first, run.count) == (mine.list_id, 3, 4)


def test_a_run_rolls_over_into_new_lists(units: UnitOfWorkFactory) -> None:
    lists = [replace(status_list(capacity=10), created_at=NOW + timedelta(seconds=n)) for n in range(4)]
    with units() as uow:
        uow.status_lists.take(ISSUER, 7, _opening(lists[0]))
        runs = uow.status_lists.take(ISSUER, 25, _opening(*lists[1:]))
        assert [(run.record.list_id, run.first, run.count) for run in runs] == [
            (lists[0].list_id, 7, 3),
            (lists[1].list_id, 0, 10),
            (lists[2].list_id, 0, 10),
            (lists[3].list_id, 0, 2),
        ]
        uow.commit()
    with units(write=False) as uow:
        assert [(one.used, one.is_open) for one in uow.status_lists.all()] == [
            (10, False),
            (10, False),
            (10, False),
            (2, True),
        ]


def test_a_list_closes_with_its_last_entry(units: UnitOfWorkFactory) -> None:
    first, second = status_list(capacity=10), status_list(capacity=10)
    with units() as uow:
        (run,) = uow.status_lists.take(ISSUER, 10, _opening(first))
        assert not run.record.is_open
        (run,) = uow.status_lists.take(ISSUER, 1, _opening(second))
        assert run.record.list_id == second.list_id


def test_taking_nothing_opens_nothing(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.status_lists.take(ISSUER, 0, _opening()) == ()


def test_set_bits_changes_its_purpose_and_raises_the_version(units: UnitOfWorkFactory) -> None:
    fresh = status_list()
    with units() as uow:
        uow.status_lists.take(ISSUER, 1, _opening(fresh))
        uow.status_lists.set_bits(fresh.list_id, StatusPurpose.REVOCATION, [0, 9, 127], value=True, at=LATER)
        uow.status_lists.set_bits(fresh.list_id, StatusPurpose.SUSPENSION, [9, 10], value=True, at=LATER)
        uow.status_lists.set_bits(fresh.list_id, StatusPurpose.SUSPENSION, [9], value=False, at=LATER)
        bits = uow.status_lists.bits(fresh.list_id)
    assert bits is not None
    assert [n for n in range(128) if read_bit(bits.revocation, n)] == [0, 9, 127]
    assert [n for n in range(128) if read_bit(bits.suspension, n)] == [10]
    assert (bits.record.version, bits.record.updated_at) == (4, LATER)


def test_setting_a_bit_again_keeps_the_version(units: UnitOfWorkFactory) -> None:
    fresh = status_list()
    with units() as uow:
        uow.status_lists.take(ISSUER, 1, _opening(fresh))
        uow.status_lists.set_bits(fresh.list_id, StatusPurpose.REVOCATION, [3], value=True, at=NOW)
        uow.status_lists.set_bits(fresh.list_id, StatusPurpose.REVOCATION, [3], value=True, at=LATER)
        record = uow.status_lists.get(fresh.list_id)
        assert record is not None
        assert (record.version, record.updated_at) == (2, NOW)


def test_a_revocation_bit_never_returns_to_zero(units: UnitOfWorkFactory) -> None:
    fresh = status_list()
    with units() as uow:
        uow.status_lists.take(ISSUER, 1, _opening(fresh))
        with pytest.raises(StateConflict):
            uow.status_lists.set_bits(fresh.list_id, StatusPurpose.REVOCATION, [3], value=False, at=NOW)


@pytest.mark.parametrize("index", [-1, 128])
def test_set_bits_refuses_an_index_outside_the_list(units: UnitOfWorkFactory, index: int) -> None:
    fresh = status_list()
    with units() as uow:
        uow.status_lists.take(ISSUER, 1, _opening(fresh))
        with pytest.raises(StatusIndexOutOfRange):
            uow.status_lists.set_bits(fresh.list_id, StatusPurpose.REVOCATION, [index], value=True, at=NOW)


def test_set_bits_refuses_an_unknown_list(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(StatusListNotFound):
        uow.status_lists.set_bits("slt_unknown", StatusPurpose.REVOCATION, [1], value=True, at=NOW)
