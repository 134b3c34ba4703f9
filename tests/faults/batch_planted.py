"""What is wrapped in a worker or server that is meant to die in the middle of a batch, or to be wrong about one."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sealwright.bootstrap import ground
from sealwright.domain.batches import CredentialUids
from sealwright.services import bulk, bulk_issuing, bulk_judging
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import unit_of_work
from sealwright.web import incoming
from tests.faults.planted import DIED

# Where a worker can die with a chunk in its hands, and when it ends a batch, in the order of its road.
STEPS: Final = (
    "before the reserving commit",
    "after the reserving commit",
    "while signing",
    "before the storing commit",
    "after the storing commit",
    "before the ending commit",
    "after the ending commit",
)
DONE_TOO_EARLY: Final = "marks a chunk as done before its credentials are stored"
DONE_TOO_LATE: Final = "marks a chunk as done after its credentials are stored, under ids of the moment"
UNRECORDED: Final = "stores chunks without their audit row"
READ_WHOLE: Final = "reads a file to its end before anything is kept"
BUGS: Final = (DONE_TOO_EARLY, DONE_TOO_LATE, UNRECORDED, READ_WHOLE)
_GAP_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What goes wrong.

    Args:
        die_at: One of STEPS, or empty.
        nth: At which time of that step.
        bug: One of BUGS, or empty.
        lease_seconds: How long a dead worker's chunk is kept from others, where that is not what is tested.
    """

    die_at: str = ""
    nth: int = 1
    bug: str = ""
    lease_seconds: float | None = None

    def install(self) -> None:
        """Wrap what has to be wrapped, in this process."""
        if self.die_at not in ("", *STEPS) or self.bug not in ("", *BUGS):
            raise ValueError(f"no such plan: {self}")
        left = itertools.count(self.nth, -1)

        def reach(step: str) -> None:
            if step == self.die_at and next(left) == 1:
                os._exit(DIED)

        _wrap_units(reach, self.bug)
        _wrap_signing(reach)
        if self.bug == DONE_TOO_LATE:
            _replace(bulk_issuing, "CredentialUids", _NewUids)
        if self.bug == READ_WHOLE:
            _read_whole()
        if self.lease_seconds is not None:
            _replace(bulk, "CHUNK_LEASE", timedelta(seconds=self.lease_seconds))


Reach = Callable[[str], None]


class _Watched:
    """A repository whose calls are told of before they are made; what is told may stand in for the call."""

    def __init__(self, inner: Any, told: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._inner = inner
        self._told = told

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            return self._told(name, lambda: method(*arguments, **named))

        return call


class _Unit:
    """A unit of work that knows what it is about to commit of a batch."""

    def __init__(self, inner: Any, reach: Reach, bug: str) -> None:
        self._inner = inner
        self._reach = reach
        self._bug = bug
        self._stage = ""
        self._late: list[tuple[str, tuple[Any, ...]]] = []
        self.batches = _Batches(self, inner.batches)
        self.audit = _Watched(inner.audit, self._auditing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self) -> None:
        if self._stage:
            self._reach(f"before the {self._stage} commit")
        self._inner.commit()
        if self._stage:
            self._reach(f"after the {self._stage} commit")

    @property
    def late(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What a bug leaves for a transaction of its own: methods of batches, and what they are given."""
        return self._late

    def reserving(self) -> None:
        self._stage = self._stage or "reserving"

    def storing(self, method: str, arguments: tuple[Any, ...]) -> bool:
        """Note that a chunk is stored; True where the call is put off."""
        self._stage = "storing"
        if (self._bug, method) in ((DONE_TOO_EARLY, "add_credentials"), (DONE_TOO_LATE, "finish")):
            self._late.append((method, arguments))
            return True
        return False

    def ending(self) -> None:
        self._stage = "ending"

    def _auditing(self, method: str, call: Callable[[], Any]) -> Any:
        is_dropped = self._bug == UNRECORDED and self._stage == "storing" and method == "append"
        return None if is_dropped else call()


class _Batches:
    """Batches, with the calls noted that tell what a unit of work is about."""

    def __init__(self, unit: _Unit, inner: Any) -> None:
        self._unit = unit
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def reserve(self, *arguments: Any) -> Any:
        self._unit.reserving()
        return self._inner.reserve(*arguments)

    def add_credentials(self, *arguments: Any) -> None:
        if not self._unit.storing("add_credentials", arguments):
            self._inner.add_credentials(*arguments)

    def finish(self, *arguments: Any) -> Any:
        return self._unit.storing("finish", arguments) or self._inner.finish(*arguments)

    def update(self, batch: Any) -> None:
        if batch.finished_at is not None:
            self._unit.ending()
        self._inner.update(batch)


def _wrap_units(reach: Reach, bug: str) -> None:
    make = unit_of_work.make_unit_of_work_factory

    def wrapped(database: Any) -> UnitOfWorkFactory:
        factory = make(database)

        def units(*, write: bool = True) -> AbstractContextManager[Any]:
            return opened(factory, reach, bug) if write else factory(write=False)

        return units

    _replace(ground, "make_unit_of_work_factory", wrapped)


@contextmanager
def opened(factory: UnitOfWorkFactory, reach: Reach, bug: str) -> Iterator[Any]:
    """A unit of work that tells of its steps, with a bug or none."""
    with factory() as inner:
        unit = _Unit(inner, reach, bug)
        yield unit
    if unit.late:
        # The gap that the bug is about; whoever is killed in it, or looks, finds half of the chunk.
        time.sleep(_GAP_SECONDS)
        with factory() as after:
            for method, arguments in unit.late:
                getattr(after.batches, method)(*arguments)
            after.commit()


def _wrap_signing(reach: Reach) -> None:
    sign: Callable[..., bytes] = bulk_judging.sound_signature

    def wrapped(*arguments: Any) -> bytes:
        reach("while signing")
        return sign(*arguments)

    _replace(bulk_issuing, "sound_signature", wrapped)


def _read_whole() -> None:
    parts = incoming.IncomingBody.parts
    _replace(incoming.IncomingBody, "parts", lambda body: iter(list(parts(body))))


def _replace(owner: object, name: str, wrapped: object) -> None:
    """Put something else in a name's place, for the rest of this process's life."""
    setattr(owner, name, wrapped)


class _NewUids(CredentialUids):
    """Ids in the order of rows that follow from nothing else."""

    __slots__ = ()

    def __init__(self, _secret: bytes, at: datetime) -> None:
        super().__init__(os.urandom(32), at)
