"""Proof values of several parts as text: multibase base64url over three header bytes and one CBOR array.

Reading is strict, so that one proof has one text: no tags, no indefinite or longer lengths than needed, nothing behind.
A label map may stand in any order, as not all writers sort it.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "serializeBaseProofValue", "serializeDerivedProofValue"; Data Integrity BBS
Cryptosuites 1.0, the same names; RFC 8949, Concise Binary Object Representation (CBOR).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NoReturn

import cbor2

from sealwright.vc.encoding.multibase import base64url_decode, multibase_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import InvalidEncoding, ProofInvalid
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES
from sealwright.vc.proofs.selective.selection import MAX_POINTER_LENGTH, MAX_POINTERS

MAX_PROOF_VALUE: Final = 512 * 1024
"""Characters: room for 1,024 signatures and 200 long pointers, which no proof comes near."""

_HEADER_BYTES: Final = 3
_MAX_NESTING: Final = 4
_AT: Final = "/proof/proofValue"


def encode_value(header: bytes, parts: Sequence[object]) -> str:
    """A proof value.

    Args:
        header: The three bytes that say which kind of proof it is.
        parts: What the kind holds, of bytes, integers, texts, arrays and maps.
    """
    return multibase_encode(header + cbor2.dumps(list(parts)), "u")


def header_of(value: JSONValue) -> bytes:
    """The three header bytes of a proof value.

    Raises:
        ProofInvalid: Not base64url multibase text of a size that is read here.
    """
    return _bytes_of(value)[:_HEADER_BYTES]


def decode_value(value: JSONValue, header: bytes, count: int, *, allow_big: bool = False) -> list[Any]:
    """The parts of a proof value, which are still to be read one by one.

    Args:
        value: The member `proofValue` as it stands.
        header: What it must begin with.
        count: How many parts the kind has.
        allow_big: Whether a number may be longer than eight bytes, which CBOR writes under a tag.

    Raises:
        ProofInvalid: Another kind, or not exactly one array of that many parts in its shortest encoding.
    """
    data = _bytes_of(value)
    if data[:_HEADER_BYTES] != header:
        raise ProofInvalid("proofValue is of another kind than its place asks for.", pointer=_AT)
    body = data[_HEADER_BYTES:]
    try:
        parts = cbor2.loads(
            body,
            semantic_decoders=_BIG_NUMBERS_ONLY if allow_big else _NO_TAGS,
            tag_hook=_refuse_tag,
            max_depth=_MAX_NESTING,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        is_shortest = type(parts) is list and cbor2.dumps(parts) == body
    except Exception as error:
        # The decoder has errors of many classes for what strangers write.
        raise ProofInvalid("proofValue does not hold well-formed CBOR.", pointer=_AT) from error
    if not is_shortest or len(parts) != count:
        raise ProofInvalid(f"proofValue does not hold exactly one array of {count} parts.", pointer=_AT)
    return list(parts)


def take_bytes(part: object, length: int) -> bytes:
    """Bytes of a certain length; raises ProofInvalid."""
    if type(part) is not bytes or len(part) != length:
        raise ProofInvalid(f"A part of proofValue is not {length} bytes.", pointer=_AT)
    return part


def take_some_bytes(part: object, most: int) -> bytes:
    """Bytes of a bounded length; raises ProofInvalid."""
    if type(part) is not bytes or len(part) > most:
        raise ProofInvalid(f"A part of proofValue is not up to {most} bytes.", pointer=_AT)
    return part


def take_signatures(part: object, length: int) -> list[bytes]:
    """At most 1,024 signatures of one length; raises ProofInvalid."""
    if type(part) is not list or len(part) > MAX_MESSAGES:
        raise ProofInvalid(f"A part of proofValue is not an array of up to {MAX_MESSAGES} signatures.", pointer=_AT)
    return [take_bytes(item, length) for item in part]


def take_indexes(part: object) -> list[int]:
    """Strictly ascending indexes below 1,024; raises ProofInvalid."""
    if type(part) is not list or len(part) > MAX_MESSAGES:
        raise ProofInvalid(f"A part of proofValue is not an array of up to {MAX_MESSAGES} indexes.", pointer=_AT)
    if not all(type(index) is int and 0 <= index < MAX_MESSAGES for index in part):
        raise ProofInvalid("An index in proofValue is no number below the limit.", pointer=_AT)
    if any(earlier >= later for earlier, later in pairwise(part)):
        raise ProofInvalid("Indexes in proofValue are not in ascending order.", pointer=_AT)
    return part


def take_pointers(part: object) -> tuple[str, ...]:
    """At most 200 texts of bounded length; raises ProofInvalid."""
    if type(part) is not list or len(part) > MAX_POINTERS:
        raise ProofInvalid(f"A part of proofValue is not an array of up to {MAX_POINTERS} pointers.", pointer=_AT)
    if not all(type(item) is str and len(item) <= MAX_POINTER_LENGTH for item in part):
        raise ProofInvalid("A pointer in proofValue is no text of moderate length.", pointer=_AT)
    return tuple(part)


def take_labels(part: object, label: Callable[[object], str]) -> dict[str, str]:
    """The label map: canonical label → label that was signed, each on one side once.

    Args:
        part: A map whose keys are 0, 1 … without a gap.
        label: Reads a value; raises ProofInvalid.

    Raises:
        ProofInvalid: No such map, or two nodes under one label.
    """
    if type(part) is not dict or len(part) > MAX_MESSAGES or any(type(key) is not int for key in part):
        raise ProofInvalid("A part of proofValue is not a map of labels.", pointer=_AT)
    if sorted(part) != list(range(len(part))):
        raise ProofInvalid("The labels in proofValue are not counted without a gap.", pointer=_AT)
    labels = {f"_:c14n{key}": label(value) for key, value in part.items()}
    if len(set(labels.values())) != len(labels):
        raise ProofInvalid("Two labels in proofValue are alike.", pointer=_AT)
    return labels


def put_labels(labels: Mapping[str, str], value: Callable[[str], object]) -> dict[int, object]:
    """A label map as it is written, in ascending order."""
    numbered = {int(canonical.removeprefix("_:c14n")): value(label) for canonical, label in labels.items()}
    return dict(sorted(numbered.items()))


def _bytes_of(value: JSONValue) -> bytes:
    if not isinstance(value, str) or not value.startswith("u") or len(value) > MAX_PROOF_VALUE:
        raise ProofInvalid("proofValue is not base64url multibase text of moderate length.", pointer=_AT)
    try:
        return base64url_decode(value[1:])
    except InvalidEncoding:
        raise ProofInvalid("proofValue is not base64url text.", pointer=_AT) from None


def _refuse_tag(*_: object) -> NoReturn:
    raise ProofInvalid("proofValue holds a CBOR tag.", pointer=_AT)


# What the decoder would turn into dates, numbers, patterns or shared values by itself.
_NO_TAGS: Final = dict.fromkeys(
    (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799), _refuse_tag
)
_BIG_NUMBERS_ONLY: Final = {tag: decoder for tag, decoder in _NO_TAGS.items() if tag != 2}
