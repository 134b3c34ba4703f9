"""Expanded JSON-LD → RDF statements, without a node map: a set of statements needs no merging first.

The walk is linear in the document (a node map compares each value of a property with all before it), and it drops
nothing in silence when asked to be strict: what RDF cannot hold is refused, because it would not be signed.

Spec: JSON-LD 1.1 Processing Algorithms and API, "Deserialize JSON-LD to RDF Algorithm".
"""

from __future__ import annotations

import re
from typing import Any, Final

from sealwright.vc.canon.terms import (
    ABSOLUTE_IRI,
    DOUBLE_FROM,
    LANGUAGE_TAG,
    RDF_FIRST,
    RDF_JSON,
    RDF_LANGUAGE_STRING,
    RDF_NIL,
    RDF_REST,
    RDF_TYPE,
    XSD_BOOLEAN,
    XSD_DOUBLE,
    XSD_INTEGER,
    XSD_STRING,
    Quad,
    canonical_double,
    escape,
    literal,
)
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.errors import MalformedDocument, UndefinedTerm, UnsignableValue

# The processor hands over plain JSON trees; their shape is that of expanded JSON-LD.
ExpandedNode = dict[str, Any]

_NUMERAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LENIENT_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]*")


def to_quads(expanded: list[ExpandedNode], *, strict: bool = True) -> list[Quad]:
    """The statements of an expanded document, in the order of the document; repetitions are kept.

    Args:
        expanded: Output of the expansion algorithm. Not altered.
        strict: Refuse what RDF would drop. False gives the algorithm of the specification, for its test suite.

    Returns:
        Blank nodes are ``_:b0``, ``_:b1`` … by first occurrence, whatever their names in the document.

    Raises:
        UndefinedTerm: A subject, type, property, datatype or reference that is not an absolute IRI.
        UnsignableValue: A member that RDF has no place for, such as an index.
        MalformedDocument: A language tag or typed numeral that is none.
    """
    writer = _Writer(strict)
    for node in expanded:
        writer.node(node, "")
    return writer.quads


class _Writer:
    def __init__(self, strict: bool) -> None:
        self.quads: list[Quad] = []
        self._strict = strict
        self._labels: dict[str, str] = {}
        self._count = 0

    def node(self, node: ExpandedNode, graph: str) -> str | None:
        """Write what a node says and return its own term; None if it has none (only when not strict)."""
        subject = self._resource(node["@id"]) if "@id" in node else self._fresh()
        for name, items in node.items():
            if name == "@type":
                for type_ in items:
                    self._write(subject, RDF_TYPE, self._resource(type_), graph)
            elif name.startswith("@"):
                self._keyword(name, items, subject, graph)
            else:
                predicate = self._predicate(name)
                for item in items:
                    self._write(subject, predicate, self._object(item, graph), graph)
        return subject

    def _keyword(self, name: str, items: Any, subject: str | None, graph: str) -> None:
        if name == "@graph":
            for item in items:
                # A graph without a usable name is dropped whole, as its statements would have no place.
                if subject is not None:
                    self.node(item, subject)
        elif name == "@included":
            for item in items:
                self.node(item, graph)
        elif name == "@reverse":
            for property_, sources in items.items():
                predicate = self._predicate(property_)
                for source in sources:
                    self._write(self.node(source, graph), predicate, subject, graph)
        elif name != "@id" and self._strict:
            raise UnsignableValue(f"The member {name} is left out of the signed form.")

    def _write(self, subject: str | None, predicate: str | None, object_: str | None, graph: str) -> None:
        if subject is not None and predicate is not None and object_ is not None:
            self.quads.append((subject, predicate, object_, graph))

    def _object(self, item: ExpandedNode, graph: str) -> str | None:
        if "@value" in item:
            return self._literal(item)
        if "@list" in item:
            return self._list(item, graph)
        return self.node(item, graph)

    def _list(self, item: ExpandedNode, graph: str) -> str:
        if self._strict and "@index" in item:
            raise UnsignableValue("The member @index is left out of the signed form.")
        cells = [self._fresh() for _ in item["@list"]]
        for cell, value, rest in zip(cells, item["@list"], [*cells[1:], RDF_NIL], strict=False):
            self._write(cell, RDF_FIRST, self._object(value, graph), graph)
            self._write(cell, RDF_REST, rest, graph)
        return cells[0] if cells else RDF_NIL

    def _literal(self, item: ExpandedNode) -> str | None:
        value, datatype = item["@value"], item.get("@type")
        if self._strict and ("@index" in item or "@direction" in item):
            raise UnsignableValue("An index or a direction is left out of the signed form.")
        if "@language" in item:
            return self._tagged(value, item["@language"])
        if datatype == "@json":
            return literal(canonicalize_json(value).decode(), RDF_JSON)
        if datatype is not None and not self._is_datatype(datatype):
            return None
        if isinstance(value, str):
            return literal(self._numeral(value) if datatype == XSD_DOUBLE else value, datatype or XSD_STRING)
        return _number_or_truth(value, datatype)

    def _tagged(self, value: str, tag: str) -> str | None:
        if LANGUAGE_TAG.fullmatch(tag):
            return f'"{escape(value)}"@{tag}'
        if self._strict:
            raise MalformedDocument("A language tag is not well-formed.")
        return None

    def _is_datatype(self, datatype: str) -> bool:
        # A string typed rdf:langString without a language prints like a plain one: two documents, one form.
        if ABSOLUTE_IRI.fullmatch(datatype) and datatype != RDF_LANGUAGE_STRING:
            return True
        if self._strict:
            raise UndefinedTerm("A datatype is not an absolute IRI that a value can have.")
        return False

    def _numeral(self, text: str) -> str:
        """Text typed xsd:double is rewritten in canonical form; text that is no numeral is read differently by each
        implementation."""
        if _NUMERAL.fullmatch(text):
            return canonical_double(float(text))
        if self._strict:
            raise MalformedDocument("A text typed xsd:double is not a numeral.")
        return text

    def _predicate(self, iri: str) -> str | None:
        # RDF has no blank node predicates; JSON-LD drops their statements.
        if iri.startswith("_:"):
            if self._strict:
                raise UndefinedTerm("A property is a blank node.")
            return None
        return self._resource(iri)

    def _resource(self, iri: str | None) -> str | None:
        iri = iri or ""  # Expansion turns an identifier of keyword form into null.
        if iri.startswith("_:"):
            label = self._labels.get(iri)
            if label is None:
                label = self._labels[iri] = self._fresh()
            return label
        if ABSOLUTE_IRI.fullmatch(iri):
            return f"<{iri}>"
        if self._strict:
            raise UndefinedTerm("An identifier, type or reference is not an absolute IRI.")
        return f"<{iri}>" if _LENIENT_IRI.fullmatch(iri) else None

    def _fresh(self) -> str:
        label = f"_:b{self._count}"
        self._count += 1
        return label


def _number_or_truth(value: bool | int | float, datatype: str | None) -> str:
    if isinstance(value, bool):
        return literal("true" if value else "false", datatype or XSD_BOOLEAN)
    if datatype == XSD_DOUBLE or not float(value).is_integer() or abs(value) >= DOUBLE_FROM:
        return literal(canonical_double(value), datatype or XSD_DOUBLE)
    return literal(str(int(value)), datatype or XSD_INTEGER)
