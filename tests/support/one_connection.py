"""No thread opens a unit of work inside of another: many that each held a connection and waited for one would wait on.

What has a unit of work in hand reads by it. A pool has as many connections as there are threads, so a thread with two
of them takes one that another needs; a test with few threads never sees what many of them run into.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import pytest

from sealwright.services.ports import UnitOfWork
from sealwright.storage import unit_of_work
from sealwright.storage.unit_of_work import StoredUnitOfWorkFactory

# What an agent presents is verified where it is signed, and verifying looks DIDs up by itself.
KNOWN: Final = "agent_presenting.py"

_held = threading.local()


@contextmanager
def guarded() -> Iterator[None]:
    """Fail whoever opens a unit of work inside of another, in this process, for as long as the block runs."""
    open_one = StoredUnitOfWorkFactory._open

    @contextmanager
    def open_alone(factory: StoredUnitOfWorkFactory, *, write: bool) -> Iterator[UnitOfWork]:
        open_ones: tuple[StoredUnitOfWorkFactory, ...] = getattr(_held, "open", ())
        is_second = factory in open_ones and not _is_known()
        assert not is_second, "a unit of work was opened inside of another: read through the one in hand"
        _held.open = (*open_ones, factory)
        try:
            with open_one(factory, write=write) as uow:
                yield uow
        finally:
            _held.open = open_ones

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit_of_work.StoredUnitOfWorkFactory, "_open", open_alone)
        yield


def _is_known() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.endswith(KNOWN):
            return True
        frame = frame.f_back
    return False


@contextmanager
def as_another_thread() -> Iterator[None]:
    """For tests that do, in the middle of an act, what somebody else does at this moment."""
    held, _held.open = getattr(_held, "open", ()), ()
    try:
        yield
    finally:
        _held.open = held
