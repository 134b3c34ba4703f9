"""Reading PDFs of strangers: in a process that is stopped when it takes too long or too much."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sealwright.adapters.paper_child import ATTACHMENT_MOST_BYTES, ATTACHMENTS_MOST
from sealwright.services.verify_reading import FileRefused, ReaderBusy

# From the call to its answer, for the place, the process's start and its reading together: whoever brings a bad file
# hears so within 2 s.
WITHIN_SECONDS: Final = 1.8
AT_ONCE: Final = 2
WAIT_SECONDS: Final = 0.5
_CHILD: Final = Path(__file__).with_name("paper_child.py")
_LENGTH: Final = struct.Struct(">I")


class ConfinedPaperReader:
    """Opens at most two PDFs at a time, each in a process of its own without environment, files or network of ours.

    The process limits its own computing time and memory before it looks at the PDF; `WITHIN_SECONDS` ends it on a
    machine that is too busy to let it come that far.
    """

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def attachments(self, content: bytes) -> Sequence[bytes]:
        """The files attached to a PDF.

        Raises:
            FileRefused: Broken, hostile, or over the limits.
            ReaderBusy: Both places were taken for too long, or the machine is too busy to read anything in time.
        """
        until = time.monotonic() + WITHIN_SECONDS
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise ReaderBusy
        try:
            written = _run(content, until - time.monotonic())
        finally:
            self._places.release()
        return list(_parts(written))


def _run(content: bytes, seconds: float) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file
            [sys.executable, "-I", "-B", str(_CHILD)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=True,
            env={},
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        # A file that takes much computing is ended by the process's own limit; this one hardly came to compute.
        raise ReaderBusy from None
    except (subprocess.SubprocessError, OSError):
        raise FileRefused("The PDF cannot be read.") from None
    return done.stdout


def _parts(written: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(ATTACHMENTS_MOST):
        if at + _LENGTH.size > len(written):
            return
        (size,) = _LENGTH.unpack_from(written, at)
        at += _LENGTH.size
        if size > ATTACHMENT_MOST_BYTES:
            return
        yield written[at : at + size]
        at += size
