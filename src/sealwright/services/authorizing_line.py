"""The line of questions: whoever asks while a transaction runs is answered in the next one, all together.

A round is one transaction: it locks the ledgers that its questions need, judges one question after the other, each
with what those before it have counted, writes every answer down, and commits. Only then does an answer leave. So under
load one commit serves many questions, and what was allowed is counted whatever happens to the process afterwards.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, Protocol

from sealwright.domain.errors import DomainError, StoreUnavailable
from sealwright.services.authorizing_values import Answered, Inquiry
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory

ROUND_AT_MOST: Final = 64
# Those who were answered together come again together, a moment apart: waiting for them saves every second commit.
GATHER_FROM: Final = 4
GATHER_SECONDS: Final = 0.001

_log = logging.getLogger(__name__)


class GroundMoved(Exception):
    """What a round found was ended while it waited for the locks; what took its place shows to a new transaction."""


class Counter(Protocol):
    """Whoever answers questions; `services.authorizing` is."""

    def answer(self, uow: UnitOfWork, inquiries: Sequence[Inquiry], *, again: bool = False) -> None:
        """Answer questions and write the answers down, or set an inquiry's `error`.

        Raises:
            GroundMoved: The round has to be begun anew, in a transaction of its own; never where `again`.
        """


class AuthorizingLine:
    """The thread that takes questions in rounds. Start it before use; closing answers what has arrived."""

    def __init__(self, units: UnitOfWorkFactory, counter: Counter) -> None:
        self._units = units
        self._counter = counter
        self._arrivals: queue.SimpleQueue[Inquiry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._walk, name="authorizing-line", daemon=True)
        self._is_open = False
        self._last = 0

    def start(self) -> None:
        """Begin to take questions."""
        self._is_open = True
        self._thread.start()

    def close(self) -> None:
        """Refuse new questions, answer those that wait, stop."""
        if self._is_open:
            self._is_open = False
            self._arrivals.put(None)
            self._thread.join(timeout=10)

    @property
    def is_open(self) -> bool:
        """Tell whether the thread walks and takes questions."""
        return self._is_open

    @property
    def depth(self) -> int:
        """Questions that wait for a round."""
        return self._arrivals.qsize()

    def submit(self, inquiry: Inquiry) -> Future[Answered]:
        """Put a question on the line."""
        if self._is_open:
            self._arrivals.put(inquiry)
        else:
            inquiry.error = StoreUnavailable("The office is stopping.")
            inquiry.settle()
        return inquiry.future

    def run_alone(self, inquiry: Inquiry) -> Answered:
        """Answer one question in the caller's own thread; for the terminal and for tests."""
        self._answer([inquiry])
        return inquiry.future.result()

    def _walk(self) -> None:
        is_closing = False
        while not is_closing:
            arrivals, is_closing = self._take()
            self._last = len(arrivals)
            if arrivals:
                self._answer(arrivals)

    def _take(self) -> tuple[list[Inquiry], bool]:
        """Everybody who has arrived, at least one and at most a round; True behind the last one."""
        found: list[Inquiry] = []
        try:
            inquiry = self._arrivals.get()
            if self._last >= GATHER_FROM:
                time.sleep(GATHER_SECONDS)
            while inquiry is not None:
                found.append(inquiry)
                if len(found) >= ROUND_AT_MOST:
                    return found, False
                inquiry = self._arrivals.get_nowait()
        except queue.Empty:
            return found, False
        return found, True

    def _answer(self, inquiries: Sequence[Inquiry]) -> None:
        try:
            self._transact(inquiries)
        except Exception as error:  # noqa: BLE001 - whatever broke, every question on the line gets its answer
            self._answer_one_by_one(inquiries, error)
        for inquiry in inquiries:
            inquiry.settle()

    def _transact(self, inquiries: Sequence[Inquiry]) -> None:
        try:
            self._transact_once(inquiries, again=False)
        except GroundMoved:
            _forget(inquiries)
            self._transact_once(inquiries, again=True)

    def _transact_once(self, inquiries: Sequence[Inquiry], *, again: bool) -> None:
        with self._units() as uow:
            self._counter.answer(uow, inquiries, again=again)
            uow.commit()

    def _answer_one_by_one(self, inquiries: Sequence[Inquiry], cause: Exception) -> None:
        """Save the neighbors of a question that broke its round: every one tries once by itself."""
        if not isinstance(cause, DomainError):
            _log.error("authorizing round failed", exc_info=cause)
        is_alone = len(inquiries) == 1
        _forget(inquiries)
        for inquiry in inquiries:
            error: Exception | None = cause if is_alone else None
            if not is_alone:
                try:
                    self._transact([inquiry])
                except Exception as failure:  # noqa: BLE001 - as above
                    error = failure
            if error is not None:
                inquiry.answered = None
                known = isinstance(error, DomainError)
                inquiry.error = error if known else StoreUnavailable("The question was not answered.")


def _forget(inquiries: Sequence[Inquiry]) -> None:
    """Take back what a round said: nothing of it was kept, so nothing of it may be told."""
    for inquiry in inquiries:
        inquiry.answered, inquiry.error, inquiry.approval = None, None, None
