"""Expanded JSON-LD to statements; what RDF has no place for is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.canon.quads import to_quads
from sealwright.vc.errors import MalformedDocument, UndefinedTerm, UnsignableValue, VcError

XSD = "http://www.w3.org/2001/XMLSchema#"
P = "urn:p"


def objects(value: dict[str, Any], *, strict: bool = True) -> list[str]:
    return [quad[2] for quad in to_quads([{"@id": "urn:s", P: [value]}], strict=strict)]


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ({"@value": "a"}, '"a"'),
        ({"@value": True}, f'"true"^^<{XSD}boolean>'),
        ({"@value": 5}, f'"5"^^<{XSD}integer>'),
        ({"@value": 4.0}, f'"4"^^<{XSD}integer>'),
        ({"@value": -0.0}, f'"0"^^<{XSD}integer>'),
        ({"@value": 1e20}, f'"100000000000000000000"^^<{XSD}integer>'),
        ({"@value": 1e21}, f'"1.0E21"^^<{XSD}double>'),
        ({"@value": 0.5}, f'"5.0E-1"^^<{XSD}double>'),
        ({"@value": 5, "@type": XSD + "double"}, f'"5.0E0"^^<{XSD}double>'),
        ({"@value": "5.50", "@type": XSD + "double"}, f'"5.5E0"^^<{XSD}double>'),
        ({"@value": 5, "@type": "urn:d"}, '"5"^^<urn:d>'),
        ({"@value": "a", "@language": "en-gb"}, '"a"@en-gb'),
        (
            {"@value": {"b": 1, "a": []}, "@type": "@json"},
            '"{\\"a\\":[],\\"b\\":1}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>',
        ),
        ({"@id": "urn:o"}, "<urn:o>"),
        ({"@id": "_:b9"}, "_:b0"),
    ],
    ids=repr,
)
def test_values_become_terms(value: dict[str, Any], term: str) -> None:
    assert objects(value) == [term]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"@id": "relative"}, UndefinedTerm),
        ({"@id": "urn:a> <urn:b"}, UndefinedTerm),
        ({"@value": "a", "@type": "relative"}, UndefinedTerm),
        ({"@value": "a", "@type": "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}, UndefinedTerm),
        ({"@value": "a", "@index": "i"}, UnsignableValue),
        ({"@value": "a", "@direction": "rtl"}, UnsignableValue),
        ({"@id": "urn:o", "@index": "i"}, UnsignableValue),
        ({"@list": [], "@index": "i"}, UnsignableValue),
        ({"@value": "a", "@language": "en> ."}, MalformedDocument),
        ({"@value": "heavy", "@type": XSD + "double"}, MalformedDocument),
        ({"@value": "INF", "@type": XSD + "double"}, MalformedDocument),
        ({"@type": ["relative"]}, UndefinedTerm),
        ({"_:p": [{"@value": "a"}]}, UndefinedTerm),
    ],
    ids=repr,
)
def test_what_would_be_dropped_or_misread_is_refused(value: dict[str, Any], error: type[VcError]) -> None:
    with pytest.raises(error):
        objects(value)


def test_lists_are_chains_of_blank_nodes() -> None:
    quads = to_quads([{"@id": "urn:s", P: [{"@list": [{"@value": "a"}, {"@list": []}]}]}])
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    assert quads == [
        ("_:b0", f"<{rdf}first>", '"a"', ""),
        ("_:b0", f"<{rdf}rest>", "_:b1", ""),
        ("_:b1", f"<{rdf}first>", f"<{rdf}nil>", ""),
        ("_:b1", f"<{rdf}rest>", f"<{rdf}nil>", ""),
        ("<urn:s>", "<urn:p>", "_:b0", ""),
    ]


def test_graphs_reverses_and_included_nodes_are_written() -> None:
    node = {
        "@id": "urn:s",
        "@graph": [{"@id": "urn:a", P: [{"@value": "in"}]}],
        "@reverse": {"urn:r": [{"@id": "urn:whole"}]},
        "@included": [{"@id": "urn:i", P: [{"@value": "beside"}]}],
    }
    assert to_quads([node]) == [
        ("<urn:a>", "<urn:p>", '"in"', "<urn:s>"),
        ("<urn:whole>", "<urn:r>", "<urn:s>", ""),
        ("<urn:i>", "<urn:p>", '"beside"', ""),
    ]


def test_one_blank_node_name_is_one_node_wherever_it_stands() -> None:
    quads = to_quads([{"@id": "_:x", P: [{"@id": "_:y"}]}, {"@id": "_:y", P: [{"@id": "_:x"}]}])
    assert quads == [("_:b0", "<urn:p>", "_:b1", ""), ("_:b1", "<urn:p>", "_:b0", "")]
