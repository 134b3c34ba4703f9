"""Offices furnished once for many tests: what furnishing wrote is kept beside the databases, and laid down again.

Furnishing an office takes longer than most tests that begin with one, and writes the same each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwright.services.office import Office
from tests.support.migrated import SQLITE, Templates
from tests.support.office import START, MovableClock, open_office


class Furnished:
    """Furnishes the offices of tests, or lays down what furnishing wrote for an earlier one.

    Args:
        templates: Where the databases of PostgreSQL come from.
        folder: A folder of its own for what is kept of SQLite files.
    """

    def __init__(self, templates: Templates, folder: Path) -> None:
        self._templates = templates
        self._folder = folder

    @contextmanager
    def open(self, url: str, home: Path, clock: MovableClock, furnish: Callable[[Office], None]) -> Iterator[Office]:
        """Open an office that `furnish` has furnished, over an empty database with the newest tables."""

        name = f"{furnish.__module__}.{furnish.__qualname__}"

        def make() -> None:
            with open_office(url, home, clock=clock) as office:
                furnish(office)

        if clock.now() != START:  # which is written in what furnishing leaves
            make()
        elif url.startswith(SQLITE):
            self._fill_file(Path(url.removeprefix(SQLITE)), home, name, make)
        else:
            self._templates.fill(url, name, make)
            # What is kept is the database alone.
            assert not any(home.rglob("*")), "furnishing left something outside of the database"
        with open_office(url, home, clock=clock) as office:
            yield office

    def _fill_file(self, file: Path, home: Path, name: str, make: Callable[[], None]) -> None:
        kept = self._folder / name
        if not kept.exists():
            make()
            assert not file.with_name(f"{file.name}-wal").exists(), "the file is not whole while its log is open"
            shutil.copytree(home, kept / "home")
            shutil.copy(file, kept / "file.sqlite")
            return
        shutil.copy(kept / "file.sqlite", file)
        shutil.copytree(kept / "home", home)
