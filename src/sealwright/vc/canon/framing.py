"""JSON-LD framing under pinned contexts: from statements to the document that a frame asks for.

A frame comes from a stranger: its size, its keywords and its contexts are looked at before the processor sees it.

Spec: JSON-LD 1.1 Framing, "Framing Algorithm"; JSON-LD 1.1 Processing Algorithms and API, "RDF to Object Conversion".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from pyld.jsonld import JsonLdError, JsonLdProcessor

from sealwright.vc.canon.expansion import PinnedResolver
from sealwright.vc.canon.inspection import inspect_document
from sealwright.vc.canon.terms import (
    RDF_JSON,
    RDF_TYPE,
    XSD_BOOLEAN,
    XSD_DOUBLE,
    XSD_INTEGER,
    XSD_STRING,
    Quad,
    canonical_double,
)
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER, parse_json
from sealwright.vc.errors import ContextNotAllowed, DocumentRefused, MalformedDocument, TooComplex, UndefinedTerm

MAX_FRAME_VALUES: Final = 2_000
"""Values in a frame, arrays and objects included."""

MAX_FRAME_WORK: Final = 250_000
"""Values in a frame times statements: each node may be held against each member, which takes some 3 µs."""

_FLAGS: Final = frozenset({"@explicit", "@requireAll", "@omitDefault"})
# `@always` may repeat a node without end, and `@link` ties objects together in memory.
_EMBEDS: Final = frozenset({"@once", "@never"})
_UNESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "\\": "\\"}
_HEX_DIGITS: Final = 4


def frame_statements(quads: Iterable[Quad], frame: Mapping[str, Any], contexts: ContextStore) -> dict[str, Any]:
    """Frame what statements say and compact it under the frame's contexts.

    Members of the frame that the statements lack are left out, not made null.

    Args:
        quads: Statements of the default graph, without blank nodes.
        frame: A JSON-LD frame with `@context`.
        contexts: The pinned contexts.

    Returns:
        One node with `@context`; several matches stand under ``@graph``, and no match leaves `@context` alone.

    Raises:
        MalformedDocument: Not a frame, one with a keyword that is not taken here, or statements of a named graph.
        TooComplex: Too large, by itself or for so many statements.
        ContextNotAllowed: A context that is not pinned.
        UndefinedTerm: A member of the frame that no context defines.
    """
    quads = tuple(quads)
    if check_frame(frame, contexts) * len(quads) > MAX_FRAME_WORK:
        raise TooComplex(f"The frame is too large for a document of {len(quads)} statements.")
    options = {
        "base": "",
        "contextResolver": PinnedResolver(contexts),
        "documentLoader": _load_nothing,
        "omitDefault": True,
        "processingMode": "json-ld-1.1",
    }
    nodes = to_nodes(quads)
    try:
        framed = JsonLdProcessor(_on_dropped).frame(nodes, dict(frame), options)
    except JsonLdError as error:
        raise _refusal(error) from error
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
        # PyLD stumbles over some malformed frames instead of reporting them.
        raise MalformedDocument("The frame is not a JSON-LD frame.") from error
    if not isinstance(framed, dict):
        raise MalformedDocument("The frame does not lead to an object.")
    return framed


def check_frame(frame: object, contexts: ContextStore) -> int:
    """Refuse a frame that is too large, names contexts that are not pinned, or asks for what costs without bound.

    Returns:
        How many values it holds.

    Raises:
        MalformedDocument, TooComplex, ContextNotAllowed, NestingTooDeep: As the names say.
    """
    inspect_document(frame, contexts, allow_inline=False)
    count = 0
    stack: list[object] = [frame]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_FRAME_VALUES:
            raise TooComplex(f"The frame holds more than {MAX_FRAME_VALUES} values.")
        if isinstance(node, list):
            stack += node
        elif isinstance(node, dict):
            _check_keywords(node, is_top=node is frame)
            stack += node.values()
    return count


def to_nodes(quads: Iterable[Quad]) -> list[dict[str, Any]]:
    """Expanded node objects, one for each subject. Numbers and truth values become JSON's where nothing is lost by it.

    Raises:
        MalformedDocument: A statement of a named graph.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, object_, graph in quads:
        if graph:
            raise MalformedDocument("A document with named graphs cannot be framed.")
        node = nodes.setdefault(subject, {"@id": _name(subject)})
        if predicate == RDF_TYPE and object_[0] != '"':
            node.setdefault("@type", []).append(_name(object_))
        else:
            value = _value(object_) if object_[0] == '"' else {"@id": _name(object_)}
            node.setdefault(_name(predicate), []).append(value)
    return list(nodes.values())


def plain_value(text: str, datatype: str) -> bool | int | float | None:
    """The JSON value that becomes exactly the literal of this text and datatype IRI; None if none does."""
    if datatype == XSD_BOOLEAN and text in {"true", "false"}:
        return text == "true"
    try:
        if datatype == XSD_INTEGER and str(int(text)) == text and abs(int(text)) <= MAX_SAFE_INTEGER:
            return int(text)
        if datatype == XSD_DOUBLE and canonical_double(float(text)) == text and not float(text).is_integer():
            return float(text)
    except ValueError:
        return None
    return None


def _check_keywords(node: Mapping[str, Any], *, is_top: bool) -> None:
    for name, value in node.items():
        if not name.startswith("@") or name in {"@id", "@type"} or (name == "@context" and is_top):
            continue
        if name in _FLAGS and isinstance(value, bool):
            continue
        if name != "@embed" or not isinstance(value, str) or value not in _EMBEDS:
            raise MalformedDocument("The frame uses a keyword, or a value of one, that is not taken here.")


def _name(term: str) -> str:
    return term[1:-1] if term[0] == "<" else term


def _value(term: str) -> dict[str, Any]:
    """A literal as value object; its canonical form comes back from it unchanged."""
    end = term.rindex('"')
    text, rest = _unescaped(term[1:end]), term[end + 1 :]
    if rest.startswith("@"):
        return {"@value": text, "@language": rest[1:]}
    datatype = rest[3:-1] or XSD_STRING
    if datatype == XSD_STRING:
        return {"@value": text}
    if datatype == RDF_JSON:
        return {"@value": parse_json(text.encode()), "@type": "@json"}
    plain = plain_value(text, datatype)
    return {"@value": text, "@type": datatype} if plain is None else {"@value": plain}


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts, at = [], 0
    while (found := text.find("\\", at)) >= 0:
        parts.append(text[at:found])
        mark = text[found + 1]
        if mark == "u":
            at = found + 2 + _HEX_DIGITS
            parts.append(chr(int(text[found + 2 : at], 16)))
        else:
            at = found + 2
            parts.append(_UNESCAPED[mark])
    return "".join([*parts, text[at:]])


def _load_nothing(url: str, _options: object) -> NoReturn:
    raise ContextNotAllowed(f"The context {url!r} is not pinned here.")


def _on_dropped(_name: str | None) -> NoReturn:
    raise UndefinedTerm("A member of the frame is defined by no context.")


def _refusal(error: JsonLdError) -> DocumentRefused:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DocumentRefused):
            return cause
        cause = cause.__cause__
    return MalformedDocument("The frame is not a JSON-LD frame.")
