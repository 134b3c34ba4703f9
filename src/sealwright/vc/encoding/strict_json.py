"""Reading JSON so that two programs cannot read two documents from the same bytes.

The decoder is fast and lenient where it hurts: it keeps the last of two equal member names, accepts integers of any
size, and fails on deep input with an error of the interpreter. This module closes those gaps before anything else
looks at the value.

Spec: RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format; RFC 7493, The I-JSON Message Format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from sealwright.vc.encoding.pointers import child
from sealwright.vc.errors import DuplicateKey, InvalidJSON, InvalidUnicode, NestingTooDeep, NumberOutOfRange

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"

MAX_DEPTH: Final = 32
MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Beyond it an IEEE 754 double, and so every JavaScript reader, sees another number."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Possessive quantifiers keep the scans linear, whatever the text.
_TOKENS: Final = re.compile(_STRING + rb"|[{}\[\]:,]|[^ \t\n\r{}\[\]:,\"]++", re.DOTALL)
_BRACKETS: Final = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_ESCAPES: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_NUMBERS: Final = re.compile(rb"(" + _STRING + rb")|-?\d[\d.eE+-]*+", re.DOTALL)

_decode: Final = msgspec.json.Decoder().decode
_decode_lines: Final = msgspec.json.Decoder().decode_lines
# Items that nothing but the syntax can be wrong with.
_PLAIN: Final = frozenset({str, bool, type(None)})
_encode: Final = msgspec.json.Encoder().encode


def parse_json(data: bytes, *, max_depth: int = MAX_DEPTH) -> JSONValue:
    """Decode one JSON text, refusing whatever two readers could understand differently.

    Args:
        data: UTF-8 without byte-order mark.
        max_depth: Levels of arrays and objects; the outermost is level 1.

    Raises:
        InvalidJSON: Empty, truncated, trailing or malformed text, or a byte-order mark.
        InvalidUnicode: Bytes that are not UTF-8 (UTF-16 and UTF-32 too), or a lone surrogate.
        DuplicateKey: A member name twice in one object, at any depth; `pointer` names the second.
        NestingTooDeep: More than `max_depth` levels.
        NumberOutOfRange: An integer beyond ±(2^53 − 1), or a number that no finite double holds; `pointer` names it.

    Spec: RFC 7493, "The I-JSON Message Format".
    """
    # Most texts are sound, and a few counts say so; whatever else comes is judged step by step. The decoder itself
    # takes neither a byte-order mark nor a zero byte, wherever they stand.
    objects = data.count(b"{")
    may_be_deep = objects + data.count(b"[") > max_depth
    try:
        if not data.isascii():
            data.decode("utf-8")
        value: JSONValue = _decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _parse_warily(data, max_depth)
    if (type(value) is dict or type(value) is list) and not (may_be_deep and _is_deeper(value, max_depth)):
        members = _count_members(value, data)
        # Each name has a colon, so no name is there twice if there are as many members as colons, in strings or not.
        if not objects or members == data.count(b":") or members == _count_names(data):
            return value
    return _parse_warily(data, max_depth)


def _is_deeper(value: JSONValue, levels: int) -> bool:
    """Whether arrays and objects lie in more than so many levels; `value` is one of them."""
    level = [value]
    for _ in range(levels):
        level = [
            part
            for one in level
            for part in (one.values() if type(one) is dict else one)  # type: ignore[union-attr]  # arrays otherwise
            if type(part) is dict or type(part) is list
        ]
        if not level:
            return False
    return True


def parse_json_each(texts: Sequence[bytes]) -> list[JSONValue]:
    """As `parse_json` for each; many short arrays of text cost little more than one.

    Raises:
        As `parse_json`, for the first text that it refuses.
    """
    lines = b"\n".join(texts)
    values: list[JSONValue] = []
    # Strings hold no line break, and what stands between `]` and `[` outside of them lies between two values: so each
    # line holds one whole value at least, and where there are as many values as lines, each holds just one.
    if lines.count(b"\n") == lines.count(b"]\n[") == len(texts) - 1:
        try:
            if not lines.isascii():
                lines.decode("utf-8")
            values = _decode_lines(lines)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            values = []
    if len(values) != len(texts):
        return [parse_json(text) for text in texts]
    return [
        value if type(value) is list and _PLAIN.issuperset(map(type, value)) else parse_json(text)
        for value, text in zip(values, texts, strict=True)
    ]


def _parse_warily(data: bytes, max_depth: int) -> JSONValue:
    """As `parse_json`, one check after the other, so that of several faults the first is told."""
    _check_bytes(data)
    if data.count(b"{") + data.count(b"[") > max_depth:
        _check_depth(data, max_depth)
    try:
        value: JSONValue = _decode(data)
    except msgspec.ValidationError as error:
        raise _number_refusal(data) from error
    except msgspec.DecodeError as error:
        raise _syntax_refusal(data) from error
    except RecursionError as error:
        raise NestingTooDeep("The JSON text nests too deep.") from error
    if type(value) is dict or type(value) is list:
        members = _count_members(value, data)
        # Without a brace there is no object, and no name that could stand there twice.
        if b"{" in data and members != _count_names(data):
            raise DuplicateKey("A member name occurs twice in one object.", pointer=_duplicate_pointer(data))
    elif _is_out_of_range(value):
        raise _number_refusal(data)
    return value


def dump_json(value: object) -> bytes:
    """Encode as compact UTF-8 JSON, members in insertion order.

    Raises:
        InvalidUnicode: A string holds a lone surrogate.
    """
    try:
        return _encode(value)
    except UnicodeEncodeError as error:
        raise InvalidUnicode("A string holds a lone surrogate.") from error


def _check_bytes(data: bytes) -> None:
    if data.startswith(_BYTE_ORDER_MARK):
        raise InvalidJSON("The JSON text begins with a byte-order mark.")
    # A zero byte among the first four betrays UTF-16 or UTF-32 (RFC 4627, section 3); no JSON text in UTF-8 has one.
    if b"\x00" in data[:4]:
        raise InvalidUnicode("The JSON text is not UTF-8.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidUnicode("The JSON text is not UTF-8.") from error


def _check_depth(data: bytes, max_depth: int) -> None:
    depth = 0
    for token in _BRACKETS.findall(data):
        if token in {b"{", b"["}:
            depth += 1
            if depth > max_depth:
                raise NestingTooDeep(f"The JSON text nests deeper than {max_depth} levels.")
        elif token in {b"}", b"]"}:
            depth -= 1


def _is_out_of_range(value: JSONValue) -> bool:
    return type(value) is int and not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER


def _count_members(root: JSONValue, data: bytes) -> int:
    """Number of object members in the tree; checks the integers on the way, in one walk."""
    members = 0
    nodes = [root]
    for node in nodes:
        if type(node) is dict:
            members += len(node)
            items: Iterable[JSONValue] = node.values()
        else:
            items = node  # type: ignore[assignment]  # only arrays and objects are put on the list
        for item in items:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict or kind is list:
                nodes.append(item)
            elif kind is int and not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:  # type: ignore[operator]
                raise _number_refusal(data)
    return members


def _count_names(data: bytes) -> int:
    """Number of member names in a text that is known to parse: the colons outside strings."""
    if b"\\" in data:
        # Escapes pair up from the left, so taking out whole pairs first leaves only real escapes of the quote.
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(data.split(b'"')[::2]).count(b":")


def _syntax_refusal(data: bytes) -> InvalidJSON | InvalidUnicode:
    """Tell a lone surrogate, which is a fault of Unicode, from a fault of syntax."""
    repaired = _without_lone_surrogates(data)
    if repaired != data:
        try:
            _decode(repaired)
        except msgspec.ValidationError:
            pass
        except (msgspec.DecodeError, RecursionError):
            return InvalidJSON("The text is not one JSON value.")
        return InvalidUnicode("A string holds a lone surrogate.")
    return InvalidJSON("The text is not one JSON value.")


def _without_lone_surrogates(data: bytes) -> bytes:
    parts: list[bytes] = []
    position = 0
    high: re.Match[bytes] | None = None
    for match in _ESCAPES.finditer(data):
        unit = int(match[1], 16) if match[1] else 0
        if high is not None:
            paired = 0xDC00 <= unit <= 0xDFFF and match.start() == high.end()
            parts += [data[position : high.start()], high[0] if paired else b"\\ufffd"]
            position = high.end()
            high = None
            if paired:
                continue
        if 0xD800 <= unit <= 0xDBFF:
            high = match
        elif 0xDC00 <= unit <= 0xDFFF:
            parts += [data[position : match.start()], b"\\ufffd"]
            position = match.end()
    if high is not None:
        parts += [data[position : high.start()], b"\\ufffd"]
        position = high.end()
    return b"".join([*parts, data[position:]])


def _number_refusal(data: bytes) -> NumberOutOfRange | InvalidJSON | InvalidUnicode:
    """The refusal for a number out of range, unless the text is broken further on."""
    try:
        _decode(_NUMBERS.sub(lambda match: match[1] or b"0", data))
    except (msgspec.DecodeError, RecursionError):
        return _syntax_refusal(_NUMBERS.sub(lambda match: match[1] or b"0", data))
    for pointer, token, is_name in _walk_tokens(data):
        if not is_name and token[:1] in b"-0123456789":
            try:
                number = _decode(token)
            except msgspec.ValidationError:
                number = None
            if number is None or _is_out_of_range(number):
                return NumberOutOfRange("A number lies outside ±(2^53 − 1) or is not finite.", pointer=pointer)
    return NumberOutOfRange("A number lies outside ±(2^53 − 1) or is not finite.")


def _duplicate_pointer(data: bytes) -> str | None:
    seen: set[str] = set()
    for pointer, _token, is_name in _walk_tokens(data):
        if is_name:
            if pointer in seen:
                return pointer
            seen.add(pointer)
    return None


def _walk_tokens(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Yield (pointer, token, is a member name) in document order; the slow path, for texts known to parse."""
    path: list[str | int] = []
    expects_name = False
    for token in _TOKENS.findall(data):
        if token == b"{":
            path.append("")
            expects_name = True
        elif token == b"[":
            path.append(0)
        elif token in {b"}", b"]"}:
            path.pop()
            expects_name = False
        elif token == b",":
            last = path[-1]
            expects_name = isinstance(last, str)
            if isinstance(last, int):
                path[-1] = last + 1
        elif token == b":":
            expects_name = False
        else:
            if expects_name:
                path[-1] = _decode(token)
            pointer = ""
            for step in path:
                pointer = child(pointer, step)
            yield pointer, token, expects_name
