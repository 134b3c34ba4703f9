"""Files that commands read and write: ``-`` is standard input; what is written replaces a file whole."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

from sealwright.cli.misuse import UnreadableFile

MAX_FILE_BYTES: Final = 16 << 20


def read_input(name: str) -> bytes:
    """Read a file, or standard input for ``-``.

    Raises:
        UnreadableFile: It cannot be read, or is larger than 16 MiB.
    """
    try:
        if name == "-":
            content = standard_input().read(MAX_FILE_BYTES + 1)
        else:
            with open(name, "rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFile(f"{name} is larger than {MAX_FILE_BYTES >> 20} MiB")
    return content


def standard_input() -> BinaryIO:
    """Standard input, as bytes; raises UnreadableFile where whoever started us closed it."""
    if sys.stdin is None:
        raise UnreadableFile("- cannot be read: standard input is closed")
    return sys.stdin.buffer


def require_place(name: str) -> None:
    """Refuse a place that cannot be written to before anything is done whose outcome is to stand there.

    Raises:
        UnreadableFile: It cannot be written.
    """
    if name == "-":
        return
    target = Path(name)
    if target.is_dir():
        raise UnreadableFile(f"{name} cannot be written: {os.strerror(errno.EISDIR)}")
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}."):
            pass
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be written: {error.strerror}") from error


def write_output(name: str, parts: Iterable[bytes]) -> int:
    """Write a file of mode 0600 beside its place and move it there, so that nobody sees half of it; ``-`` is stdout.

    Returns:
        The number of bytes.

    Raises:
        UnreadableFile: It cannot be written.
    """
    if name == "-":
        written = sum(sys.stdout.buffer.write(part) for part in parts)
        sys.stdout.buffer.flush()
        return written
    target = Path(name)
    written = 0
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                written += file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be written: {error.strerror}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return written


def require_new_place(name: str) -> None:
    """As `require_place`, for what must not replace anything.

    Raises:
        UnreadableFile: There is something already, or it cannot be written.
    """
    if name != "-" and os.path.lexists(name):
        raise UnreadableFile(f"{name} is there already, and nothing is overwritten")
    require_place(name)


def write_new(name: str, content: bytes) -> None:
    """Write a file of mode 0600 where none is; what cannot be written whole is taken away again. ``-`` is stdout.

    Raises:
        UnreadableFile: There is something already, or it cannot be written.
    """
    if name == "-":
        write_output(name, [content])
        return
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UnreadableFile(f"{name} is there already, and nothing is overwritten") from error
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise UnreadableFile(f"{name} cannot be written: {error.strerror}") from error
