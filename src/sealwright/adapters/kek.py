"""The key-encryption key (KEK): where it is read from, how it is made, how it is replaced while others run.

The KEK never enters the database or a backup. It stands in a setting or in a file of mode 0600 that holds
one base64 line for each key: the present one first, then earlier ones that may still open what they sealed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEK_BYTES: Final = 32
NONCE_BYTES: Final = 12
HOME_FILE_NAME: Final = "kek"
_MOST_FILE_BYTES: Final = 4096


class KekRefused(Exception):
    """A key-encryption key that must not be used; the message never shows it."""


class CannotOpen(Exception):
    """Sealed bytes that do not open: another key, other associated data, or changed on the way."""


class KeyEncryptionKey:
    """An AES-256 key that seals other keys; it neither prints nor pickles.

    Args:
        key: 32 bytes from the operating system's randomness.
    """

    __slots__ = ("_cipher", "_key", "kek_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEK_BYTES:
            raise KekRefused("the key-encryption key has not 32 bytes")
        self._key = bytes(key)
        self._cipher = AESGCM(self._key)
        # A short digest names the key without helping anybody guess 256 random bits.
        self.kek_id = "kek-" + hashlib.sha256(b"sealwright key-encryption key id\n" + self._key).hexdigest()[:16]

    def seal(self, data: bytes, associated: bytes) -> bytes:
        """Encrypt under a fresh nonce, which stands before the ciphertext.

        Spec: NIST SP 800-38D, "Use of Initialization Vectors" (random 96-bit nonces).
        """
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what `seal` made with the same associated data.

        Raises:
            CannotOpen: Anything else.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("sealed bytes do not open") from error

    def to_line(self) -> str:
        """The key as one base64 line of a KEK file."""
        return base64.b64encode(self._key).decode("ascii")

    def __repr__(self) -> str:
        return f"KeyEncryptionKey({self.kek_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def generate_kek() -> KeyEncryptionKey:
    """Make a key-encryption key."""
    return KeyEncryptionKey(secrets.token_bytes(KEK_BYTES))


def parse_kek(text: str) -> KeyEncryptionKey:
    """Read one key from base64 text.

    Raises:
        KekRefused: Not base64, or not 32 bytes.
    """
    try:
        return KeyEncryptionKey(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise KekRefused("the key-encryption key is not base64") from error


class KekRing(Protocol):
    """The key-encryption keys that this process may use."""

    def current(self) -> KeyEncryptionKey | None:
        """The key that seals, or None when it cannot be had."""

    def find(self, kek_id: str) -> KeyEncryptionKey | None:
        """A key that opens, by its id."""


class FixedKeks:
    """Keys given once, such as from the environment; the first seals."""

    def __init__(self, keys: Sequence[KeyEncryptionKey]) -> None:
        self._keys = tuple(keys)

    def current(self) -> KeyEncryptionKey | None:
        """The first key."""
        return self._keys[0] if self._keys else None

    def find(self, kek_id: str) -> KeyEncryptionKey | None:
        """Look through all keys."""
        return next((key for key in self._keys if key.kek_id == kek_id), None)


class KekFile:
    """Keys in a private file, read again when it changed, so that a rotation reaches running servers.

    Args:
        path: May be absent; then there is no key and the office is sealed.

    Raises:
        KekRefused: The file is readable by others or holds no keys. Later, such a file is passed over and the
            keys in use stay, until a restart refuses it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._keys: tuple[KeyEncryptionKey, ...] = ()
        self._stamp: tuple[int, int, int] | None = None
        self._read_if_changed()

    def current(self) -> KeyEncryptionKey | None:
        """The key on the first line."""
        self._refresh()
        return self._keys[0] if self._keys else None

    def find(self, kek_id: str) -> KeyEncryptionKey | None:
        """Look through the keys held, and in the file again if none fits."""
        for key in self._keys:
            if key.kek_id == kek_id:
                return key
        self._refresh()
        return next((key for key in self._keys if key.kek_id == kek_id), None)

    def begin_rotation(self) -> KeyEncryptionKey:
        """Put a new key before the present ones; from now on it seals and they still open.

        Raises:
            KekRefused: There is no key to replace, or the file cannot be written.
        """
        self._read_if_changed()
        if not self._keys:
            raise KekRefused("there is no key-encryption key to replace")
        new = generate_kek()
        self._write((new, *self._keys))
        return new

    def end_rotation(self, *, keep: int = 2) -> None:
        """Forget the oldest keys; call it once everything stored is sealed under the present one, and not before.

        Args:
            keep: How many keys before the present one stay, for answers that are still kept under them and for
                a key that was sealed while the rotation ran; the next rotation finds both.
        """
        self._read_if_changed()
        if len(self._keys) > keep + 1:
            self._write(self._keys[: keep + 1])

    def _write(self, keys: Sequence[KeyEncryptionKey]) -> None:
        with self._lock:
            temporary = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}.new")
            try:
                _create_private(temporary, keys)
                temporary.replace(self.path)
                _sync_folder(self.path.parent)
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise KekRefused("the key file cannot be written") from error
        self._read_if_changed()

    def _refresh(self) -> None:
        with contextlib.suppress(KekRefused):
            self._read_if_changed()

    def _read_if_changed(self) -> None:
        try:
            facts = self.path.stat()
        except OSError:
            # A file that went away does not take back keys that are in use; a restart would find it missing.
            return
        stamp = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
        if stamp == self._stamp:
            return
        with self._lock:
            self._keys = read_kek_file(self.path)
            self._stamp = stamp


def read_kek_file(path: Path) -> tuple[KeyEncryptionKey, ...]:
    """Read the keys of a private file, the present one first.

    Raises:
        KekRefused: It is readable by others, is no file, cannot be read, or holds something else.
    """
    content = read_private_file(path, _MOST_FILE_BYTES)
    if not content.isascii():
        raise KekRefused("the key file holds something else than keys")
    lines = [line for line in content.decode("ascii").split("\n") if line.strip()]
    if not lines:
        raise KekRefused("the key file is empty")
    return tuple(parse_kek(line) for line in lines)


def read_private_file(path: Path, most_bytes: int) -> bytes:
    """Read a file of secrets that nobody else may read.

    Raises:
        KekRefused: It is readable by others, is no file, is too large, or cannot be read.
    """
    try:
        # Judged through the open file, so that what was judged is what is read; a FIFO must not block the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KekRefused("the key file cannot be read") from error
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise KekRefused("the key file is not a file")
        if mode & 0o077:
            raise KekRefused("the key file is readable by others; its mode has to be 0600")
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise KekRefused("the key file is too large")
    return content


def make_kek_file(path: Path) -> KekFile:
    """Use the key file of a data folder, making it with a new key and mode 0600 if it is missing.

    Two processes that start together end with the same key: the file appears whole under its name, once.

    Raises:
        KekRefused: The file cannot be made, or may not be used.
    """
    if not path.exists():
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
        try:
            _create_private(temporary, (generate_kek(),))
            # A hard link fails if the name is taken by now, which a rename would not.
            os.link(temporary, path)
            _sync_folder(path.parent)
        except FileExistsError:
            pass
        except OSError as error:
            raise KekRefused("the key file cannot be made") from error
        finally:
            temporary.unlink(missing_ok=True)
    return KekFile(path)


def load_keks(*, value: str | None, file: Path | None, home: Path | None) -> KekRing:
    """Find the key-encryption key: a given value, a given file, or the one of the data folder.

    Args:
        value: 32 bytes as base64.
        file: A configured file; when it is absent, the ring is empty and the office starts sealed.
        home: The data folder where a key may be made; None where none may (PostgreSQL).

    Raises:
        KekRefused: The key, or its file, may not be used.
    """
    if value is not None:
        return FixedKeks((parse_kek(value),))
    if file is not None:
        return KekFile(file)
    if home is not None:
        return make_kek_file(home / HOME_FILE_NAME)
    raise KekRefused("no key-encryption key is configured")


def _create_private(path: Path, keys: Sequence[KeyEncryptionKey]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{key.to_line()}\n" for key in keys))
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
