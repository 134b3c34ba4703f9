"""What is wrapped in a server that is meant to die, or to be wrong.

A `Plan` is installed in the server's own process before it runs. Deaths come at a named step, at its n-th time. Bugs
are planted for the twins of the fault tests: each is something that a checker has to notice.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sealwright.bootstrap import ground, joining
from sealwright.domain import gating
from sealwright.domain.dids import KeyPurpose
from sealwright.domain.errors import StoreUnavailable
from sealwright.services import gate, issuing_line, status_lists, step_gate
from sealwright.services.ports import KeyStore, UnitOfWorkFactory
from sealwright.services.rate_ports import RateHit
from sealwright.storage import unit_of_work
from sealwright.web import app

# Where a server can die on the guarded road, in its order; and around the commit of a revocation.
STEPS: Final = (
    "before the reserving commit",
    "after the reserving commit",
    "before signing",
    "after signing",
    "before the storing commit",
    "after the storing commit",
    "before the reply",
    "before the revoking commit",
    "after the revoking commit",
)
BUGS: Final = (
    "answers before it stores",
    "swallows a failed commit",
    "stores without audit",
    "uses an index again",
    "voids without a bit",
    "counts rates alone",
    "remembers status lists",
    "trusts an old registry",
    "opens to everybody",
)
DIED: Final = 86


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes wrong.

    Args:
        die_at: One of STEPS, or empty.
        nth: At which time of that step.
        bug: One of BUGS, or empty.
    """

    die_at: str = ""
    nth: int = 1
    bug: str = ""

    def install(self) -> None:
        """Wrap what has to be wrapped, in this process."""
        if self.die_at not in ("", *STEPS) or self.bug not in ("", *BUGS):
            raise ValueError(f"no such plan: {self}")
        strike = _Strike(self.die_at, self.nth)
        _wrap_units(strike, self.bug)
        _wrap_keys(strike)
        _wrap_replies(strike)
        if self.bug in _REPLACEMENTS:
            _REPLACEMENTS[self.bug]()


class _Strike:
    """Ends the process, without any last words, when the step is reached for the n-th time."""

    def __init__(self, step: str, nth: int) -> None:
        self._step = step
        self._left = itertools.count(nth, -1)

    def at(self, step: str) -> None:
        if step == self._step and next(self._left) == 1:
            os._exit(DIED)


class _Repository:
    """A repository that is told on: calls of some methods are noted first."""

    def __init__(self, inner: Any, note: Callable[[str], object]) -> None:
        self._inner = inner
        self._note = note

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            return None if self._note(name) is False else method(*arguments, **named)

        return call


class _WrappedUnit:
    """A unit of work that knows what it is about to commit."""

    def __init__(self, inner: Any, strike: _Strike, bug: str) -> None:
        self._inner = inner
        self._strike = strike
        self._bug = bug
        self._stage = ""
        self.reservations = _Repository(inner.reservations, self._reserving)
        self.credentials = _Repository(inner.credentials, self._storing)
        self.audit = _Repository(inner.audit, self._recording)
        self.status_lists = _Repository(inner.status_lists, self._marking)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self) -> None:
        if self._stage:
            self._strike.at(f"before the {self._stage} commit")
        try:
            self._inner.commit()
        except StoreUnavailable:
            if self._bug != "swallows a failed commit" or self._stage != "storing":
                raise
        if self._stage:
            self._strike.at(f"after the {self._stage} commit")

    def _reserving(self, method: str) -> None:
        if method == "add_many":
            self._stage = self._stage or "reserving"

    def _storing(self, method: str) -> None:
        if method == "add_many":
            self._stage = "storing"
        elif method == "set_status":
            self._stage = "revoking"

    def _recording(self, method: str) -> bool:
        return not (method == "append" and self._bug == "stores without audit" and self._stage == "storing")

    def _marking(self, method: str) -> bool:
        return not (method == "set_bits" and self._bug == "voids without a bit" and self._stage != "revoking")


def _wrap_units(strike: _Strike, bug: str) -> None:
    make = unit_of_work.make_unit_of_work_factory

    def wrapped(database: Any) -> UnitOfWorkFactory:
        factory = make(database)

        def units(*, write: bool = True) -> AbstractContextManager[Any]:
            return _opened(factory(write=write), strike, bug) if write else factory(write=False)

        return units

    _replace(ground, "make_unit_of_work_factory", wrapped)


@contextmanager
def _opened(unit: AbstractContextManager[Any], strike: _Strike, bug: str) -> Iterator[_WrappedUnit]:
    with unit as inner:
        yield _WrappedUnit(inner, strike, bug)


class _WrappedKeys:
    """A key store that may take the server with it."""

    def __init__(self, inner: KeyStore, strike: _Strike) -> None:
        self._inner = inner
        self._strike = strike

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def sign(self, key: Any, data: bytes, *, use: KeyPurpose, at: Any) -> bytes:
        if use is KeyPurpose.CREDENTIALS:
            self._strike.at("before signing")
        signature = self._inner.sign(key, data, use=use, at=at)
        if use is KeyPurpose.CREDENTIALS:
            self._strike.at("after signing")
        return signature


def _wrap_keys(strike: _Strike) -> None:
    make = ground.key_store
    _replace(ground, "key_store", lambda settings: _WrappedKeys(make(settings), strike))


def _wrap_replies(strike: _Strike) -> None:
    build = app.build_app

    def wrapped(*arguments: Any, **named: Any) -> Any:
        inner = build(*arguments, **named)

        async def served(scope: Any, receive: Any, send: Any) -> None:
            async def sent(message: Any) -> None:
                if message["type"] == "http.response.start" and message["status"] == 201:
                    strike.at("before the reply")
                await send(message)

            await inner(scope, receive, sent)

        return served

    _replace(app, "build_app", wrapped)


def _answer_early() -> None:
    """Answer what is signed, and store it only then; the disk is slow."""
    commit = issuing_line.IssuingLine._commit
    settle = issuing_line.Job.settle

    def settle_once(job: Any) -> None:
        if not job.future.done():
            settle(job)

    def answer_first(line: Any, arrivals: Sequence[Any], signed: Sequence[Any]) -> None:
        for job in signed:
            settle_once(job)
        if signed:
            time.sleep(0.1)
        with contextlib.suppress(Exception):
            commit(line, arrivals, signed)

    _replace(issuing_line.Job, "settle", settle_once)
    _replace(issuing_line.IssuingLine, "_commit", answer_first)


def _use_indexes_again() -> None:
    """Give every second credential the place of the one before; the store's own guard has to be out of the way."""
    take = status_lists.StatusAllocator.places
    last: list[Any] = []

    def places(allocator: Any, uow: Any, wanted: Any, now: Any) -> tuple[Any, ...]:
        given = []
        for place in take(allocator, uow, wanted, now):
            if place is not None and last:
                given.append(last.pop())
                continue
            if place is not None:
                last.append(place)
            given.append(place)
        return tuple(given)

    _replace(status_lists.StatusAllocator, "places", places)


class _OwnRates:
    """Counts calls for this process alone."""

    def __init__(self) -> None:
        self._hits: Counter[str] = Counter()

    def hit_many(self, hits: Sequence[tuple[str, int]], now: Any) -> tuple[RateHit, ...]:
        answers = []
        for bucket, limit in hits:
            self._hits[bucket] += 1
            left = limit - self._hits[bucket]
            answers.append(RateHit(allowed=left >= 0, limit=limit, remaining=max(0, left), reset_seconds=60))
        return tuple(answers)


def _count_alone() -> None:
    _replace(joining, "make_rate_limiter", lambda database: _OwnRates())


def _remember_lists() -> None:
    """Serve each status list as it was first published, and judge by it."""
    publish = status_lists.StatusPublisher.document
    known: dict[tuple[str, str], Any] = {}

    def document(publisher: Any, list_id: str, form: str) -> Any:
        if (list_id, form) not in known:
            known[list_id, form] = publish(publisher, list_id, form)
        return known[list_id, form]

    _replace(status_lists.StatusPublisher, "document", document)


def _trust_old_registry() -> None:
    """Ask for the registry's epoch once and never again, and keep what was read under it."""
    ask = gate.Gate.fresh_epoch
    known: list[Any] = []

    def fresh_epoch(one: Any) -> Any:
        if not known:
            known.append(ask(one))
        return known[0]

    _replace(gate.Gate, "fresh_epoch", fresh_epoch)


def _open_to_everybody() -> None:
    """Find every role's needs met, whatever grants somebody has."""

    def met(_gate: Any, _uow: Any, _user_id: str, _workflow: Any, _required: Any) -> gating.Gate:
        return gating.Gate((), {})

    _replace(step_gate.StepGate, "ask", met)


_REPLACEMENTS: Final[dict[str, Callable[[], None]]] = {
    "answers before it stores": _answer_early,
    "uses an index again": _use_indexes_again,
    "counts rates alone": _count_alone,
    "remembers status lists": _remember_lists,
    "trusts an old registry": _trust_old_registry,
    "opens to everybody": _open_to_everybody,
}


def _replace(owner: object, name: str, wrapped: object) -> None:
    """Put something else in a name's place, for the rest of this process's life."""
    setattr(owner, name, wrapped)
