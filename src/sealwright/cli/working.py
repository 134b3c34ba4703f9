"""Background work in a process of its own, on any machine that reaches the database."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sealwright.cli import desk
from sealwright.cli.loading import loading
from sealwright.cli.output import of, write_json, write_line

if TYPE_CHECKING:
    from types import FrameType

    from sealwright.cli.output import Output
    from sealwright.services.office import Office
    from sealwright.settings import Settings

# When something hangs that cannot be interrupted, the process still ends within ten seconds.
LAST_SECONDS: Final = 9.0
# A process that only helps with batches goes when there was nothing to help with for so long.
IDLE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.25


def worker(
    ctx: typer.Context,
    *,
    concurrency: Annotated[int | None, typer.Option("--concurrency", help="Jobs at a time, 1 to 64.")] = None,
    batches: Annotated[bool, typer.Option("--batches", hidden=True)] = False,
) -> int:
    """Do background work until SIGTERM or Ctrl-C. Logs go to stderr; the first line of stdout tells when it begins."""
    with loading():
        from sealwright import bootstrap
    from sealwright.adapters.worker_children import spread_over_cores
    from sealwright.cli.serving import set_up_log

    overrides = {} if concurrency is None else {"SEALWRIGHT_JOB_CONCURRENCY": str(concurrency)}
    settings = desk.read_settings(overrides)
    set_up_log(settings)
    spread_over_cores()
    stopping = _until_told()
    office = bootstrap.build(settings)
    try:
        _announce(of(ctx), settings)
        if batches:
            _help(office, stopping)
        else:
            office.start_work()
            stopping.wait()
    finally:
        office.close()
    _leave()
    return 0


def _until_told() -> threading.Event:
    """An event that a signal sets; what hangs after it is cut off in time."""
    stopping = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            cut = threading.Timer(LAST_SECONDS, os._exit, (0,))
            cut.daemon = True
            cut.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stopping


def _leave() -> None:
    """End the process now: everything is given back, and taking the interpreter apart takes long on a busy machine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _help(office: Office, stopping: threading.Event) -> None:
    """Carry out chunks until there are none for a while, or whoever started us is gone."""
    from sealwright.services.tasks import BATCHES

    threading.Thread(target=_outlive_nobody, args=(stopping,), name="lifeline", daemon=True).start()
    busy_at = time.monotonic()
    while not stopping.is_set() and time.monotonic() - busy_at < IDLE_SECONDS:
        if office.tasks.run(BATCHES):
            busy_at = time.monotonic()
        else:
            stopping.wait(_LOOK_SECONDS)


def _outlive_nobody(stopping: threading.Event) -> None:
    with suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1):
            pass
    stopping.set()


def _announce(output: Output, settings: Settings) -> None:
    if output.json:
        write_json(sys.stdout, {"ready": True, "pid": os.getpid()})
    else:
        write_line(sys.stdout, f"Sealwright's worker is ready (data folder: {settings.home})")
