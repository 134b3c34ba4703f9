"""RDF terms as text: the canonical N-Quads spelling of IRIs, literals and numbers.

Inside `vc.canon` a term *is* its N-Quads text: ``<iri>``, ``_:label``, ``"literal"``. A quad is four such texts, the
fourth empty in the default graph. That keeps every later step to comparing and joining strings.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from sealwright.vc.errors import InvalidCharacter

Quad: TypeAlias = tuple[str, str, str, str]

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD_STRING: Final = XSD + "string"
XSD_BOOLEAN: Final = XSD + "boolean"
XSD_INTEGER: Final = XSD + "integer"
XSD_DOUBLE: Final = XSD + "double"
RDF_TYPE: Final = f"<{RDF}type>"
RDF_FIRST: Final = f"<{RDF}first>"
RDF_REST: Final = f"<{RDF}rest>"
RDF_NIL: Final = f"<{RDF}nil>"
RDF_JSON: Final = RDF + "JSON"
RDF_LANGUAGE_STRING: Final = RDF + "langString"

DOUBLE_FROM: Final = 1e21
"""Whole numbers from here on are doubles (JSON-LD 1.1 API, "Object to RDF Conversion")."""

_NEEDS_ESCAPE: Final = re.compile('[\x00-\x1f\x7f"\\\\\ufffe\uffff]')
_DISPUTED: Final = re.compile("[\ufffe\uffff]")
_ESCAPES: Final = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | {
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}

# What may not stand between angle brackets in N-Quads: an IRI with one of these could end its own term and begin
# another statement, so that two documents would share one canonical form.
_ILLEGAL: Final = '\x00-\x20\x7f<>"{}|^`\\\\\\s'
ABSOLUTE_IRI: Final = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:[^{_ILLEGAL}]*")
LANGUAGE_TAG: Final = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")


def escape(text: str) -> str:
    """Escape the text of a literal as the canonical form demands, control characters and U+007F included.

    Raises:
        InvalidCharacter: U+FFFE or U+FFFF. The specification escapes these noncharacters, the implementations that
            most verifiers use leave them, so a signature over one would hold for some and not for others.

    Spec: RDF Dataset Canonicalization 1.0, "A Canonical form of N-Quads".
    """
    if not _NEEDS_ESCAPE.search(text):
        return text
    if _DISPUTED.search(text):
        raise InvalidCharacter("A text holds U+FFFE or U+FFFF, on which canonical forms disagree.")
    return text.translate(_ESCAPES)


def canonical_double(value: float) -> str:
    """A finite double with up to 16 significant digits, ``3.8E0``.

    Spec: JSON-LD 1.1 API, "Data Round Tripping".
    """
    mantissa, _, exponent = f"{value:.15E}".partition("E")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' if mantissa[-1] == '.' else ''}E{int(exponent)}"


def literal(text: str, datatype: str = XSD_STRING) -> str:
    """A typed literal; the datatype ``xsd:string`` is left out."""
    return f'"{escape(text)}"' if datatype == XSD_STRING else f'"{escape(text)}"^^<{datatype}>'


def line(quad: Quad) -> str:
    """One statement of the canonical form, line feed included."""
    subject, predicate, object_, graph = quad
    return f"{subject} {predicate} {object_} {graph} .\n" if graph else f"{subject} {predicate} {object_} .\n"


def parse_line(text: str) -> Quad:
    """The terms of one statement in canonical form; the reverse of `line`.

    Args:
        text: As this package writes it, with or without its line feed. What is not canonical is misread.
    """
    subject, predicate, rest = text.split(" ", 2)
    rest = rest[: rest.rindex(" .")]
    # In a literal a space may stand anywhere up to its last quote; nothing behind that holds one.
    start = rest.rindex('"') if rest[0] == '"' else 0
    end = rest.find(" ", start)
    return (subject, predicate, rest, "") if end < 0 else (subject, predicate, rest[:end], rest[end + 1 :])
