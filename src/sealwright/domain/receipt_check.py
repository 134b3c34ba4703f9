"""The stand-alone check of anchoring receipts: that a credential stands under a root, and the root in the log.

This file imports the standard library and one signature check (PyNaCl), and nothing of the rest of the package, so
that a stranger can take it alone: ``python receipt_check.py FILE --key KEY [--consistency CHECKPOINT]``.

**File.** One JSON object with a member ``receipt`` and, as one likes, ``proof``, ``credential`` and ``consistency``;
or a receipt, or receipt and proof merged into one object, as the office answers them.

**Receipt.** ``transactionHash``, ``backend``, ``merkleRoot``, ``leafCount``, ``entry``, ``entryIndex``, ``treeSize``,
``inclusionPath``, ``checkpoint``, ``anchoredAt``, ``chain``. The log's leaf is SHA-256(0x00 ‖ RFC 8785 form of
``entry``); ``inclusionPath`` leads from it to the root that the checkpoint's signature covers. Without a chain,
``transactionHash`` is ``0x`` and ``merkleRoot``.

**Proof.** ``credentialId``, ``documentSha256``, ``leafIndex``, ``leafHash``, ``path``, ``merkleRoot``: the leaf is
SHA-256(0x00 ‖ ``credentialId`` in UTF-8 ‖ the 32 bytes of ``documentSha256``), and ``path`` leads to ``merkleRoot``.

**Checkpoint.** A signed note whose text is ``<origin>``, ``<size>`` and ``<root in base64>``, a line each; its key
has the origin's name. A later checkpoint of the same log is consistent with an earlier one if ``consistency``, an
object with ``first``, ``second`` and ``path``, leads from the one root to the other.

Spec: RFC 6962, section 2.1; RFC 9162, sections 2.1.3.2 and 2.1.4.2; C2SP signed-note, tlog-checkpoint; RFC 8785.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NoReturn

MAX_FILE_BYTES: Final = 8 << 20
MAX_NOTE_CHARACTERS: Final = 16_384
_MOST_STEPS: Final = 64
_MOST_DEPTH: Final = 64
_ED25519: Final = b"\x01"
_DASH: Final = "— "
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TRANSACTION: Final = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME: Final = re.compile(r"[^\s+]{1,255}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# Possessive, and with or without its end, so that a scan is short and takes little, whatever the file holds.
_TEXTS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_SUBJECTS: Final = {"batch": "batchId", "credential": "credentialId"}
_LOG_PART: Final = frozenset({"entry", "entryIndex", "treeSize", "inclusionPath", "checkpoint"})
_RECEIPT: Final = _LOG_PART | {"transactionHash", "backend", "merkleRoot", "leafCount", "anchoredAt", "chain"}
_PROOF: Final = frozenset({"credentialId", "documentSha256", "leafIndex", "leafHash", "path", "merkleRoot"})
_CHAIN: Final = frozenset({"chainId", "transactionHash", "from", "blockNumber", "blockHash"})
_CONSISTENCY: Final = frozenset({"first", "second", "path"})
_FILE: Final = frozenset({"receipt", "proof", "credential", "consistency"})


class Malformed(ValueError):
    """Bytes that are no signed checkpoint, a text that is no verifier key, a member that is not what it should be."""


# ---- the tree --------------------------------------------------------------------------------------------------


def hash_leaf(data: bytes) -> bytes:
    """Hash the data of a leaf; nodes have another first byte, so that neither passes for the other."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_over(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root to which an inclusion path leads; None where index, size and path do not fit each other.

    Spec: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    number, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if number & 1 or number == last:
            found = hash_node(step, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = hash_node(found, step)
        number, last = number >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(first: tuple[int, bytes], second: tuple[int, bytes], path: Sequence[bytes]) -> bool:
    """Tell whether the second tree (size, root) is the first one with leaves added behind it.

    Spec: RFC 9162, section 2.1.4.2.
    """
    (size, root), (new_size, new_root) = first, second
    if size in (0, new_size):
        return not path and size <= new_size and (root == new_root if size else root == hashlib.sha256().digest())
    steps = [root, *path] if size & (size - 1) == 0 else list(path)
    if size > new_size or not path:
        return False
    number, last = size - 1, new_size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = hash_node(step, old), hash_node(step, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = hash_node(new, step)
        number, last = number >> 1, last >> 1
    return last == 0 and (old, new) == (root, new_root)


# ---- checkpoints -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogKey:
    """A log's public key (32 bytes) under the log's name."""

    name: str
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The 4 bytes that signature lines carry."""
        return hashlib.sha256(self.name.encode("utf-8") + b"\n" + _ED25519 + self.public_key).digest()[:4]


@dataclass(frozen=True)
class LogCheckpoint:
    """A checkpoint as read; `text` is exactly what was signed, a signature is key name, key hash and 64 bytes."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]


def parse_log_key(text: str) -> LogKey:
    """Read a verifier key, ``name+hash+base64``; raises Malformed."""
    name, _, rest = text.strip().partition("+")
    hash_hex, _, encoded = rest.partition("+")
    content = _base64(encoded)
    if not _NAME.fullmatch(name) or content is None or len(content) != 33 or content[:1] != _ED25519:
        raise Malformed("not an Ed25519 verifier key")
    key = LogKey(name, content[1:])
    if key.key_hash.hex() != hash_hex:
        raise Malformed("the verifier key's hash does not fit its bytes")
    return key


def parse_checkpoint(note: bytes) -> LogCheckpoint:
    """Read a log's checkpoint strictly; raises Malformed."""
    try:
        content = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the checkpoint is not UTF-8") from error
    text, separator, tail = content.partition("\n\n")
    lines = text.split("\n")
    if not separator or not tail.endswith("\n") or len(lines) != 3:
        raise Malformed("the checkpoint is not three lines and signatures")
    origin, size, encoded = lines
    root = _base64(encoded)
    if not _NAME.fullmatch(origin) or not _NUMBER.fullmatch(size) or root is None or len(root) != 32:
        raise Malformed("origin, size or root of the checkpoint is malformed")
    signed = tail[:-1].split("\n")
    if len(signed) > 16:
        raise Malformed("the checkpoint has more than 16 signatures")
    return LogCheckpoint(origin, int(size), root, f"{text}\n".encode(), tuple(_signature(line) for line in signed))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    content = _base64(encoded)
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or content is None or len(content) < 5:
        raise Malformed("a signature line is malformed")
    return name, content[:4], content[4:]


def _base64(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode("ascii") == text else None


def is_signed(checkpoint: LogCheckpoint, keys: Iterable[LogKey]) -> bool | None:
    """Tell whether every signature by a known key of this log holds; None when there is none.

    Raises:
        ImportError: No signature can be checked here.
    """
    known = [
        (key, signature)
        for name, key_hash, signature in checkpoint.signatures
        for key in keys
        if name == key.name == checkpoint.origin and key_hash == key.key_hash
    ]
    if not known:
        return None
    return all(_ed25519_holds(key.public_key, signature, checkpoint.text) for key, signature in known)


def _ed25519_holds(public_key: bytes, signature: bytes, data: bytes) -> bool:
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(public_key).verify(data, signature)
    except (CryptoError, ValueError):
        return False
    return True


# ---- the check -------------------------------------------------------------------------------------------------


class Finding(Enum):
    """The three answers; the value is the exit code."""

    SOUND = 0
    FAULT = 1
    UNCHECKED = 2


@dataclass(frozen=True)
class ReceiptCheck:
    """One check.

    Args:
        name: ``form``, ``entry``, ``inclusion``, ``signature``, ``chain``, ``leaf``, ``document``, ``consistency``.
        outcome: ``passed``, ``failed``, ``unchecked``, or ``not_applicable`` for what the file does not hold.
        detail: A sentence.
    """

    name: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class ReceiptVerdict:
    """Every check, and what they come to."""

    checks: tuple[ReceiptCheck, ...]

    @property
    def finding(self) -> Finding:
        """A fault if one was found; open if anything could not be checked, or nothing was; else sound."""
        outcomes = {check.outcome for check in self.checks}
        if "failed" in outcomes:
            return Finding.FAULT
        return Finding.UNCHECKED if "unchecked" in outcomes or "passed" not in outcomes else Finding.SOUND

    @property
    def verified(self) -> bool | None:
        """True when sound, False on a fault, None when it could not be checked."""
        return None if self.finding is Finding.UNCHECKED else self.finding is Finding.SOUND

    @property
    def exit_code(self) -> int:
        """0 sound, 1 a fault was found, 2 could not be checked."""
        return int(self.finding.value)

    @property
    def detail(self) -> str:
        """What decides: the first fault, else the first open question, else that all holds."""
        for outcome in ("failed", "unchecked"):
            for check in self.checks:
                if check.outcome == outcome:
                    return check.detail
        return f"{sum(check.outcome == 'passed' for check in self.checks)} checks hold."


class ChainSilent(Exception):
    """The chain does not answer now."""


class _Wrong(Exception):
    """A check that does not hold."""


class _Open(Exception):
    """A check that cannot be made."""


class _NotHere(Exception):
    """A check for which nothing was given."""


Members = Mapping[str, object]
# Asked whether a chain holds a root (hex) where a receipt's `chain` says it does. Raises ChainSilent.
AskChain = Callable[[Members, str], bool]


@dataclass(frozen=True)
class ReceiptFile:
    """What a file holds.

    Args:
        documents: A credential's bytes as they may have been stored: as they stand in the file, and compact.
        credential_id: The id that the credential names, if it names one.
    """

    receipt: object
    proof: object = None
    consistency: object = None
    documents: tuple[bytes, ...] = ()
    credential_id: object = None


@dataclass(frozen=True)
class _Receipt:
    transaction_hash: str
    backend: str
    root: str
    leaves: int
    entry: Members
    index: int
    size: int
    path: tuple[bytes, ...]
    note: LogCheckpoint
    at: str
    chain: Members | None


@dataclass(frozen=True)
class _Proof:
    credential_id: str
    sha256: str
    index: int
    leaf: str
    path: tuple[bytes, ...]
    root: str


def check_receipt(
    file: ReceiptFile, *, keys: Iterable[LogKey], earlier: bytes | None = None, ask_chain: AskChain | None = None
) -> ReceiptVerdict:
    """Check a receipt and what came with it.

    Args:
        keys: Keys of the log, known from elsewhere; a receipt's own word is never taken for them.
        earlier: A checkpoint that was kept from before; the receipt's must be of the same log, grown.
        ask_chain: Where receipts of a chain are checked; without it that stays open.
    """
    known = tuple(keys)
    try:
        receipt = _read_receipt(file.receipt)
        proof = _read_proof(file.proof) if file.proof is not None else None
        steps = _read_consistency(file.consistency) if file.consistency is not None else None
    except Malformed as error:
        return ReceiptVerdict((ReceiptCheck("form", "failed", _sentence(str(error))),))
    log = (
        _made("entry", lambda: _entry(receipt)),
        _made("inclusion", lambda: _inclusion(receipt)),
        _made("signature", lambda: _signed(receipt.note, known)),
    )
    # A stranger's forgery costs a look here, and never a call to the chain's node.
    is_ours = all(check.outcome == "passed" for check in log)
    return ReceiptVerdict(
        (
            ReceiptCheck("form", "passed", "Every member has its form."),
            *log,
            _made("chain", lambda: _chain(receipt, ask_chain, is_ours=is_ours)),
            _made("leaf", lambda: _leaf(receipt, proof)),
            _made("document", lambda: _document(file, proof)),
            _made("consistency", lambda: _consistency(receipt.note, steps, earlier, known)),
        )
    )


def _made(name: str, check: Callable[[], str]) -> ReceiptCheck:
    try:
        return ReceiptCheck(name, "passed", check())
    except _Wrong as error:
        return ReceiptCheck(name, "failed", str(error))
    except _Open as error:
        return ReceiptCheck(name, "unchecked", str(error))
    except _NotHere as error:
        return ReceiptCheck(name, "not_applicable", str(error))


def _entry(receipt: _Receipt) -> str:
    """What the receipt says beside the log's entry must be what the entry says."""
    told = (receipt.entry["merkleRoot"], receipt.entry["count"], receipt.entry["at"])
    if told != (receipt.root, receipt.leaves, receipt.at):
        raise _Wrong("Root, count or time is not that of the log's entry.")
    place = receipt.chain["transactionHash"] if receipt.chain is not None else f"0x{receipt.root}"
    if receipt.transaction_hash != place:
        raise _Wrong("The transaction hash is neither the root nor that of the chain.")
    return "The receipt says what the log's entry says."


def _inclusion(receipt: _Receipt) -> str:
    leaf = hash_leaf(_canonical(receipt.entry))
    if receipt.size != receipt.note.size:
        raise _Wrong("The checkpoint is over a tree of another size.")
    if root_over(leaf, receipt.index, receipt.size, receipt.path) != receipt.note.root:
        raise _Wrong("The entry does not lead to the checkpoint's root.")
    return f"The entry is number {receipt.index} of {receipt.size} in the log."


def _signed(note: LogCheckpoint, keys: Sequence[LogKey]) -> str:
    try:
        outcome = is_signed(note, keys)
    except ImportError as error:
        raise _Open("PyNaCl is not installed, so no signature could be checked.") from error
    if outcome is None:
        raise _Open("The checkpoint is signed by no key that is known here.")
    if not outcome:
        raise _Wrong("The checkpoint's signature does not hold.")
    return f"The checkpoint is signed by the key of {note.origin}."


def _chain(receipt: _Receipt, ask: AskChain | None, *, is_ours: bool) -> str:
    if receipt.chain is None:
        raise _NotHere("The root stands in the log alone.")
    if not is_ours:
        raise _Open("The chain is asked only about what the log holds.")
    if ask is None:
        raise _Open("The chain has to be asked whether it holds the root.")
    try:
        holds = ask(receipt.chain, receipt.root)
    except ChainSilent as error:
        raise _Open("The chain does not answer now.") from error
    if not holds:
        raise _Wrong("The chain does not hold the root where the receipt says.")
    return "The chain holds the root in that transaction."


def _leaf(receipt: _Receipt, proof: _Proof | None) -> str:
    if proof is None:
        raise _NotHere("No credential's proof was given.")
    leaf = hash_leaf(proof.credential_id.encode("utf-8") + bytes.fromhex(proof.sha256))
    if leaf.hex() != proof.leaf:
        raise _Wrong("The leaf is not that of this credential and document.")
    reached = root_over(leaf, proof.index, receipt.leaves, proof.path)
    if reached is None or reached.hex() != receipt.root or proof.root != receipt.root:
        raise _Wrong("The leaf does not lead to the anchored root.")
    if receipt.entry.get("credentialId", proof.credential_id) != proof.credential_id:
        raise _Wrong("The log's entry is about another credential.")
    return f"The credential is number {proof.index} of {receipt.leaves} under the root."


def _document(file: ReceiptFile, proof: _Proof | None) -> str:
    if not file.documents:
        raise _NotHere("No credential was given.")
    if proof is None:
        raise _Open("The credential came without its proof.")
    if all(hashlib.sha256(document).hexdigest() != proof.sha256 for document in file.documents):
        raise _Wrong("The credential is not the document that was anchored.")
    if file.credential_id is not None and file.credential_id != proof.credential_id:
        raise _Wrong("The credential names another id.")
    return "The credential is the document that was anchored."


def _consistency(
    note: LogCheckpoint, path: tuple[int, int, tuple[bytes, ...]] | None, earlier: bytes | None, keys: Sequence[LogKey]
) -> str:
    if earlier is None:
        raise _NotHere("No earlier checkpoint was given.")
    try:
        before = parse_checkpoint(earlier)
    except Malformed as error:
        raise _Open(f"The earlier checkpoint cannot be read: {error}.") from error
    _signed(before, keys)
    if before.origin != note.origin:
        raise _Wrong("The earlier checkpoint is of another log.")
    if before.size > note.size:
        raise _Wrong("The earlier checkpoint covers more entries: the log was shortened, or the receipt is older.")
    if path is None and before.size not in (0, note.size):
        raise _Open("The file holds no consistency proof between the two checkpoints.")
    first, second, steps = path if path is not None else (before.size, note.size, ())
    if (first, second) != (before.size, note.size):
        raise _Open("The consistency proof is between other sizes.")
    if not is_consistent((before.size, before.root), (note.size, note.root), steps):
        raise _Wrong("The log does not contain what the earlier checkpoint committed to: it was rewritten.")
    return f"The log of {before.size} entries is the beginning of this one."


# ---- reading ---------------------------------------------------------------------------------------------------


def _read_receipt(value: object) -> _Receipt:
    members = _members(value, _RECEIPT, "the receipt")
    backend, chain = members["backend"], members["chain"]
    if backend not in ("log", "evm") or (chain is None) != (backend == "log"):
        raise Malformed("the receipt's backend and chain do not fit each other")
    checkpoint = members["checkpoint"]
    if not isinstance(checkpoint, str) or len(checkpoint) > MAX_NOTE_CHARACTERS:
        raise Malformed("the receipt's checkpoint is no text")
    return _Receipt(
        transaction_hash=_text(members["transactionHash"], _TRANSACTION, "the transaction hash"),
        backend=backend,
        root=_text(members["merkleRoot"], _HASH, "the root"),
        leaves=_count(members["leafCount"], "the leaf count", least=1),
        entry=_read_entry(members["entry"]),
        index=_count(members["entryIndex"], "the entry's index"),
        size=_count(members["treeSize"], "the tree's size", least=1),
        path=_path(members["inclusionPath"]),
        note=parse_checkpoint(checkpoint.encode("utf-8", "surrogatepass")),
        at=_moment(members["anchoredAt"]),
        chain=_read_chain(chain) if chain is not None else None,
    )


def _read_entry(value: object) -> Members:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _SUBJECTS:
        raise Malformed("the entry is of no known kind")
    members = _members(value, frozenset({"kind", _SUBJECTS[kind], "merkleRoot", "count", "at"}), "the entry")
    _utf8(members[_SUBJECTS[kind]], "the entry's subject")
    _text(members["merkleRoot"], _HASH, "the entry's root")
    _count(members["count"], "the entry's count", least=1)
    _moment(members["at"])
    return members


def _read_chain(value: object) -> Members:
    members = _members(value, _CHAIN, "the chain")
    _text(members["transactionHash"], _TRANSACTION, "the chain's transaction hash")
    _text(members["from"], _ADDRESS, "the sender")
    _text(members["blockHash"], _TRANSACTION, "the block's hash")
    _count(members["chainId"], "the chain's id", least=1)
    _count(members["blockNumber"], "the block's number")
    return members


def _read_proof(value: object) -> _Proof:
    members = _members(value, _PROOF, "the proof")
    return _Proof(
        credential_id=_utf8(members["credentialId"], "the credential's id"),
        sha256=_text(members["documentSha256"], _HASH, "the document's digest"),
        index=_count(members["leafIndex"], "the leaf's index"),
        leaf=_text(members["leafHash"], _HASH, "the leaf"),
        path=_path(members["path"]),
        root=_text(members["merkleRoot"], _HASH, "the proof's root"),
    )


def _read_consistency(value: object) -> tuple[int, int, tuple[bytes, ...]]:
    members = _members(value, _CONSISTENCY, "the consistency proof")
    first, second = _count(members["first"], "the first size"), _count(members["second"], "the second size")
    return first, second, _path(members["path"])


def _members(value: object, wanted: frozenset[str], what: str) -> Members:
    if not isinstance(value, dict) or value.keys() != wanted:
        raise Malformed(f"{what} does not have the members that it must have")
    return value


def _text(value: object, form: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Malformed(f"{what} is malformed")
    return value


def _utf8(value: object, what: str) -> str:
    if not isinstance(value, str) or not value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Malformed(f"{what} is no text")
    return value


def _count(value: object, what: str, least: int = 0) -> int:
    if type(value) is not int or not least <= value < 1 << 53:
        raise Malformed(f"{what} is no count")
    return value


def _moment(value: object) -> str:
    text = _text(value, _TIME, "a time")
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("a time is malformed") from error
    return text


def _path(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > _MOST_STEPS:
        raise Malformed("a path is no list of hashes")
    return tuple(bytes.fromhex(_text(step, _HASH, "a step of a path")) for step in value)


def _canonical(members: Members) -> bytes:
    """Names are ASCII and numbers integers, so that sorted compact JSON is the RFC 8785 form."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


# ---- files -----------------------------------------------------------------------------------------------------


class NotAReceipt(ValueError):
    """The file is nothing that could be checked."""


def read_receipt_file(content: bytes) -> ReceiptFile:
    """Take a file apart; raises NotAReceipt."""
    parts = _top_members(content)
    members: dict[str, object] = {name: value for name, (value, _) in parts.items()}
    if "receipt" not in members:
        # One answer of the office, or two of them merged; both name the root.
        receipt = {name: members[name] for name in members.keys() & _RECEIPT}
        has_proof = members.keys() & (_PROOF - _RECEIPT)
        proof = {name: members[name] for name in members.keys() & _PROOF} if has_proof else None
        members = {"receipt": receipt, "proof": proof}
        if not parts.keys() & _LOG_PART or not parts.keys() <= _RECEIPT | _PROOF:
            raise NotAReceipt("this is not a receipt")
    elif not members.keys() <= _FILE or None in members.values():
        raise NotAReceipt("the file holds members that are not known here, or null")
    credential = members.get("credential")
    documents: tuple[bytes, ...] = ()
    if isinstance(credential, str):
        documents = (credential.encode("utf-8", "surrogatepass"),)
    elif credential is not None:
        compact = json.dumps(credential, separators=(",", ":"), ensure_ascii=False)
        documents = (parts["credential"][1], compact.encode("utf-8", "surrogatepass"))
    return ReceiptFile(
        receipt=members["receipt"],
        proof=members.get("proof"),
        consistency=members.get("consistency"),
        documents=documents,
        credential_id=credential.get("id") if isinstance(credential, dict) else None,
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name stands twice")
    return members


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def _top_members(content: bytes) -> dict[str, tuple[object, bytes]]:
    """The members of a JSON object, each with the bytes it is spelled in; raises NotAReceipt."""
    if len(content) > MAX_FILE_BYTES:
        raise NotAReceipt("the file is longer than 8 MiB")
    try:
        text = content.decode("utf-8")
        # Before a decoder follows it down: where recursion is not limited, that would end it.
        if _is_deep(text):
            raise NotAReceipt("the file nests too deeply")
        return _read_object(text)
    except (ValueError, RecursionError) as error:
        raise NotAReceipt("the file is not one JSON object") from error


def _read_object(text: str) -> dict[str, tuple[object, bytes]]:
    members: dict[str, tuple[object, bytes]] = {}
    at = _expect(text, 0, "{")
    while text[at : at + 1] != "}":
        if members:
            at = _expect(text, at, ",")
        name, at = _DECODER.raw_decode(text, at)
        begin = _expect(text, at, ":")
        value, end = _DECODER.raw_decode(text, begin)
        if not isinstance(name, str) or name in members:
            raise ValueError("a name is no text, or stands twice")
        members[name] = (value, text[begin:end].encode("utf-8"))
        at = _skip(text, end)
    if _skip(text, at + 1) != len(text):
        raise ValueError("something follows the object")
    return members


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"{mark} is missing")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank is not None else at


def _is_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _MOST_DEPTH:
            return True
    return False


def main(arguments: Sequence[str]) -> int:
    """Check a receipt from the command line; gives the exit code."""
    import argparse

    parser = argparse.ArgumentParser(description="Check an anchoring receipt.")
    parser.add_argument("receipt")
    parser.add_argument("--key", action="append", default=[], help="the log's verifier key, known from elsewhere")
    parser.add_argument("--consistency", metavar="CHECKPOINT", help="an earlier checkpoint of the log")
    options = parser.parse_args(arguments)
    try:
        keys = [parse_log_key(text) for text in options.key]
        with open(options.receipt, "rb") as file:
            receipt = read_receipt_file(file.read(MAX_FILE_BYTES + 1))
        earlier = None
        if options.consistency is not None:
            with open(options.consistency, "rb") as file:
                earlier = file.read(MAX_NOTE_CHARACTERS)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"could not be checked: {error}\n")
        return int(Finding.UNCHECKED.value)
    verdict = check_receipt(receipt, keys=keys, earlier=earlier)
    checks = [{"name": one.name, "outcome": one.outcome, "detail": one.detail} for one in verdict.checks]
    sys.stdout.write(json.dumps({"verified": verdict.verified, "checks": checks}) + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
