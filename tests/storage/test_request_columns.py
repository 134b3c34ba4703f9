"""Columns in memory follow what every process does to requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from sealwright.domain.requests import CredentialRequest, RequestFilter, RequestSort, RequestState
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage import number_sets, people_search, request_columns, request_lists, request_moves
from sealwright.storage.engines import Database, open_database
from sealwright.storage.transaction import Transaction
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import NOW, credential_type, entry_of_history, person, request
from tests.support.one_connection import as_another_thread

TYPES: Final = ("degree", "license", "badge")
PEOPLE: Final = 40
FILTERS: Final = (
    RequestFilter(search="an"),
    RequestFilter(search="an", sort=RequestSort.REQUESTED_AT, descending=True),
    RequestFilter(search="mail", states=frozenset({RequestState.PENDING}), types=frozenset(TYPES[:2])),
    RequestFilter(search="mail", unassigned=True, requested_before=NOW + timedelta(days=20)),
    RequestFilter(requested_after=NOW + timedelta(days=5), requested_before=NOW + timedelta(days=25)),
    RequestFilter(search="nobody here"),
)


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every office is a large one."""
    monkeypatch.setattr(request_lists, "_FEW_ROWS", 0)
    monkeypatch.setattr(request_lists, "_FEW_NAMED", 0)
    monkeypatch.setattr(number_sets, "MOST_LISTED", 0)


@pytest.fixture
def desk(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with units() as uow:
        for n in range(PEOPLE):
            _add_person(uow, n)
        for value in TYPES:
            uow.types.add(credential_type(value))
        uow.commit()
    return units


@pytest.fixture
def elsewhere(migrated_url: str, desk: UnitOfWorkFactory) -> Iterator[UnitOfWorkFactory]:
    """Another process at the same database."""
    other = open_database(migrated_url)
    yield make_unit_of_work_factory(other)
    other.close()


def _add_person(uow: UnitOfWork, n: int) -> None:
    name = ("Ana Banana", "Zed", "Núria Anand", "陳大文")[n % 4]
    uow.people.add(
        person(f"usr_{n}", display_name=name, email=f"{n}@mail.example", wallets=(), holder_did=None, dids=())
    )


def _ask(uow: UnitOfWork, n: int, chance: random.Random) -> None:
    asked = request(
        f"req_{n:05d}",
        f"usr_{n % PEOPLE}",
        credential_type=TYPES[n % 3],
        state=RequestState.REJECTED,
        requested_at=NOW + timedelta(hours=n),
        resolved_at=NOW + timedelta(hours=n + chance.randint(0, 90)),
        assignee_user_id=chance.choice([None, "usr_reviewer"]),
    )
    uow.requests.add(asked, entry_of_history(asked.request_id))


def _lists(units: UnitOfWorkFactory) -> list[tuple[list[str], int]]:
    found = []
    with units(write=False) as uow:
        for wanted in FILTERS:
            for page, count in ((1, 7), (3, 5), (1, 1000)):
                got = uow.requests.list(wanted, page=page, count=count)
                found.append(([one.request_id for one in got.items], got.total))
    return found


def _looked_up(units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int]]:
    """Read the same lists without memory."""
    with monkeypatch.context() as patch:
        patch.setattr(request_lists.RequestLists, "_may_look_in_memory", lambda *_: False)
        return _lists(units)


def _changed(one: CredentialRequest, chance: random.Random) -> CredentialRequest:
    moved = replace(one, version=one.version + 1)
    if one.state is RequestState.PENDING:
        decided = one.requested_at + timedelta(hours=chance.randint(1, 500))
        return replace(moved, state=RequestState.APPROVED, resolved_at=decided, needs_info=False)
    return replace(moved, assignee_user_id=chance.choice([None, "usr_reviewer"]), resolved_at=NOW + timedelta(days=40))


def test_columns_follow_every_process(
    desk: UnitOfWorkFactory, elsewhere: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    asked = 0
    for turn in range(12):
        with chance.choice((desk, elsewhere))() as uow:
            for _ in range(chance.randint(0, 25)):
                _ask(uow, asked, chance)
                asked += 1
            for _ in range(min(asked, 6)):
                one = uow.requests.get(f"req_{chance.randrange(asked):05d}")
                assert one is not None
                uow.requests.update(_changed(one, chance), None)
            uow.commit()
        expected = _looked_up(desk, monkeypatch)
        assert _lists(desk) == expected, turn
        assert _lists(elsewhere) == expected, turn
    assert max(total for _, total in expected) > 50


def test_only_what_moved_is_read(desk: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[int] = []
    load = request_columns.RequestColumns._load

    def counted(columns: request_columns.RequestColumns, transaction: Transaction) -> None:
        loads.append(1)
        load(columns, transaction)

    monkeypatch.setattr(request_columns.RequestColumns, "_load", counted)
    chance = random.Random(5)
    for n in range(5):
        with desk() as uow:
            _ask(uow, n, chance)
            uow.commit()
        assert _lists(desk) == _looked_up(desk, monkeypatch)
    assert len(loads) == 1


def test_who_missed_moves_reads_everything(
    desk: UnitOfWorkFactory, elsewhere: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_moves, "KEPT", 1)
    monkeypatch.setattr(request_moves, "_SWEEP_EVERY", 1)
    chance = random.Random(5)
    with desk() as uow:
        _ask(uow, 0, chance)
        uow.commit()
    _lists(elsewhere)
    for n in range(1, 6):
        with desk() as uow:
            _ask(uow, n, chance)
            uow.commit()
    assert _lists(elsewhere) == _looked_up(elsewhere, monkeypatch)
    assert _lists(elsewhere)[2][1] > 0


def test_what_was_taken_back_is_not_there(desk: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)

    def fail(uow: UnitOfWork, act: Callable[[], None]) -> None:
        with uow.savepoint():
            act()
            raise ZeroDivisionError

    with desk() as uow:
        _ask(uow, 0, chance)
        with pytest.raises(ZeroDivisionError):
            fail(uow, lambda: _ask(uow, 1, chance))
        uow.commit()
    before = _lists(desk)
    with desk() as uow:
        _ask(uow, 2, chance)
    assert _lists(desk) == before == _looked_up(desk, monkeypatch)
    # Its number stays unused, and is no request.
    with desk() as uow:
        _ask(uow, 3, chance)
        uow.commit()
    assert _lists(desk) == _looked_up(desk, monkeypatch)


def test_a_unit_of_work_sees_what_it_did_and_memory_does_not(
    desk: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    wanted = RequestFilter(search="ana")
    before = _lists(desk)
    with desk() as uow:
        _ask(uow, 0, chance)
        assert uow.requests.list(wanted, page=1, count=5).total == 1
        with as_another_thread():
            assert _lists(desk) == before
    assert _lists(desk) == before


def test_somebody_who_came_after_the_search_matches_nothing(desk: UnitOfWorkFactory, database: Database) -> None:
    chance = random.Random(5)
    with desk(write=False) as early:
        assert early.requests.list(FILTERS[0], page=1, count=5).total == 0
        with as_another_thread(), desk() as uow:
            _add_person(uow, PEOPLE * 100)
            asked = request("req_new", f"usr_{PEOPLE * 100}", credential_type=TYPES[0], requested_at=NOW)
            uow.requests.add(asked, entry_of_history("req_new"))
            _ask(uow, 0, chance)
            uow.commit()
        with as_another_thread(), desk(write=False) as later:
            assert later.requests.list(FILTERS[0], page=1, count=5).total == 2
        # Memory is ahead of this one now, and what it cannot read is left out.
        assert early.requests.list(FILTERS[0], page=1, count=5).items == ()


def test_a_few_of_an_age_need_no_memory(
    desk: UnitOfWorkFactory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_lists, "_FEW_ROWS", 3)
    chance = random.Random(5)
    with desk() as uow:
        for n in range(20):
            _ask(uow, n, chance)
        uow.commit()
    with desk(write=False) as uow:
        few = uow.requests.list(RequestFilter(requested_after=NOW + timedelta(hours=17)), page=1, count=10)
        assert sorted(one.request_id for one in few.items) == ["req_00017", "req_00018", "req_00019"]
        assert "request_columns" not in database.memory
        assert uow.requests.list(RequestFilter(requested_after=NOW), page=1, count=1).total == 20
        assert "request_columns" in database.memory


def test_what_was_read_ahead_is_not_read_again(
    desk: UnitOfWorkFactory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    with desk() as uow:
        for n in range(20):
            _ask(uow, n, chance)
        uow.commit()
    expected = _looked_up(desk, monkeypatch)
    database.memory.clear()
    with desk(write=False) as uow:
        assert uow.requests.prepare_searches()
    pages = dict(database.memory["search_pages"])

    def refused(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(request_columns.RequestColumns, "_load", refused)
    monkeypatch.setattr(people_search, "_page", refused)
    assert _lists(desk) == expected
    assert database.memory["search_pages"] == pages


def test_a_list_that_needs_no_memory_does_not_wait_for_it(
    desk: UnitOfWorkFactory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_lists, "_FEW_ROWS", 100)
    chance = random.Random(5)
    with desk() as uow:
        for n in range(20):
            _ask(uow, n, chance)
        uow.commit()
    expected = _looked_up(desk, monkeypatch)
    # As it is while another thread reads ahead.
    columns = request_columns.RequestColumns()
    database.memory["request_columns"] = {"all": columns}
    assert _lists(desk) == expected
    assert not columns.is_ready
    with desk(write=False) as uow:
        monkeypatch.setattr(request_lists, "_FEW_ROWS", 3)
        assert uow.requests.prepare_searches()
    assert columns.is_ready


def test_a_small_office_reads_nothing_ahead(
    desk: UnitOfWorkFactory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_lists, "_FEW_ROWS", 20)
    chance = random.Random(5)
    with desk() as uow:
        for n in range(20):
            _ask(uow, n, chance)
        uow.commit()
    database.memory.clear()
    with desk(write=False) as uow:
        assert not uow.requests.prepare_searches()
    assert "request_columns" not in database.memory
    assert "search_pages" not in database.memory
