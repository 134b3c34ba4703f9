"""The memory of used tokens that all processes of a server share, on both databases."""

from __future__ import annotations

import multiprocessing
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from sealwright.relying.replay import MemoryFull
from sealwright.relying.shared_memory import BATCH, KEPT_LONGER, TABLE, DatabaseMemory
from tests.storage.racing import together

NOW: Final = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
LIFE: Final = timedelta(minutes=5)
NAMES: Final = 12


@pytest.fixture
def memory(database_url: str) -> Iterator[DatabaseMemory]:
    """A memory on each supported database."""
    opened = DatabaseMemory(database_url)
    yield opened
    opened.close()


def spend(memory: DatabaseMemory, name: str, *, at: datetime = NOW, life: timedelta = LIFE) -> bool:
    return memory.spend(name, until=at + life, now=at)


def rows(url: str) -> list[tuple[bytes, int]]:
    """What stands in the table."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT name, until FROM {TABLE} ORDER BY until")).all()
    engine.dispose()
    return [(bytes(name), int(until)) for name, until in found]


def test_a_name_is_new_once(memory: DatabaseMemory, database_url: str) -> None:
    assert spend(memory, "token did:adi:agent:1 one")
    assert not spend(memory, "token did:adi:agent:1 one")
    assert spend(memory, "token did:adi:agent:2 one")
    assert not spend(memory, "token did:adi:agent:1 one", at=NOW + LIFE - timedelta(seconds=1))
    # Nothing of a name can be read from the table: a digest stands there, and until when.
    assert sorted(len(name) for name, _ in rows(database_url)) == [32, 32]
    assert {until for _, until in rows(database_url)} == {int((NOW + LIFE).timestamp())}


def test_a_name_outlives_its_end_by_what_clocks_may_be_apart(memory: DatabaseMemory) -> None:
    assert spend(memory, "one")
    last = NOW + LIFE + KEPT_LONGER
    assert not spend(memory, "one", at=last - timedelta(seconds=1))
    assert spend(memory, "one", at=last)
    assert not spend(memory, "one", at=last)


def test_what_is_used_stays_used_after_a_restart(database_url: str) -> None:
    first = DatabaseMemory(database_url)
    assert spend(first, "one")
    first.close()
    second = DatabaseMemory(database_url)
    assert not spend(second, "one")
    second.close()
    # Closing ends connections, not the memory.
    assert not spend(first, "one")
    first.close()


def test_of_sixteen_threads_one_is_told_true(memory: DatabaseMemory) -> None:
    for number in range(4):
        told = together([lambda name=f"name {number}": spend(memory, name)] * 16)  # type: ignore[misc]
        assert sorted(told) == [False] * 15 + [True]


def _race(url: str, start: Any, answers: Any) -> None:
    mine = DatabaseMemory(url)
    start.wait(30)
    answers.put([spend(mine, f"name {number}") for number in range(NAMES)])


def test_of_three_processes_one_is_told_true(database_url: str) -> None:
    """They begin with no table: whoever makes it, nobody fails."""
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(3), context.SimpleQueue()
    processes = [context.Process(target=_race, args=(database_url, start, answers)) for _ in range(3)]
    for process in processes:
        process.start()
    told = [answers.get() for _ in processes]
    for process in processes:
        process.join(30)
    assert [sum(each) for each in zip(*told, strict=True)] == [1] * NAMES
    assert len(rows(database_url)) == NAMES


def _spend_in_child(memory: DatabaseMemory, answers: Any) -> None:
    answers.put([spend(memory, "of the parent"), spend(memory, "of the child")])


def test_a_process_that_forks_shares_no_connection(memory: DatabaseMemory) -> None:
    assert spend(memory, "of the parent")
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_spend_in_child, args=(memory, answers))
    child.start()
    assert answers.get() == [False, True]
    child.join(30)
    assert not spend(memory, "of the child")
    assert spend(memory, "of the parent again")


def test_what_is_over_is_removed_in_batches(database_url: str) -> None:
    memory = DatabaseMemory(database_url)
    assert spend(memory, "first")
    engine = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    over = int((NOW - timedelta(days=1)).timestamp())
    with engine.begin() as connection:
        statement = sa.text(f"INSERT INTO {TABLE} (name, until) VALUES (:name, :until)")
        connection.execute(statement, [{"name": number.to_bytes(32), "until": over} for number in range(BATCH + 5)])
    engine.dispose()
    memory.close()
    # Each process removes some when it begins, and then now and again.
    for left in (5 + 2, 3):
        memory = DatabaseMemory(database_url)
        spend(memory, f"with {left} left")
        assert len(rows(database_url)) == left
        memory.close()


def test_a_full_memory_takes_nothing_in_until_something_is_over(database_url: str) -> None:
    memory = DatabaseMemory(database_url, most=3)
    for name in ("one", "two", "three"):
        assert spend(memory, name)
    with pytest.raises(MemoryFull):
        spend(memory, "four")
    assert not spend(memory, "three")
    assert len(rows(database_url)) == 3
    assert spend(memory, "four", at=NOW + LIFE + KEPT_LONGER)
    assert len(rows(database_url)) == 1
    memory.close()


def test_the_bound_is_that_of_the_table_and_not_of_a_process(database_url: str) -> None:
    one, other = DatabaseMemory(database_url, most=3), DatabaseMemory(database_url, most=3)
    assert [spend(one, "one"), spend(other, "two"), spend(one, "three")] == [True] * 3
    with pytest.raises(MemoryFull):
        spend(other, "four")
    one.close()
    other.close()


def test_a_database_that_does_not_answer_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is no database. " * 100)
    unreachable = (
        "postgresql://nobody@127.0.0.1:1/none",
        f"sqlite:///{tmp_path / 'missing' / 'used.sqlite'}",
        f"sqlite:///{tmp_path / 'text'}",
        f"sqlite:///{tmp_path}",
    )
    for url in unreachable:
        memory = DatabaseMemory(url)
        with pytest.raises(MemoryFull):
            spend(memory, "one")
        memory.close()


def test_it_takes_names_again_when_the_database_is_back(tmp_path: Path) -> None:
    memory = DatabaseMemory(f"sqlite:///{tmp_path / 'later' / 'used.sqlite'}")
    with pytest.raises(MemoryFull):
        spend(memory, "one")
    (tmp_path / "later").mkdir()
    assert spend(memory, "one")
    memory.close()


def test_connections_that_were_cut_are_opened_anew(postgres_url: str) -> None:
    memory = DatabaseMemory(postgres_url)
    assert spend(memory, "one")
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        cut = connection.execute(
            sa.text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
    engine.dispose()
    assert cut == 1
    assert not spend(memory, "one")
    memory.close()


def test_a_role_that_may_not_make_tables_uses_the_one_that_is_there(postgres_url: str) -> None:
    owner = DatabaseMemory(postgres_url)
    assert spend(owner, "one")
    owner.close()
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))

    @sa.event.listens_for(engine, "connect")
    def _lower(connection: Any, record: object) -> None:
        connection.execute("SET ROLE shop")
        connection.commit()

    with sa.create_engine(engine.url).begin() as connection:
        connection.execute(sa.text("DROP ROLE IF EXISTS shop"))
        connection.execute(sa.text("CREATE ROLE shop"))
        connection.execute(sa.text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO shop"))
    try:
        # An engine of the server's own is used as it is, and left open.
        memory = DatabaseMemory(engine)
        assert [spend(memory, "one"), spend(memory, "two")] == [False, True]
        memory.close()
        assert [spend(memory, "two"), spend(memory, "three")] == [False, True]
    finally:
        engine.dispose()
        with sa.create_engine(engine.url).begin() as connection:
            connection.execute(sa.text("DROP OWNED BY shop"))
            connection.execute(sa.text("DROP ROLE shop"))


def test_the_file_is_for_its_owner_alone(sqlite_url: str, tmp_path: Path) -> None:
    memory = DatabaseMemory(sqlite_url)
    assert spend(memory, "one")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 3, "the file, its log, and the log's index"
    assert set(modes.values()) == {0o600}
    memory.close()


@pytest.mark.parametrize(
    "database",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:used?mode=memory&uri=true",
        "mysql://shop@127.0.0.1/used",
        "used.sqlite",
        sa.create_engine("sqlite://"),
    ],
    ids=["no file", "memory", "memory by name", "another database", "no URL", "an engine of SQLite"],
)
def test_what_processes_cannot_share_is_refused_at_once(database: str | sa.Engine) -> None:
    with pytest.raises(ValueError, match="database"):
        DatabaseMemory(database)


def test_moments_without_a_zone_are_refused(memory: DatabaseMemory) -> None:
    with pytest.raises(ValueError, match="aware"):
        memory.spend("one", until=NOW.replace(tzinfo=None), now=NOW)
