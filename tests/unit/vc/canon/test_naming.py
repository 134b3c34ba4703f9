"""Which objects become unnamed nodes, and reading statements back into terms."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.terms import line, parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import ContextNotAllowed, UndefinedTerm
from tests.interop import documents
from tests.support.proving import canonicalizer, degree_credential


@pytest.fixture(scope="module")
def canon() -> Canonicalizer:
    store = ContextStore.pinned()
    store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
    return Canonicalizer(store)


def document(**subject: Any) -> dict[str, Any]:
    made = documents.degree("2.0", "did:example:i")
    return {**made, "credentialSubject": {"id": "did:example:h", **subject}}


@pytest.mark.parametrize(
    ("subject", "places"),
    [
        ({"title": "a"}, ()),
        ({"degree": {"type": "Degree", "level": "l"}}, (("degree",),)),
        ({"address": [{"street": "a"}, {"street": "a"}]}, (("address", 0), ("address", 1))),
        ({"knows": [{"id": "did:example:k", "address": {"street": "a"}}]}, (("knows", 0, "address"),)),
        ({"title": {"@value": "v", "@language": "en"}}, ()),
        ({"skills": {"@set": ["a", "b"]}}, ()),
        ({"courses": ["a"]}, ()),
        ({"degree": {"@id": "did:example:d", "title": "t"}}, ()),
    ],
)
def test_objects_without_a_name_are_found_where_they_stand(
    canon: Canonicalizer, subject: dict[str, Any], places: tuple[tuple[str | int, ...], ...]
) -> None:
    made = document(**subject)
    wanted = tuple(("credentialSubject", *place) for place in places)
    for _ in range(2):
        assert canon.unnamed_nodes(made) == wanted
    without_id = {name: value for name, value in made.items() if name != "id"}
    assert canon.unnamed_nodes(without_id) == ((), *wanted)


def test_what_is_remembered_answers_for_its_shape_alone(canon: Canonicalizer) -> None:
    first = document(address={"street": "a"})
    assert canon.unnamed_nodes(first) == (("credentialSubject", "address"),)
    assert canon.unnamed_nodes(document(address={"street": "b"})) == (("credentialSubject", "address"),)
    assert canon.unnamed_nodes(document(address={"id": "did:example:a", "street": "b"})) == ()
    assert canon.unnamed_nodes(document(address="a")) == ()


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.vc.canon.naming.MAX_REMEMBERED", 3)
    store = ContextStore.pinned()
    store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
    fresh = Canonicalizer(store)
    for count in range(2, 9):
        wanted = tuple(("credentialSubject", "address", index) for index in range(count))
        assert fresh.unnamed_nodes(document(address=[{"street": "a"}] * count)) == wanted
    assert len(fresh._nodes._known) == 3
    held = set(fresh._nodes._known)
    large = document(degree={"type": "Degree", "level": "l"}, title="t")
    large["type"] = [*large["type"], "https://terms.example/" + "x" * 9_000]
    assert fresh.unnamed_nodes(large) == (("credentialSubject", "degree"),)
    assert set(fresh._nodes._known) == held


def test_refusals_are_those_of_canonicalizing(canon: Canonicalizer) -> None:
    with pytest.raises(UndefinedTerm):
        canon.unnamed_nodes(document(unknown="a"))
    inline = {**document(), "@context": [documents.CREDENTIALS_V2, {"own": "https://own.example/own"}]}
    inline["type"] = ["VerifiableCredential"]
    inline["credentialSubject"] = {"own": {"own": "a"}}
    with pytest.raises(ContextNotAllowed):
        canon.unnamed_nodes(inline)
    found = canon.unnamed_nodes(inline, allow_inline=True)
    assert found == (("credentialSubject",), ("credentialSubject", "own"))


def test_statements_are_read_back_as_they_were_written() -> None:
    texts = ["a", "", ' <b> "c" .', '\\"', "x .", '" .', "_:b0", "é\u2028\x85", '"^^<x> .', '"@en <g> .']
    terms = [f'"{text}"' for text in map(_escaped, texts)]
    terms += [f"{term}^^<http://t>" for term in terms] + [f"{term}@en-GB" for term in terms] + ["<urn:o>", "_:b1"]
    for term in terms:
        for subject in ("_:b0", "<urn:s>"):
            for graph in ("", "<urn:g>", "_:g"):
                quad = (subject, "<urn:p>", term, graph)
                assert parse_line(line(quad)) == quad
                assert parse_line(line(quad).removesuffix("\n")) == quad


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def test_every_statement_of_a_credential_is_read_back() -> None:
    found = canonicalizer().dataset(degree_credential("2.0")).lines
    assert len(found) > 8
    assert [line(parse_line(text)) for text in found] == list(found)
