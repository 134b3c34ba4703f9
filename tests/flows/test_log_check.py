"""The log held against itself and against what was signed: verify-store and the trail's checkpoints."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Final

import pytest

from sealwright.domain.audit_check import Finding, parse_note
from sealwright.services.log_check import log_problems
from sealwright.services.office import Office
from sealwright.storage.engines import open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.flows.test_anchoring import anchored
from tests.support.office import furnish, issue, open_office, the_operator

OTHER_ROOT: Final = "(SELECT substr(hashes, 1, 32) FROM log_tiles WHERE level = 0 AND number = 0)"


@pytest.fixture
def office(issuing_office: Office) -> Office:
    """An office with a log of 300 entries, two of them in checkpoints of the trail."""
    anchored(issuing_office, 1)
    issuing_office.auditing.make_checkpoint()
    anchored(issuing_office, *range(2, 301))
    issuing_office.auditing.make_checkpoint()
    return issuing_office


def break_in(office: Office, *statements: str) -> None:
    """Change the database as its administrator could."""
    with office.units() as uow:
        for statement in statements:
            uow.log._transaction.driver_rows(statement, ())  # type: ignore[attr-defined]
        uow.commit()


def problems(office: Office) -> list[str]:
    return [f"{one.kind} {one.id}" for one in log_problems(office.units)]


def test_checkpoints_of_the_trail_name_the_log(office: Office) -> None:
    with office.units(write=False) as uow:
        size, root = uow.log.head()
        notes = [parse_note(one.note) for one in uow.audit.checkpoints()]
    assert [note.log[0] for note in notes if note.log is not None] == [1, 300]
    assert notes[-1].log == (size, root.hex())
    assert parse_note(office.auditing.checkpoint(the_operator(office))).log == (size, root.hex())
    assert problems(office) == []
    assert office.auditing.verify(the_operator(office)).finding is Finding.SOUND


def test_trail_before_the_first_entry_names_no_log(issuing_office: Office) -> None:
    issue(issuing_office)
    assert parse_note(issuing_office.auditing.checkpoint(the_operator(issuing_office))).log is None
    assert problems(issuing_office) == []


@pytest.fixture(scope="module")
def sound_file(_migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a log of 300 entries that hold."""
    path = tmp_path_factory.mktemp("log") / "sound.sqlite"
    shutil.copy(_migrated_file, path)
    with open_office(f"sqlite:///{path}", path.parent / "home") as opened:
        furnish(opened)
        anchored(opened, *range(300))
    # One file alone, to be copied.
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE log_entries SET data = log_head.root FROM log_head WHERE entry_index = 7", "log 0/0"),
        ("DELETE FROM log_entries WHERE entry_index = 299", "log 299"),
        ("UPDATE log_tiles SET hashes = log_head.root FROM log_head WHERE level = 1", "log 1/0"),
        (f"UPDATE log_head SET root = {OTHER_ROOT}", "log head"),
        ("DELETE FROM log_tiles WHERE level = 0 AND number = 1", "log 0/1"),
        ("UPDATE log_checkpoints SET note = log_head.root FROM log_head", "log checkpoint"),
    ],
)
def test_what_was_changed_in_the_log_is_named(sound_file: Path, tmp_path: Path, statement: str, found: str) -> None:
    path = tmp_path / "broken.sqlite"
    shutil.copy(sound_file, path)
    database = open_database(f"sqlite:///{path}")
    units = make_unit_of_work_factory(database)
    assert list(log_problems(units)) == []
    with units() as uow:
        uow.log._transaction.driver_rows(statement, ())  # type: ignore[attr-defined]
        uow.commit()
    assert found in [f"{one.kind} {one.id}" for one in log_problems(units)]
    database.close()


def test_log_that_was_shortened_is_found_by_the_trail(office: Office) -> None:
    before = office.auditing.checkpoint(the_operator(office))
    break_in(
        office,
        "DELETE FROM log_entries WHERE entry_index > 0",
        "DELETE FROM log_tiles WHERE level > 0 OR number > 0",
        "DELETE FROM log_checkpoints WHERE size > 1",
        f"UPDATE log_head SET size = 1, root = {OTHER_ROOT}",
    )
    assert "log 300" in problems(office)
    issue(office)
    verdict = office.auditing.verify(the_operator(office), (office.auditing.checkpoint(the_operator(office)), before))
    assert verdict.finding is Finding.FAULT
    assert "shrank from 300 to 1" in verdict.detail


def test_log_of_the_same_size_with_another_root_is_found_by_the_trail(office: Office) -> None:
    before = office.auditing.checkpoint(the_operator(office))
    break_in(office, f"UPDATE log_head SET root = {OTHER_ROOT}")
    with office.units(write=False) as uow:
        assert uow.log.head()[0] == 300
    issue(office)
    after = office.auditing.checkpoint(the_operator(office))
    verdict = office.auditing.verify(the_operator(office), (before, after))
    assert verdict.finding is Finding.FAULT
    assert "rewritten" in verdict.detail
