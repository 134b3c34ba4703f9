"""The stand-alone audit verifier: rebuilds every hash of the trail and checks every checkpoint.

This file imports the standard library and one signature check (PyNaCl), and nothing of the rest of the
package, so that a stranger can take it alone: ``python audit_check.py export.ndjson [--checkpoint NOTE]``.

**Rows.** A row's hash is SHA-256 over the 32 bytes of the previous hash and the RFC 8785 form of the row
without ``prevHash`` and ``hash``; the first previous hash is 32 zero bytes. Rows hold texts, integers,
truth values, nulls, lists and objects with ASCII names; for these, sorted compact JSON is that form.

**Export.** One JSON object a line, in UTF-8, ended by LF. First ``{"type":"key","key":"<verifier key>"}``
for each key that signed a checkpoint, then ``{"type":"record", …}`` with the members of an audit record,
and ``{"type":"checkpoint","note":"…"}`` anywhere after the rows it covers; the last line is a checkpoint
over the last row.

**Note.** A checkpoint is a signed note. Its text, every line ended by LF::

    <origin>
    <size: the position of the last row it covers>
    <hash of that row, 64 hex digits>
    <time, 2026-11-21T02:30:00Z>
    log <size> <root, 64 hex digits>           or "-" before the anchoring log's first entry
    list <list id> <version> <sha256, 64 hex>  one line for each status list, sorted by id

then an empty line, then signature lines ``— <key name> <base64>``, where the base64 holds 4 bytes of key
hash and 64 bytes of Ed25519 signature over the text, its last LF included.

**Verifier key.** ``<key name>+<key hash, 8 hex>+<base64 of 0x01 and the 32 key bytes>``; the key hash is
the first 4 bytes of SHA-256(key name ‖ LF ‖ 0x01 ‖ key bytes).

Spec: C2SP signed-note, "Format" and "Verifier keys"; RFC 8785.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, NoReturn, Protocol

GENESIS: Final = "0" * 64
ROW_MEMBERS: Final = frozenset({"sequence", "at", "actor", "action", "object", "before", "after", "data", "requestId"})
MAX_LINE_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
# Possessive, and with or without its end, so that a scan is short and takes little, whatever the line holds.
_TEXTS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_ED25519: Final = b"\x01"
_DASH: Final = "— "
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME: Final = re.compile(r"[^\s+]{1,255}")
_TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_RECORD_HEAD: Final = b'{"type":"record",'


class MalformedNote(ValueError):
    """Bytes that are no checkpoint note, a part that would not make one, or a text that is no verifier key."""


# ---- checkpoint notes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListDigest:
    """One status list as a checkpoint names it: its version and the hex SHA-256 of its bits."""

    list_id: str
    version: int
    sha256: str


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: whose key, the first 4 bytes of the key hash, and the 64 signature bytes."""

    key_name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A checkpoint as read; `text` is exactly what was signed."""

    origin: str
    size: int
    head_hash: str
    at: str
    log: tuple[int, str] | None
    lists: tuple[ListDigest, ...]
    text: bytes
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True)
class VerifierKey:
    """A public key under a name."""

    name: str
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The 4 bytes that signature lines carry."""
        return key_hash(self.name, self.public_key)

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_hash.hex()}+{encoded}"


def key_hash(name: str, public_key: bytes) -> bytes:
    """Give the 4 bytes that tie a signature line to a key of this name."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + _ED25519 + public_key).digest()[:4]


def parse_verifier_key(text: str) -> VerifierKey:
    """Read ``name+hash+base64``.

    Raises:
        MalformedNote: It is no Ed25519 verifier key, or its hash does not fit.
    """
    name, _, rest = text.strip().partition("+")
    hash_hex, _, encoded = rest.partition("+")
    content = _strict_base64(encoded, "the verifier key")
    if not _NAME.fullmatch(name) or len(content) != 33 or content[:1] != _ED25519:
        raise MalformedNote("not an Ed25519 verifier key")
    key = VerifierKey(name, content[1:])
    if key.key_hash.hex() != hash_hex:
        raise MalformedNote("the verifier key's hash does not fit its bytes")
    return key


def build_note_text(
    *,
    origin: str,
    size: int,
    head_hash: str,
    at: datetime,
    lists: Iterable[tuple[str, int, str]] = (),
    log: tuple[int, str] | None = None,
) -> bytes:
    """Spell the text that a checkpoint's key signs; it ends with LF.

    Args:
        origin: Names the office; printable, no line breaks.
        at: Aware; whole seconds are kept.
        lists: (list id, version, hex SHA-256 of the bits), in any order.
        log: Size and hex root of the anchoring log.

    Raises:
        MalformedNote: A part would not read back as it was given.
    """
    moment = at.astimezone(UTC).strftime(_TIME_FORM)
    lines = [origin, str(size), head_hash, moment, f"log {log[0]} {log[1]}" if log is not None else "-"]
    lines += [f"list {list_id} {version} {digest}" for list_id, version, digest in sorted(lists)]
    text = "".join(f"{line}\n" for line in lines).encode("utf-8")
    _parse_text(text)
    return text


def signature_line(name: str, public_key: bytes, signature: bytes) -> bytes:
    """Spell one signature line, LF included."""
    encoded = base64.b64encode(key_hash(name, public_key) + signature).decode("ascii")
    return f"{_DASH}{name} {encoded}\n".encode()


def assemble_note(text: bytes, *signature_lines: bytes) -> bytes:
    """Join a text and its signature lines to the note that is kept and published."""
    return b"".join((text, b"\n", *signature_lines))


def parse_note(content: bytes) -> Note:
    """Read a checkpoint note strictly: what reads back differently is refused.

    Raises:
        MalformedNote: With the reason.
    """
    text, separator, tail = content.rpartition(b"\n\n")
    if not separator or not tail.endswith(b"\n"):
        raise MalformedNote("the note has no signature part")
    text += b"\n"
    try:
        lines = tail.decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise MalformedNote("a signature line is not UTF-8") from error
    if len(lines) > 16:
        raise MalformedNote("more than 16 signature lines")
    signatures = tuple(_parse_signature(line) for line in lines)
    origin, size, head_hash, at, log, lists = _parse_text(text)
    return Note(origin, size, head_hash, at, log, lists, text, signatures)


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise MalformedNote("a signature line is malformed")
    content = _strict_base64(encoded, "a signature line")
    if len(content) != 68:
        raise MalformedNote("a signature is not 4 + 64 bytes")
    return NoteSignature(name, content[:4], content[4:])


def _parse_text(text: bytes) -> tuple[str, int, str, str, tuple[int, str] | None, tuple[ListDigest, ...]]:
    try:
        lines = text.decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise MalformedNote("the note is not UTF-8") from error
    if len(lines) < 5:
        raise MalformedNote("the note has fewer than five lines")
    origin, size, head_hash, at, log = lines[:5]
    if not origin or not origin.isprintable() or origin != origin.strip():
        raise MalformedNote("the origin is empty or not printable")
    if not _NUMBER.fullmatch(size) or not _HEX64.fullmatch(head_hash) or not _is_moment(at):
        raise MalformedNote("size, head hash or time is malformed")
    if size == "0" and head_hash != GENESIS:
        raise MalformedNote("an empty trail has no head hash")
    lists = tuple(_parse_list(line) for line in lines[5:])
    ids = [entry.list_id for entry in lists]
    if ids != sorted(set(ids)):
        raise MalformedNote("status lists are not sorted, or named twice")
    return origin, int(size), head_hash, at, _parse_log(log), lists


def _parse_log(line: str) -> tuple[int, str] | None:
    if line == "-":
        return None
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "log" or not _NUMBER.fullmatch(parts[1]) or not _HEX64.fullmatch(parts[2]):
        raise MalformedNote("the log line is malformed")
    return int(parts[1]), parts[2]


def _parse_list(line: str) -> ListDigest:
    parts = line.split(" ")
    if len(parts) != 4 or parts[0] != "list" or not _NAME.fullmatch(parts[1]):
        raise MalformedNote("a status list line is malformed")
    if not _NUMBER.fullmatch(parts[2]) or not _HEX64.fullmatch(parts[3]):
        raise MalformedNote("a status list line is malformed")
    return ListDigest(parts[1], int(parts[2]), parts[3])


def _strict_base64(text: str, what: str) -> bytes:
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedNote(f"{what} is not base64") from error
    if base64.b64encode(content).decode("ascii") != text:
        raise MalformedNote(f"{what} is not base64 in its one normal form")
    return content


def _is_moment(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


# ---- rows and export lines -------------------------------------------------------------------------------------


class SealedRow(Protocol):
    """A row as the database keeps it; `body` is its RFC 8785 form without the two hashes."""

    @property
    def sequence(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def action(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def prev_hash(self) -> str: ...
    @property
    def hash(self) -> str: ...


class _NotCanonicalJSON(ValueError):
    """JSON that no row of ours can hold."""


def _refuse_number(text: str) -> NoReturn:
    raise _NotCanonicalJSON(f"a number that is no integer ({len(text)} characters)")


def _refuse_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotCanonicalJSON("a member name stands twice")
    return members


_DECODER: Final = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)
_STRICT_DECODER: Final = json.JSONDecoder(
    parse_float=_refuse_number, parse_constant=_refuse_number, object_pairs_hook=_refuse_twice
)
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def canonical_row(members: Mapping[str, object]) -> bytes:
    """Give the RFC 8785 form of a row: names are ASCII and numbers are integers, so sorted compact JSON is it.

    Raises:
        UnicodeEncodeError: A text holds a lone surrogate.
    """
    return _ENCODER.encode(members).encode("utf-8")


def key_line(key: VerifierKey | str) -> bytes:
    """Spell the export line that names a key."""
    return canonical_row({"type": "key", "key": str(key)}) + b"\n"


def record_line(row: SealedRow) -> bytes:
    """Spell the export line of a row: its own canonical members, then the two hashes."""
    hashes = f',"prevHash":"{row.prev_hash}","hash":"{row.hash}"}}\n'
    return b"".join((_RECORD_HEAD, row.body[1:-1], hashes.encode("ascii")))


def checkpoint_line(note: bytes) -> bytes:
    """Spell the export line of a checkpoint.

    Raises:
        UnicodeDecodeError: The note is not UTF-8.
    """
    return canonical_row({"type": "checkpoint", "note": note.decode("utf-8")}) + b"\n"


# ---- the check -------------------------------------------------------------------------------------------------


class Finding(Enum):
    """The three answers; the value is the exit code."""

    SOUND = 0
    FAULT = 1
    UNCHECKED = 2


@dataclass(frozen=True)
class AuditVerdict:
    """What the check found.

    Args:
        records: Rows that were read and chained without fault.
        first_bad: The first position that does not hold; None when sound, or when no position is concerned.
        detail: A sentence.
        head_hash: Hash of the last row that was chained; the genesis hash when there was none.
        checkpoints: Checkpoints that agreed with the rows and whose signature held.
    """

    finding: Finding
    records: int
    first_bad: int | None
    detail: str
    head_hash: str
    checkpoints: int

    @property
    def verified(self) -> bool | None:
        """True when sound, False on a fault, None when it could not be checked."""
        return None if self.finding is Finding.UNCHECKED else self.finding is Finding.SOUND

    @property
    def exit_code(self) -> int:
        """0 sound, 1 a fault was found, 2 could not be checked."""
        return int(self.finding.value)


class _Fault(Exception):
    """A position that does not hold."""

    def __init__(self, position: int | None, detail: str) -> None:
        super().__init__(detail)
        self.position = position
        self.detail = detail


class _Unchecked(Exception):
    """Nothing can be said."""


class _Trail:
    """Rows and checkpoints as they come by. Keeps 32 bytes a row, for checkpoints that come late."""

    def __init__(self) -> None:
        self.given_keys: list[VerifierKey] = []
        self.keys: list[VerifierKey] = []
        self.count = 0
        self.head = bytes(32)
        self.last_at = ""
        self.last_moment: datetime | None = None
        self.hashes = bytearray()
        self.notes: list[Note] = []
        self.outside: list[Note] = []
        self.signed = 0
        self.unsigned: str | None = None

    def believe(self, keys: Iterable[str], outside: Iterable[bytes]) -> None:
        """Take in what came from elsewhere; what cannot be read leaves the whole question open."""
        try:
            self.given_keys = [parse_verifier_key(text) for text in keys]
            self.outside = [parse_note(content) for content in outside]
        except MalformedNote as error:
            raise _Unchecked(f"A key or checkpoint from outside cannot be read: {error}") from error
        self.keys = list(self.given_keys)

    def row(self, members: Mapping[str, object], body: bytes, prev_hash: object, row_hash: object) -> None:
        """Chain one row behind the last; `body` is the form that was hashed."""
        position = self.count + 1
        if members.keys() != ROW_MEMBERS:
            raise _Fault(position, "the row does not have the members of an audit record")
        sequence = members["sequence"]
        if type(sequence) is not int or sequence != position:
            raise _Fault(position, f"position {position} is missing or out of order")
        at = members["at"]
        if at != self.last_at:
            if not isinstance(at, str) or not _is_moment(at):
                raise _Fault(position, "the row's time is malformed")
            if at < self.last_at:
                raise _Fault(position, "time runs backward")
            self.last_at = at
        if prev_hash != self.head.hex():
            raise _Fault(position, "the previous hash is not the hash of the row before")
        digest = hashlib.sha256(self.head + body).digest()
        if row_hash != digest.hex():
            raise _Fault(position, "the hash does not fit the row")
        self.count, self.head = position, digest
        self.hashes += digest

    def note(self, content: bytes) -> Note:
        """Take in a checkpoint: its form and its signature now, its prefix at the end."""
        try:
            note = parse_note(content)
        except MalformedNote as error:
            raise _Fault(self.count + 1, f"a checkpoint is malformed: {error}") from error
        if self.keys:
            self._require_signature(note)
            self.signed += 1
        else:
            self.unsigned = "no key is known that the checkpoints could be checked with"
        self.notes.append(note)
        return note

    def _require_signature(self, note: Note) -> None:
        outcome = _signature_holds(note, self.keys)
        if outcome is None:
            raise _Fault(note.size, f"the checkpoint over position {note.size} is signed by no known key")
        if not outcome:
            raise _Fault(note.size, f"the signature of the checkpoint over position {note.size} does not hold")

    def require_prefixes(self) -> None:
        """Compare every checkpoint with the rows, smallest first, so that the first bad position is named."""
        agreed = 0
        for note in sorted([*self.notes, *self.outside], key=lambda note: note.size):
            if note.size > self.count:
                raise _Fault(
                    self.count + 1, f"rows end at {self.count}, but a checkpoint covers position {note.size}: shortened"
                )
            here = bytes(self.hashes[(note.size - 1) * 32 : note.size * 32]) if note.size else bytes(32)
            if here.hex() != note.head_hash:
                raise _Fault(
                    note.size,
                    f"the checkpoint over position {note.size} names another history; "
                    f"a row after position {agreed} was rewritten",
                )
            agreed = note.size
        self._require_lists_to_move_forward()
        self._require_log_to_grow()

    def _require_lists_to_move_forward(self) -> None:
        latest: dict[str, ListDigest] = {}
        for note in sorted([*self.notes, *self.outside], key=lambda note: (note.size, note.at)):
            for entry in note.lists:
                before = latest.get(entry.list_id, entry)
                if entry.version < before.version or (
                    entry.version == before.version and entry.sha256 != before.sha256
                ):
                    raise _Fault(note.size, f"status list {entry.list_id} moves backward at position {note.size}")
                latest[entry.list_id] = entry

    def _require_log_to_grow(self) -> None:
        """The anchoring log is only ever added to; before its first entry, checkpoints name none."""
        size, root = 0, ""
        for note in sorted([*self.notes, *self.outside], key=lambda note: (note.size, note.at, note.log or (0, ""))):
            new_size, new_root = note.log if note.log is not None else (0, "")
            if new_size < size:
                raise _Fault(note.size, f"the anchoring log shrank from {size} to {new_size} at position {note.size}")
            if size and new_size == size and new_root != root:
                raise _Fault(note.size, f"the anchoring log of {size} entries was rewritten at position {note.size}")
            size, root = new_size, new_root

    def require_outside_signatures(self) -> None:
        """An outside checkpoint that agrees still proves nothing unless its own signature holds."""
        for note in self.outside:
            outcome = _signature_holds(note, self.keys)
            if outcome is None:
                self.unsigned = "the checkpoint from outside is signed by no known key"
            elif not outcome:
                raise _Fault(note.size, "the signature of the checkpoint from outside does not hold")

    def verdict(self) -> AuditVerdict:
        """Sum up after everything was read."""
        self.require_prefixes()
        self.require_outside_signatures()
        if self.unsigned is not None:
            return self.say(Finding.UNCHECKED, None, f"{_rows(self.count)} chain, but {self.unsigned}.")
        covered = max((note.size for note in (*self.notes, *self.outside)), default=0)
        tail = self.count - covered
        after = f"; {_rows(tail)} after the last checkpoint" if tail else ""
        return self.say(Finding.SOUND, None, f"{_rows(self.count)} and {self.signed} checkpoints hold{after}.")

    def say(self, finding: Finding, first_bad: int | None, detail: str) -> AuditVerdict:
        """Make the verdict as things stand."""
        return AuditVerdict(finding, self.count, first_bad, detail, self.head.hex(), self.signed)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _signature_holds(note: Note, keys: Sequence[VerifierKey]) -> bool | None:
    """Tell whether every signature by a known key holds; None when none is by a known key.

    A key is known by its bytes. The name beside it follows the office's address, which may have changed since.
    """
    by_known_keys = [
        (key, line)
        for line in note.signatures
        for key in keys
        if key_hash(line.key_name, key.public_key) == line.key_hash
    ]
    if not by_known_keys:
        return None
    return all(_ed25519_holds(key.public_key, line.signature, note.text) for key, line in by_known_keys)


def _ed25519_holds(public_key: bytes, signature: bytes, data: bytes) -> bool:
    try:
        from nacl.exceptions import CryptoError
        from nacl.signing import VerifyKey
    except ImportError as error:
        raise _Unchecked("PyNaCl is not installed, so no signature could be checked") from error
    try:
        VerifyKey(public_key).verify(data, signature)
    except (CryptoError, ValueError):
        return False
    return True


def check_rows(
    rows: Iterable[SealedRow],
    notes: Iterable[bytes] = (),
    *,
    keys: Iterable[str],
    outside: Iterable[bytes] = (),
    head: tuple[int, str] | None = None,
) -> AuditVerdict:
    """Check the trail as it stands in the database.

    Args:
        rows: In order of position.
        notes: Checkpoints that were made of this trail.
        keys: Verifier keys that may have signed them.
        outside: Checkpoints that were kept elsewhere.
        head: Position and hash that the database names as the last; rows must end there.
    """
    trail = _Trail()
    try:
        trail.believe(keys, outside)
        for row in rows:
            _check_kept_row(trail, row)
        if head is not None and head != (trail.count, trail.head.hex()):
            raise _Fault(trail.count + 1, f"rows end at {trail.count}, but the head is at {head[0]}: shortened")
        for content in notes:
            trail.note(content)
        return trail.verdict()
    except _Fault as fault:
        return trail.say(Finding.FAULT, fault.position, f"{_sentence(fault.detail)}.")
    except _Unchecked as gap:
        return trail.say(Finding.UNCHECKED, None, f"{gap}.")


def _check_kept_row(trail: _Trail, row: SealedRow) -> None:
    position = trail.count + 1
    members = _decode(row.body, position)
    if members.get("at") != trail.last_at or row.at != trail.last_moment:
        # The columns are what lists and filters read; they must not tell another story than the sealed body.
        if row.at.astimezone(UTC).strftime(_TIME_FORM) != members.get("at"):
            raise _Fault(position, "a column differs from the sealed row")
        trail.last_moment = row.at
    if row.sequence != members.get("sequence") or row.action != members.get("action"):
        raise _Fault(position, "a column differs from the sealed row")
    trail.row(members, row.body, row.prev_hash, row.hash)


def check_export(lines: Iterable[bytes], *, keys: Iterable[str] = (), outside: Iterable[bytes] = ()) -> AuditVerdict:
    """Check an export, line by line; memory grows by 32 bytes a row.

    Args:
        lines: Each with or without its LF.
        keys: Verifier keys known from elsewhere. With one or more, keys that the export names are not
            believed; without, they are, and the verdict then says no more than that the export agrees
            with itself and with the checkpoints from outside.
        outside: Checkpoints that were kept elsewhere.
    """
    trail = _Trail()
    source = iter(lines)
    recognized = 0
    closing: Note | None = None
    try:
        trail.believe(keys, outside)
        for line in source:
            closing = _check_line(trail, line.rstrip(b"\n"))
            recognized += 1
        if not recognized:
            raise _Unchecked("The export is empty")
        if closing is None or closing.size != trail.count:
            raise _Fault(trail.count + 1, "the export does not end with a checkpoint over its last row: shortened")
        return trail.verdict()
    except _Fault as fault:
        if not recognized and not _any_recognized(source):
            return trail.say(Finding.UNCHECKED, None, "This is not an audit export.")
        return trail.say(Finding.FAULT, fault.position, f"{_sentence(fault.detail)}.")
    except _Unchecked as gap:
        return trail.say(Finding.UNCHECKED, None, f"{gap}.")


def _check_line(trail: _Trail, line: bytes) -> Note | None:
    """Take in one line; gives the note when it is a checkpoint."""
    position = trail.count + 1
    members = _decode(line, position)
    if members.get("type") == "record":
        body = _body_as_spelled(line, members)
        if body is None:
            # Somebody spelled the same row anew: other order, blanks or escapes. Two readers must still read the same.
            members = _decode(line, position, strict=True)
        del members["type"]
        prev_hash, row_hash = members.pop("prevHash", None), members.pop("hash", None)
        trail.row(members, body or _body_anew(members, position), prev_hash, row_hash)
        return None
    members = _decode(line, position, strict=True)
    if members.keys() == {"type", "note"} and members["type"] == "checkpoint" and isinstance(members["note"], str):
        return trail.note(members["note"].encode("utf-8", "replace"))
    if members.keys() == {"type", "key"} and members["type"] == "key" and isinstance(members["key"], str):
        _take_key(trail, members["key"])
        return None
    raise _Fault(position, "a line is neither key, record nor checkpoint")


def _body_as_spelled(line: bytes, members: Mapping[str, object]) -> bytes | None:
    """Cut the row's own form out of a line as `record_line` spells it, or None for another spelling."""
    tail = f',"prevHash":"{members.get("prevHash")}","hash":"{members.get("hash")}"}}'.encode("utf-8", "replace")
    if not line.startswith(_RECORD_HEAD) or not line.endswith(tail):
        return None
    return b"".join((b"{", line[len(_RECORD_HEAD) : -len(tail)], b"}"))


def _body_anew(members: Mapping[str, object], position: int) -> bytes:
    try:
        return canonical_row(members)
    except UnicodeEncodeError as error:
        raise _Fault(position, "the row holds a lone surrogate") from error


def _take_key(trail: _Trail, text: str) -> None:
    try:
        key = parse_verifier_key(text)
    except MalformedNote as error:
        raise _Fault(trail.count + 1, f"a key line is malformed: {error}") from error
    if not trail.given_keys:
        trail.keys.append(key)


def _depth(line: bytes) -> int:
    """Say how deeply a line nests, before a decoder follows it down: where recursion is not limited, that ends it."""
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _decode(line: bytes, position: int, *, strict: bool = False) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise _Fault(position, "a line is longer than 1 MiB")
    if _depth(line) > MAX_DEPTH:
        raise _Fault(position, "a line is not one JSON object of an audit trail")
    decoder = _STRICT_DECODER if strict else _DECODER
    try:
        value = decoder.decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _Fault(position, "a line is not one JSON object of an audit trail") from error
    if not isinstance(value, dict):
        raise _Fault(position, "a line is not one JSON object of an audit trail")
    return value


def _any_recognized(rest: Iterator[bytes]) -> bool:
    """Tell a damaged first line from a file that is no export at all."""
    for line, _ in zip(rest, range(16), strict=False):
        try:
            kind = _decode(line.rstrip(b"\n"), 1).get("type")
        except _Fault:
            continue
        if kind in ("record", "checkpoint", "key"):
            return True
    return False


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def main(arguments: Sequence[str]) -> int:
    """Check an export from the command line; gives the exit code."""
    import argparse

    parser = argparse.ArgumentParser(description="Check an audit export.")
    parser.add_argument("export")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint note kept elsewhere")
    parser.add_argument("--key", action="append", default=[], help="a verifier key known from elsewhere")
    options = parser.parse_args(arguments)
    try:
        outside = []
        for path in options.checkpoint:
            with open(path, "rb") as file:
                outside.append(file.read())
        with open(options.export, "rb") as lines:
            verdict = check_export(lines, keys=options.key, outside=outside)
    except OSError as error:
        sys.stderr.write(f"could not be checked: {error}\n")
        return Finding.UNCHECKED.value
    answer = {"verified": verdict.verified, "records": verdict.records, "first_bad": verdict.first_bad}
    sys.stdout.write(_ENCODER.encode({**answer, "detail": verdict.detail}) + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
