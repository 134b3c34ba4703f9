"""Names for blank nodes while a document is taken apart: each gets an IRI, so that it is known in every part.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "skolemizeCompactJsonLd", "skolemizeExpandedJsonLd",
"toDeskolemizedNQuads".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealwright.vc.canon.naming import Place
from sealwright.vc.canon.terms import Quad, parse_line
from sealwright.vc.encoding.strict_json import JSONValue

# No document can hold a name of ours by design: it is drawn anew with each process, and never leaves it.
PREFIX: Final = f"urn:bnid:{secrets.token_hex(16)}:"

_TERM: Final = f"<{PREFIX}"


def skolemize(document: Mapping[str, JSONValue], places: Iterable[Place]) -> dict[str, JSONValue]:
    """The document with an ``@id`` in each object that would become a blank node.

    Args:
        document: A compact document; not altered, and shared where nothing changes.
        places: Of these objects (`Canonicalizer.unnamed_nodes`).

    Returns:
        Names are counted in the order of `places`, so documents of one shape get the same ones.
    """
    tree: dict[str | int, Any] = {}
    for number, place in enumerate(places):
        node = tree
        for step in place:
            node = node.setdefault(step, {})
        node[_HERE] = f"{PREFIX}{number}"
    named = _named(document, tree)
    assert isinstance(named, dict)
    return named


# No step is a negative index.
_HERE: Final = -1


def _named(node: Any, tree: Mapping[str | int, Any]) -> Any:
    if isinstance(node, list):
        return [_named(item, tree[index]) if index in tree else item for index, item in enumerate(node)]
    copy = {name: _named(value, tree[name]) if name in tree else value for name, value in node.items()}
    return {"@id": tree[_HERE], **copy} if _HERE in tree else copy


def strip_names(document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The document without the names that `skolemize` gave."""
    return {name: _stripped(value) for name, value in document.items() if not _is_ours(name, value)}


def _stripped(value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return strip_names(value)
    return [_stripped(item) for item in value] if isinstance(value, list) else value


def _is_ours(name: str, value: JSONValue) -> bool:
    return name == "@id" and isinstance(value, str) and value.startswith(PREFIX)


def deskolemized(line: str) -> Quad:
    """The terms of one statement, names of ours made blank nodes again. Texts that look like one stay as they are."""
    subject, predicate, object_, graph = parse_line(line)
    return _blank(subject), predicate, _blank(object_), _blank(graph)


def _blank(term: str) -> str:
    return f"_:s{term[len(_TERM) : -1]}" if term.startswith(_TERM) else term
