"""Reads what is attached to a PDF, in a process of its own that may be stopped: its input is a stranger's.

The file stands alone: it is run by its path, takes the PDF from stdin, and writes each attachment to stdout behind its
length in four bytes. Any other end than exit code 0 means that nothing could be read.
"""

from __future__ import annotations

import io
import math
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from typing import Final

ATTACHMENTS_MOST: Final = 16
ATTACHMENT_MOST_BYTES: Final = 1024 * 1024
# The server waits for 1.8 s at most, and starting takes some of that.
CPU_SECONDS: Final = 1.2
MEMORY_BYTES: Final = 512 * 1024 * 1024


def confine() -> None:
    """Let the rest of this process use little, and write no file."""
    # SIGPROF ends a process that does not handle it; the limit behind it counts whole seconds only.
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    most = used + math.ceil(CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def attachments(content: bytes) -> Iterator[bytes]:
    """The attached files, those that are too large left out; any exception of the reader's for a broken PDF."""
    # Imported here, because the server reads the limits above and never opens a PDF itself.
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content), strict=False, root_object_recovery_limit=1000)
    if reader.is_encrypted:
        return
    for number, one in enumerate(reader.attachment_list):
        if number >= ATTACHMENTS_MOST:
            return
        data = one.content
        if len(data) <= ATTACHMENT_MOST_BYTES:
            yield data


def main() -> None:
    """Read stdin, write stdout."""
    confine()
    for data in attachments(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
