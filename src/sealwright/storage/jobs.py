"""Waking background work in the transaction that causes it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sealwright.services.tasks import JOB, QUEUE
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction

Wake = tuple[str, str, int | None]
# The library's own function for this would fail, and with it the whole transaction, where the job waits already. Its
# trigger tells the workers of what was added.
_DEFER: Final = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at) "  # noqa: S608
    f"SELECT '{QUEUE}', '{JOB}', wish.name, wish.args::jsonb, to_timestamp(wish.seconds) "
    "FROM unnest(%b::text[], %b::text[], %b::int8[]) AS wish (name, args, seconds) ORDER BY wish.name "
    "ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"
)


class StoredJobRows:
    """What is to be woken once this unit of work has committed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._wishes: dict[Wake, None] = {}

    def wake(self, task: str, *, at: datetime | None = None, lane: str = "") -> None:
        """Have a task run once this unit of work has committed, not before `at`; twice the same is once."""
        self._wishes[task, lane, None if at is None else seconds_of(at)] = None

    def mark(self) -> tuple[Wake, ...]:
        """Tell what is wished for so far, for `forget`."""
        return tuple(self._wishes)

    def forget(self, mark: tuple[Wake, ...]) -> None:
        """Drop what was wished for in a part that rolled back."""
        self._wishes = dict.fromkeys(mark)

    def write(self) -> None:
        """Queue the work, on PostgreSQL; right before the commit, for the same wish of others waits for its end."""
        if not self._wishes or self._transaction.is_sqlite:
            return
        rows = [(lock_of(*one), json_text({"task": one[0], "lane": one[1]}), one[2]) for one in self._wishes]
        names, args, seconds = zip(*rows, strict=True)
        self._transaction.driver_rows(_DEFER, (list(names), list(args), list(seconds)))

    def tell(self) -> None:
        """Tell this process, after the commit, on SQLite: nobody else works there."""
        if self._transaction.is_sqlite:
            for task, lane, seconds in self._wishes:
                self._transaction.database.wake(task, None if seconds is None else moment_of(seconds), lane)


def lock_of(task: str, lane: str, seconds: int | None = None) -> str:
    """Name the wish, of which one at most waits at a time: ``task/lane``, or ``task/lane@seconds`` for a later moment.

    Apart, so that one that waits for its moment does not stand for one that is wanted now.
    """
    return f"{task}/{lane}" if seconds is None else f"{task}/{lane}@{seconds}"
