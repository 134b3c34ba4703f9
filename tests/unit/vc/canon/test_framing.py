"""From statements to framed documents: nothing is lost or made up on the way, and frames are looked at first."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.framing import MAX_FRAME_VALUES, MAX_FRAME_WORK, check_frame, frame_statements, to_nodes
from sealwright.vc.canon.quads import to_quads
from sealwright.vc.canon.terms import Quad, line, parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import ContextNotAllowed, MalformedDocument, NestingTooDeep, TooComplex, UndefinedTerm
from tests.interop import documents

TERMS = "https://terms.example/"


@cache
def contexts() -> ContextStore:
    store = ContextStore.pinned()
    store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
    return store


@cache
def canonicalizer() -> Canonicalizer:
    return Canonicalizer(contexts())


def named(document: dict[str, Any]) -> list[Quad]:
    """A document's statements, its blank nodes by names."""
    quads = []
    for text in canonicalizer().canonicalize(document).decode().split("\n")[:-1]:
        terms = (f"<urn:node:{term[2:]}>" if term.startswith("_:") else term for term in parse_line(text + "\n"))
        quads.append(tuple(terms))
    return quads  # type: ignore[return-value]  # four terms each


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statements_survive_the_way_through_nodes(seed: int) -> None:
    """Every value that makes trouble, as node objects and as statements again."""
    seen = 0
    for document in documents.corpus(60, seed):
        quads = named(document)
        assert sorted(map(line, to_quads(to_nodes(quads)))) == sorted(map(line, quads))
        seen += len(quads)
    assert seen > 800


@pytest.mark.parametrize("seed", [4, 5])
def test_a_frame_of_everything_says_everything(seed: int) -> None:
    """Framed by its id alone, a document says what it said, less what hangs from other nodes that stand twice."""
    compared = 0
    for document in documents.corpus(40, seed):
        quads = named(document)
        frame = {"@context": document["@context"], "@id": document["id"], "type": document["type"]}
        framed = frame_statements(quads, frame, contexts())
        assert sorted(map(line, named(framed))) == sorted(map(line, quads))
        compared += 1
    assert compared == 40


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"3.8E0"^^<http://www.w3.org/2001/XMLSchema#double>', {"@value": 3.8}),
        ('"2025"^^<http://www.w3.org/2001/XMLSchema#integer>', {"@value": 2025}),
        ('"true"^^<http://www.w3.org/2001/XMLSchema#boolean>', {"@value": True}),
        ('"plain"', {"@value": "plain"}),
        ('"a\\tb\\u0001\\"\\\\"', {"@value": 'a\tb\x01"\\'}),
        ('"hola"@es', {"@value": "hola", "@language": "es"}),
        (
            '"[1,{\\"a\\":null}]"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>',
            {"@value": [1, {"a": None}], "@type": "@json"},
        ),
    ],
)
def test_values_become_those_of_json(text: str, value: dict[str, Any]) -> None:
    (node,) = to_nodes([("<a:b>", "<c:d>", text, "")])
    assert node == {"@id": "a:b", "c:d": [value]}


@pytest.mark.parametrize(
    ("text", "datatype"),
    [("1", "boolean"), ("007", "integer"), ("+1", "integer"), ("9007199254740993", "integer"), ("1.0E0", "double"),
     ("3.80E0", "double"), ("INF", "double"), ("x", "integer"), ("2020-01-01", "date")],
)  # fmt: skip
def test_values_that_json_would_write_otherwise_stay_typed_texts(text: str, datatype: str) -> None:
    iri = f"http://www.w3.org/2001/XMLSchema#{datatype}"
    (node,) = to_nodes([("<a:b>", "<c:d>", f'"{text}"^^<{iri}>', "")])
    assert node["c:d"] == [{"@value": text, "@type": iri}]


def test_named_graphs_are_not_framed() -> None:
    with pytest.raises(MalformedDocument, match="graphs"):
        to_nodes([("<a:b>", "<c:d>", "<e:f>", "<g:h>")])


CONTEXT = {"@context": [documents.CREDENTIALS_V1, documents.CONTEXT_URL]}


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ([], MalformedDocument),
        ({**CONTEXT, "@embed": "@always"}, MalformedDocument),
        ({**CONTEXT, "degree": {"@embed": "@link"}}, MalformedDocument),
        ({**CONTEXT, "degree": {"@context": [documents.CONTEXT_URL]}}, MalformedDocument),
        ({**CONTEXT, "@explicit": [True]}, MalformedDocument),
        ({**CONTEXT, "@embed": ["@once"]}, MalformedDocument),
        ({**CONTEXT, "degree": {"@embed": {}}}, MalformedDocument),
        ({**CONTEXT, "degree": {"@default": 1}}, MalformedDocument),
        ({**CONTEXT, "title": ["x"] * MAX_FRAME_VALUES}, TooComplex),
        ({**CONTEXT, "degree": json.loads('{"degree":' * 40 + "{}" + "}" * 40)}, NestingTooDeep),
        ({"@context": ["https://elsewhere.example/v1"]}, ContextNotAllowed),
        ({"@context": [{"a": "https://a.example/"}]}, ContextNotAllowed),
    ],
)
def test_frames_are_looked_at_first(frame: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_frame(frame, contexts())
    check_frame({**CONTEXT, "@embed": "@once", "degree": {"@explicit": True, "@requireAll": False}}, contexts())


def test_a_member_of_no_meaning_is_refused_and_one_without_value_left_out() -> None:
    quads = [("<a:b>", "<https://terms.example/title>", '"t"', "")]
    with pytest.raises(UndefinedTerm):
        frame_statements(quads, {**CONTEXT, "@id": "a:b", "nonsense": {}}, contexts())
    framed = frame_statements(quads, {**CONTEXT, "@id": "a:b", "title": {}, "gpa": {}}, contexts())
    assert framed == {**CONTEXT, "id": "a:b", "title": "t"}
    assert frame_statements(quads, {**CONTEXT, "@id": "a:c"}, contexts()) == CONTEXT


def test_a_frame_is_not_held_against_too_many_statements() -> None:
    """Each node is held against each member of the frame, so both bounds together are none."""
    nodes = 500
    links = [("<urn:top>", f"<{TERMS}part>", f"<urn:node:{number}>", "") for number in range(nodes)]
    quads = [*links, *((node, f"<{TERMS}name>", '"x"', "") for _, _, node, _ in links)]
    most = MAX_FRAME_WORK // len(quads)
    for count, fits in ((most - 20, True), (most + 1, False), (MAX_FRAME_VALUES - 20, False)):
        frame = {**CONTEXT, "@id": "urn:top", f"{TERMS}part": {f"{TERMS}p{number}": {} for number in range(count)}}
        if fits:
            assert frame_statements(quads, frame, contexts())["id"] == "urn:top"
        else:
            with pytest.raises(TooComplex):
                frame_statements(quads, frame, contexts())
