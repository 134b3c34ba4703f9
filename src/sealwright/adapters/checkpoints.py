"""Signed checkpoints in a folder outside the database: the high-water mark that a restored copy cannot lower."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from sealwright.domain.audit import Checkpoint
from sealwright.domain.audit_check import MalformedNote, Note, parse_note
from sealwright.domain.errors import StoreUnavailable

LATEST: Final = "latest"
_LOCK: Final = "lock"
_NAME: Final = re.compile(r"checkpoint-([0-9]{1,19})\.txt")
_LOCK_SECONDS: Final = 5.0
_MOST_BYTES: Final = 16 * 1024 * 1024


class _Any(Enum):
    ANY = "any"


class FileCheckpointSink:
    """Keeps each checkpoint as ``checkpoint-<sequence>.txt`` and the newest also as ``latest``.

    Writing is a compare-and-swap under a lock file: a note goes in only behind the one that stands there, so
    neither a second writer nor a restored copy moves the mark back or puts another head on the same position.

    Args:
        folder: Made with mode 0700 at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self) -> bytes | None:
        """The newest note there, or None.

        Raises:
            StoreUnavailable: The folder or its newest note cannot be read; that is never taken for "none".
        """
        try:
            found = self._read_newest()
        except (OSError, MalformedNote) as error:
            raise StoreUnavailable("The newest exported checkpoint cannot be read.") from error
        return None if found is None else found[0]

    def publish(self, checkpoint: Checkpoint, *, replacing: bytes | _Any | None = _Any.ANY) -> None:
        """Put a checkpoint behind the newest one; the same position with the same head is left as it stands.

        Args:
            checkpoint: Its note, sequence and head hash have to agree.
            replacing: The note that has to be the newest there, None for "there is none yet"; left out, any
                note of an earlier position will do.

        Raises:
            StoreUnavailable: Another writer was ahead, the folder holds another history or office, or it
                cannot be written.
        """
        try:
            note = parse_note(checkpoint.note)
            if (note.size, note.head_hash) != (checkpoint.sequence, checkpoint.head_hash):
                raise MalformedNote("the note speaks of another position")
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                self._swap(checkpoint, note, replacing)
        except (OSError, MalformedNote) as error:
            raise StoreUnavailable("The checkpoint cannot be exported.") from error

    def _swap(self, checkpoint: Checkpoint, note: Note, replacing: bytes | _Any | None) -> None:
        found = self._read_newest()
        if replacing is not _Any.ANY and replacing != (None if found is None else found[0]):
            raise StoreUnavailable("Another writer exported a checkpoint before.")
        if found is not None:
            present = found[1]
            if present.origin != note.origin:
                raise StoreUnavailable("The folder holds the checkpoints of another office.")
            if present.size > note.size:
                raise StoreUnavailable("A later checkpoint was exported before.")
            if present.size == note.size:
                if present.head_hash != note.head_hash:
                    raise StoreUnavailable("Another history was exported up to this position.")
                return
        self._write(f"checkpoint-{checkpoint.sequence}.txt", checkpoint.note)
        self._write(LATEST, checkpoint.note)

    def _read_newest(self) -> tuple[bytes, Note] | None:
        try:
            content = self._read(self._folder / LATEST)
        except FileNotFoundError:
            # Whoever takes ``latest`` away does not take the mark away with it.
            named = [(int(match[1]), match[0]) for name in self._names() if (match := _NAME.fullmatch(name))]
            if not named:
                return None
            content = self._read(self._folder / max(named)[1])
        return content, parse_note(content)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:
            return []

    @staticmethod
    def _read(path: Path) -> bytes:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise MalformedNote("the file is too large for a note")
        return content

    def _write(self, name: str, content: bytes) -> None:
        temporary = self._folder / f".{name}.{secrets.token_hex(8)}"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            temporary.replace(self._folder / name)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Without this the name may be lost in a power cut, though the content is on disk.
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Generator[None]:
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            gives_up_at = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= gives_up_at:
                        raise
                    time.sleep(0.02)
            yield
        finally:
            # Closing gives the lock back, also when the process dies here.
            os.close(descriptor)
