"""Ledgers: what a stretch of time has seen, exactly, whatever the clock did and however much it is."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from sealwright.domain.delegations import AMOUNT_MOST, MICROS, LedgerRow, Use, Used
from sealwright.domain.errors import StateConflict
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.delegation_builders import delegation, line, store, use

DAY = timedelta(days=1)
EVER = NOW - timedelta(days=1000)


def _count(units: UnitOfWorkFactory, *uses: Use) -> None:
    with units() as uow:
        uow.delegations.lock({one.delegation_id for one in uses}, for_use=True)
        uow.delegations.count(uses)
        uow.commit()


def _used(units: UnitOfWorkFactory, after: datetime, delegation_id: str = "dlg_1") -> Used:
    with units(write=False) as uow:
        return uow.delegations.used([(delegation_id, after)])[(delegation_id, after)]


def test_a_window_begins_behind_its_moment(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    assert _used(units, EVER) == Used()
    _count(units, use(1), use(2, at=NOW + DAY, micros=1), use(3, at=NOW + DAY, micros=0))
    assert _used(units, NOW - timedelta(seconds=1)) == Used(10_000_001, 3)
    assert _used(units, NOW) == Used(1, 2)
    assert _used(units, NOW + DAY - timedelta(seconds=1)) == Used(1, 2)
    assert _used(units, NOW + DAY) == Used()


def test_several_windows_of_several_delegations_are_told_apart(units: UnitOfWorkFactory) -> None:
    store(units, *line(3))
    _count(units, use(1), use(2, "dlg_2", micros=3), use(3, "dlg_1", at=NOW + DAY, micros=4))
    asked = [("dlg_1", EVER), ("dlg_1", NOW), ("dlg_2", EVER), ("dlg_2", NOW), ("dlg_3", EVER), ("dlg_9", EVER)]
    expected = [Used(10_000_004, 2), Used(4, 1), Used(3, 1), Used(), Used(), Used()]
    with units(write=False) as uow:
        assert uow.delegations.used(asked) == dict(zip(asked, expected, strict=True))
        assert uow.delegations.used([]) == {}
        found = uow.delegations.lock(["dlg_1", "dlg_2", "dlg_3"])
        assert [(one.calls, one.last_used_at) for one in found.values()] == [(2, NOW + DAY), (1, NOW), (0, None)]
        assert uow.delegations.sums(["dlg_1", "dlg_3"]) == {"dlg_1": Used(10_000_004, 2), "dlg_3": Used()}


def test_a_clock_that_goes_back_gives_nothing_back(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    _count(units, use(1, at=NOW + DAY))
    _count(units, use(2, at=NOW), use(3, at=NOW - DAY))
    # All three are dated as the latest, so none leaves a window before the one that was counted first.
    assert _used(units, NOW + DAY - timedelta(seconds=1)) == Used(30_000_000, 3)
    _count(units, use(4, at=NOW + 2 * DAY))
    assert _used(units, NOW + DAY) == Used(10_000_000, 1)
    with units(write=False) as uow:
        rows = uow.delegations.ledger("dlg_1", None, 10)
    assert [row.at for row in rows] == [NOW + DAY, NOW + DAY, NOW + DAY, NOW + 2 * DAY]


def test_sums_stay_exact_beyond_any_whole_number_of_a_database(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    most = AMOUNT_MOST * MICROS
    for number in range(20):
        _count(units, use(number, at=NOW + number * DAY, micros=most - number))
    total = 20 * most - sum(range(20))
    assert total > 2**63
    assert _used(units, EVER) == Used(total, 20)
    assert _used(units, NOW) == Used(total - most, 19)
    assert _used(units, NOW + 18 * DAY) == Used(most - 19, 1)
    assert _used(units, EVER).amount * MICROS == total


def test_windows_agree_with_adding_up(units: UnitOfWorkFactory) -> None:
    chance = random.Random(8)
    store(units, *line(2))
    kept: list[Use] = []
    last = {"dlg_1": NOW, "dlg_2": NOW}
    for number in range(120):
        delegation_id = chance.choice(["dlg_1", "dlg_2"])
        at = NOW + timedelta(seconds=number * 40 + chance.randint(-200, 200))
        one = use(number, delegation_id, at=at, micros=chance.choice([0, 1, 10**6, 10**18]))
        _count(units, one)
        last[delegation_id] = (
            max(last[delegation_id], at) if any(u.delegation_id == delegation_id for u in kept) else at
        )
        kept.append(use(number, delegation_id, at=last[delegation_id], micros=one.micros))
    for _ in range(60):
        delegation_id = chance.choice(["dlg_1", "dlg_2"])
        after = NOW + timedelta(seconds=chance.randint(-300, 5200))
        inside = [one for one in kept if one.delegation_id == delegation_id and one.at > after]
        assert _used(units, after, delegation_id) == Used(sum(one.micros for one in inside), len(inside))


def test_a_ledger_goes_on_under_another_delegation(units: UnitOfWorkFactory) -> None:
    most = AMOUNT_MOST * MICROS
    store(units, delegation(1), delegation(2))
    _count(units, *(use(number, at=NOW + number * DAY, micros=most) for number in range(12)))
    with units() as uow:
        uow.delegations.lock(["dlg_1"], for_use=True)
        uow.delegations.carry("dlg_1", "dlg_2", NOW + 4 * DAY)
        uow.commit()
    _count(units, use(99, "dlg_2", at=NOW + 2 * DAY, micros=7))
    for days in range(4, 11):
        after = NOW + days * DAY
        assert _used(units, after, "dlg_2") == Used((11 - days) * most + 7, 12 - days)
        assert _used(units, after, "dlg_1") == Used((11 - days) * most, 11 - days)
    with units(write=False) as uow:
        sums = uow.delegations.sums(["dlg_1", "dlg_2"])
        assert sums == {"dlg_1": Used(12 * most, 12), "dlg_2": Used(12 * most + 7, 13)}
        rows = uow.delegations.ledger("dlg_2", None, 99)
        # A clock that went back meanwhile dates nothing before what came along.
        assert [row.at for row in rows] == [*(NOW + days * DAY for days in range(5, 12)), NOW + 11 * DAY]
        assert all(
            (one.no + 1, one.spent_before + one.micros) == (two.no, two.spent_before) for one, two in pairwise(rows)
        )


def test_nothing_is_counted_against_what_is_not_there(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    with pytest.raises(StateConflict):
        _count(units, use(1), use(2, "dlg_9"))
    assert _used(units, EVER) == Used()


def test_what_is_forgotten_does_not_change_what_is_left(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    _count(units, *(use(number, at=NOW + number * DAY) for number in range(5)))
    with units() as uow:
        asked = {"uses_before": NOW + 3 * DAY, "calls_before": EVER, "approvals_before": EVER}
        assert uow.delegations.forget(**asked, limit=2) == 2
        assert uow.delegations.forget(**asked, limit=2) == 1
        assert uow.delegations.forget(**asked, limit=2) == 0
        uow.commit()
    assert _used(units, NOW + 3 * DAY) == Used(10_000_000, 1)
    assert _used(units, NOW + 2 * DAY) == Used(20_000_000, 2)
    _count(units, use(9, at=NOW + 5 * DAY, micros=5))
    assert _used(units, NOW + 3 * DAY) == Used(10_000_005, 2)
    with units(write=False) as uow:
        assert uow.delegations.sums(["dlg_1"]) == {"dlg_1": Used(50_000_005, 6)}
        first = uow.delegations.ledger("dlg_1", None, 1)
        assert first == (LedgerRow("dlg_1", NOW + 3 * DAY, 3, "cal_3", 10_000_000, 30_000_000),)
        assert [row.no for row in uow.delegations.ledger("dlg_1", first[0], 9)] == [4, 5]
