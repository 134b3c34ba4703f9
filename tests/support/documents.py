"""Generated credentials for the tests of canonicalization, valid and hostile, from seeded sources.

The structure comes from one source and the leaves from another, so that many documents share a shape and a compiled
plan is met again and again with new leaves.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from sealwright.vc.contexts.store import ContextStore

URL = "https://cred.example/contexts/test/1.0"
IRI = URL + "#"
XSD = "http://www.w3.org/2001/XMLSchema#"

Document = dict[str, Any]

CONTEXT: Document = {
    "@context": {
        "@version": 1.1,
        "@protected": True,
        "name": "https://schema.org/name",
        "ex": "https://vocabulary.example/ns#",
        "TestCredential": {"@id": IRI + "TestCredential"},
        "Thing": {"@id": IRI + "Thing", "@context": {"@protected": True, "inner": {"@id": IRI + "inner"}}},
        "Fast": {"@id": IRI + "Fast"},
        "label": {"@id": IRI + "label"},
        "note": {"@id": IRI + "note"},
        "titleEn": {"@id": IRI + "titleEn", "@language": "en"},
        "born": {"@id": IRI + "born", "@type": XSD + "dateTime"},
        "amount": {"@id": IRI + "amount"},
        "weight": {"@id": IRI + "weight", "@type": XSD + "double"},
        "flag": {"@id": IRI + "flag"},
        "tags": {"@id": IRI + "tags"},
        "counts": {"@id": IRI + "counts", "@container": "@set"},
        "link": {"@id": IRI + "link", "@type": "@id"},
        "links": {"@id": IRI + "links", "@type": "@id"},
        "mode": {"@id": IRI + "mode", "@type": "@vocab"},
        "part": {"@id": IRI + "part"},
        "parts": {"@id": IRI + "parts"},
        "degree": {
            "@id": IRI + "degree",
            "@context": {
                "@protected": True,
                "type": {"@id": IRI + "degree/type"},
                "name": {"@id": IRI + "degree/name"},
                "gpa": {"@id": IRI + "degree/gpa"},
                "thesis": {
                    "@id": IRI + "degree/thesis",
                    "@context": {"@protected": True, "type": "@type", "title": {"@id": IRI + "degree/thesis/title"}},
                },
            },
        },
        "ordered": {"@id": IRI + "ordered", "@container": "@list"},
        "raw": {"@id": IRI + "raw", "@type": "@json"},
        "texts": {"@id": IRI + "texts", "@container": "@language"},
        "byName": {"@id": IRI + "byName", "@container": "@index"},
        "partOf": {"@reverse": IRI + "part"},
    }
}

TEXTS = [
    "plain",
    "",
    " ",
    'with "quotes" and \\ backslash',
    "tab\tline\nreturn\rfeed\fback\b",
    "".join(map(chr, range(0x20))),
    "\x7f\x80\x85\xa0\u2028\u2029",
    "_:c14n0",
    "_:b0 <urn:x> .\n",
    "<urn:a> <urn:b> <urn:c> .",
    "urn:looks:like:an:iri",
    "label",
    "ex:thing",
    "emoji 😀 \U0010ffff \ufffd \ue000",
    "e\u0301 é ﬁ",
    '"@en',
    "x" * 2000,
    "{v0} %s {{}}",
]
INTEGERS = [0, 1, -1, 2025, 2**53 - 1, 1 - 2**53]
FRACTIONS = [0.5, 3.8, -0.1, 0.1 + 0.2, 1 / 3, 1e-7, 5e-324, 123456789.125, 1e-5, 9.7e-6, 1.5e15 + 0.25]
WHOLES = [4.0, -0.0, 0.0, 1e15, 1e20, 123456789012345680000.0, -7.0]
IRIS = [
    "urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
    "https://cred.example/a?b=c&d=%20#e",
    "HTTP://cred.example",
    "urn:",
    "x:y",
    "tag:é,2026:ü",
    "did:adi:agent:7f3a",
]


def store() -> ContextStore:
    """The pinned contexts and the one that the generated documents use."""
    contexts = ContextStore.pinned()
    contexts.register(URL, json.dumps(CONTEXT).encode())
    return contexts


def credential(structure: random.Random, leaves: random.Random) -> Document:
    """A credential that the reference accepts unless a leaf is out of its range."""
    is_first_model = structure.random() < 0.5
    base = "https://www.w3.org/2018/credentials/v1" if is_first_model else "https://www.w3.org/ns/credentials/v2"
    dates = ("issuanceDate", "expirationDate") if is_first_model else ("validFrom", "validUntil")
    document: Document = {"@context": [base, URL], "type": ["VerifiableCredential", "TestCredential"]}
    if structure.random() < 0.8:
        document["id"] = _iri(leaves)
    document["issuer"] = _iri(leaves) if structure.random() < 0.5 else {"id": _iri(leaves), "name": _text(leaves)}
    document[dates[0]] = "2026-11-21T02:30:00Z"
    if structure.random() < 0.5:
        document[dates[1]] = _text(leaves)
    subject = _things(structure, leaves, 3)
    if structure.random() < 0.8:
        subject["id"] = _iri(leaves)
    document["credentialSubject"] = subject
    if structure.random() < 0.3:
        document = dict(structure.sample(sorted(document.items()), len(document)))
    return document


def hostile(document: Document, source: random.Random) -> Document:
    """A copy with one or two things in it that a careless processor would take, drop or misread."""
    broken = copy.deepcopy(document)
    for _ in range(source.choice([1, 1, 2])):
        source.choice(_ATTACKS)(broken, source)
    return broken


def _things(structure: random.Random, leaves: random.Random, depth: int) -> Document:
    made: Document = {}
    while not made:
        for name, make in _MEMBERS.items():
            if structure.random() < 0.28:
                made[name] = make(structure, leaves, depth)
        if depth and structure.random() < 0.5:
            made["part"] = _node(structure, leaves, depth - 1)
        if depth and structure.random() < 0.35:
            made["parts"] = [_node(structure, leaves, depth - 1) for _ in range(structure.randrange(1, 4))]
        if depth and structure.random() < 0.3:
            made["degree"] = {"type": _text(leaves), "gpa": leaves.choice(FRACTIONS)}
            if structure.random() < 0.5:
                made["degree"]["thesis"] = {"type": "Thing", "title": _text(leaves)}
    return made


def _node(structure: random.Random, leaves: random.Random, depth: int) -> Document:
    node = _things(structure, leaves, depth)
    if structure.random() < 0.4:
        node["id"] = _iri(leaves)
    if structure.random() < 0.3:
        node["type"] = "Thing"
        node["inner"] = _text(leaves)
    return node


def _text(leaves: random.Random) -> str:
    return leaves.choice(TEXTS) if leaves.random() < 0.7 else f"text {leaves.randrange(10**9)}"


def _iri(leaves: random.Random) -> str:
    return leaves.choice(IRIS) if leaves.random() < 0.4 else f"urn:thing:{leaves.randrange(10**9)}"


def _number(structure: random.Random, leaves: random.Random, _depth: int) -> int | float:
    pools: list[Sequence[int | float]] = [INTEGERS, FRACTIONS, WHOLES]
    return leaves.choice(structure.choice(pools))


_MEMBERS: dict[str, Callable[[random.Random, random.Random, int], Any]] = {
    "label": lambda _s, x, _d: _text(x),
    "note": lambda s, x, _d: [_text(x) for _ in range(s.randrange(1, 4))] if s.random() < 0.3 else _text(x),
    "titleEn": lambda _s, x, _d: _text(x),
    "born": lambda _s, x, _d: _text(x),
    "amount": _number,
    "flag": lambda s, _x, _d: s.random() < 0.5,
    "tags": lambda _s, x, _d: [_text(x) for _ in range(x.randrange(1, 6))],
    "counts": lambda _s, x, _d: [x.randrange(-5, 5) for _ in range(x.randrange(1, 6))],
    "link": lambda _s, x, _d: _iri(x),
    "links": lambda _s, x, _d: [_iri(x) for _ in range(x.randrange(1, 4))],
    "mode": lambda s, _x, _d: s.choice(["Fast", "urn:mode:slow"]),
}

BAD_IRIS = [
    "relative", "a/b", "#fragment", "?query", "//host/path", "", "_:b0", "_:c14n0", "label", "Fast", "ex:thing",
    "TestCredential", "@id", "@type", "@unknown", "urn:a b", "urn:a\nb", "urn:x> <urn:y", "urn:\u00a0", "urn:\u2028",
    'urn:"', "urn:{x}", "urn:a|b", "urn:^", "urn:`", "urn:\\", "urn:\x00", "urn:\x7f", "1urn:x", "urn :x", ":x",
    "urn:\ud800", "did:é", "name:x", "http:relative", "vocab:",
]  # fmt: skip
BAD_VALUES: list[Any] = [
    "\ufffe", ["x", "\uffff"],
    None, [], {}, [None], [[]], [{}], [["a"]], [["a"], ["b"]], {"@value": None}, {"@value": "x", "@language": "en"},
    {"@value": "x", "@type": "relative"}, {"@list": ["a"]}, {"@set": ["a"]}, {"@id": "relative"}, {"@id": "urn:x"},
    {"@value": "x", "@index": "i"}, {"@value": 1}, ["a", 1], [1, "a"], [1, 2.5], [True, False], ["a", {"label": "x"}],
    [{"label": "x"}, "a"], 2**53, -(2**53), 1e21, -1e22, float("nan"), float("inf"), True, False, 0, 4.0, "\ud800",
    ["x"] * 40, [1] * 40, {"label": "x"}, {"unheardOf": "x"}, {"type": "Unheard"}, {"id": "urn:x"}, {"id": "relative"},
    {"@graph": [{"label": "x"}]}, {"@included": [{"label": "x"}]}, {"@reverse": {"link": {"id": "urn:x"}}},
    {"@language": "en"}, {"@context": {"a": "urn:a"}, "a": "x"}, {"@context": "urn:nowhere", "label": "x"},
    {"@context": URL, "label": "x"}, {"type": []}, {"type": [None]}, {"type": 5}, {"id": 5}, {"id": None},
]  # fmt: skip


def _objects(node: Any) -> list[Document]:
    found = [node] if isinstance(node, dict) else []
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        found += _objects(value)
    return [item for item in found if item]


def _any_member(document: Document, source: random.Random) -> tuple[Document, str]:
    node = source.choice(_objects(document))
    return node, source.choice(sorted(node))


def _put_bad_iri(document: Document, source: random.Random) -> None:
    node = source.choice(_objects(document))
    node[source.choice(["id", "link", "links", "mode", "type"])] = source.choice(BAD_IRIS)


def _put_bad_list_of_iris(document: Document, source: random.Random) -> None:
    source.choice(_objects(document))["links"] = ["urn:fine", source.choice(BAD_IRIS)]


def _put_bad_value(document: Document, source: random.Random) -> None:
    node, name = _any_member(document, source)
    node[name] = copy.deepcopy(source.choice(BAD_VALUES))


def _put_undefined(document: Document, source: random.Random) -> None:
    name = source.choice(
        ["unheardOf", "ex:known", "ex:", "urn:a:property", "_:p", "@index", "@nest", "@foo", "", "a b", ":"]
    )
    source.choice(_objects(document))[name] = source.choice(["x", 1, {"label": "x"}, ["a", "b"]])


def _put_special(document: Document, source: random.Random) -> None:
    name, value = source.choice(
        [
            ("ordered", ["a", "b"]),
            ("ordered", []),
            ("ordered", [["a"], ["b"]]),
            ("raw", {"a": [1, None, {}]}),
            ("raw", None),
            ("texts", {"en": "x", "de": ["y"]}),
            ("texts", {"not a tag": "x"}),
            ("texts", {"en": None}),
            ("byName", {"k": {"label": "x"}}),
            ("partOf", {"id": "urn:whole"}),
            ("weight", 5),
            ("weight", "5.50"),
            ("weight", "heavy"),
            ("@graph", [{"label": "x"}]),
            ("@graph", ["free"]),
            ("@graph", [{"id": "urn:x"}]),
        ]
    )
    source.choice(_objects(document))[name] = copy.deepcopy(value)


def _swap_kind(document: Document, source: random.Random) -> None:
    node, name = _any_member(document, source)
    value = node[name]
    if isinstance(value, dict):
        node[name] = [value, value]
    elif isinstance(value, list):
        node[name] = value[0] if value else "x"
    elif isinstance(value, str):
        node[name] = source.choice([[value], [value, value], {"@value": value}, 7, True])
    else:
        as_double = float(value) if value is not None and abs(value) < 1e300 else 1
        node[name] = source.choice([str(value), [value], as_double, {"@value": value}])


def _change_context(document: Document, source: random.Random) -> None:
    document["@context"] = source.choice(
        [
            None,
            [],
            {},
            URL,
            [URL],
            "https://www.w3.org/ns/credentials/v2",
            ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/2018/credentials/v1", URL],
            ["https://www.w3.org/2018/credentials/v1", URL, "https://nowhere.example/v1"],
            ["https://www.w3.org/2018/credentials/v1", URL, {"label": "urn:other"}],
            ["https://www.w3.org/2018/credentials/v1", URL, None],
            ["https://www.w3.org/2018/credentials/v1", URL, URL],
            ["https://www.w3.org/2018/credentials/v1", URL, "https://www.w3.org/ns/credentials/examples/v2"],
            ["https://www.w3.org/ns/credentials/v2", URL, "https://w3id.org/security/data-integrity/v2"],
        ]
    )


def _drop_context(document: Document, _source: random.Random) -> None:
    document.pop("@context", None)


def _reorder(document: Document, source: random.Random) -> None:
    node = source.choice(_objects(document))
    items = list(node.items())
    source.shuffle(items)
    node.clear()
    node.update(items)


_ATTACKS: list[Callable[[Document, random.Random], None]] = [
    *[_put_bad_iri] * 3,
    _put_bad_list_of_iris,
    *[_put_bad_value] * 4,
    *[_put_undefined] * 2,
    *[_put_special] * 2,
    *[_swap_kind] * 2,
    _change_context,
    _drop_context,
    _reorder,
]
