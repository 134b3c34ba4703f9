"""Whether a subject holds, by name, all that is signed of it: from statements, and from the shape alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.telling import Statements, tells_node, tells_subjects
from sealwright.vc.canon.terms import parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.strict_json import dump_json
from tests.support.chains import SUITES, ChainWorld

URL = "https://a.example/contexts/x"
NAMES = ("limit", "blocked", "constraints", "about", "flag", "Mandate")
XSD = "http://www.w3.org/2001/XMLSchema#"
CONTEXT = {
    "@context": {
        **{name: f"https://a.example/#{name}" for name in NAMES},
        "other": "https://a.example/#limit",
        "more": "https://a.example/#blocked",
        "rate": {"@id": "https://a.example/#rate", "@type": f"{XSD}double"},
    }
}


def canonicalizer() -> Canonicalizer:
    contexts = ContextStore.pinned()
    contexts.register(URL, dump_json(CONTEXT))
    return Canonicalizer(contexts)


CANON = canonicalizer()


def document(**claims: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2", URL],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential", "Mandate"],
        "issuer": "did:adi:a",
        "credentialSubject": {"id": "did:adi:b", **claims},
    }


def statements(source: dict[str, Any]) -> Statements:
    form = CANON.canonicalize_by_reference(source).decode()
    return Statements(parse_line(text) for text in form.split("\n")[:-1])


TOLD: list[dict[str, Any]] = [
    {"limit": 5},
    {"limit": 5.0},
    {"limit": 0.1, "flag": True},
    {"limit": -1e22, "flag": False},
    {"rate": 5},
    {"limit": "5"},
    {"limit": 'a "quote"\nand a \\'},
    {"blocked": ["a", "b", "a"]},
    {"blocked": ["a"]},
    {"constraints": {"limit": 5, "blocked": ["a"]}},
    {"constraints": {"type": "Mandate", "limit": 5}},
    {"about": {"id": "did:adi:c", "limit": 5}},
]
UNTOLD: list[dict[str, Any]] = [
    {"other": 5},
    {"limit": 5, "other": 6},
    {"https://a.example/#limit": 5},
    {"blocked": ["a"], "more": "b"},
    {"constraints": {"other": 5}},
    {"constraints": {"limit": 5, "other": 5}},
    {"about": {"id": "did:adi:b", "limit": 5}},
    {"about": {"id": "did:adi:b", "limit": 5}, "limit": 5},
    {"limit": {"@value": "5", "@type": f"{XSD}integer"}},
    {"constraints": [{"limit": 5}, {"limit": 6}]},
]


@pytest.mark.parametrize("claims", TOLD)
def test_what_stands_under_its_own_name_is_told(claims: dict[str, Any]) -> None:
    source = document(**claims)
    assert tells_subjects(source, statements(source))


@pytest.mark.parametrize("claims", UNTOLD)
def test_what_stands_elsewhere_or_under_another_name_is_not(claims: dict[str, Any]) -> None:
    source = document(**claims)
    assert not tells_subjects(source, statements(source))


def test_values_are_held_against_what_was_signed() -> None:
    every = statements(document(limit=5, blocked=["a", "b"], flag=True))
    node = "<did:adi:b>"
    assert tells_node({"id": "did:adi:b", "limit": 5, "blocked": ["b", "a"], "flag": True}, node, every)
    for changes in ({"limit": 6}, {"limit": "6"}, {"limit": True}, {"blocked": ["a"]}, {"blocked": "a"}, {"flag": 1}):
        assert not tells_node({"limit": 5, "blocked": ["a", "b"], "flag": True, **changes}, node, every)
    assert not tells_node({"limit": 5, "blocked": ["a", "b"]}, node, every)
    assert not tells_node({"limit": None, "blocked": ["a", "b"], "flag": True}, node, every)


def test_a_subject_without_a_name_is_told_of_by_nobody() -> None:
    source = document(limit=5)
    del source["credentialSubject"]["id"]
    assert not tells_subjects(source, statements(source))
    for subject in (None, "did:adi:b", [5]):
        assert not tells_subjects({"credentialSubject": subject}, statements(document(limit=5)))
    both = {"credentialSubject": [document(limit=5)["credentialSubject"]] * 2}
    assert tells_subjects(both, statements(document(limit=5)))


def test_types_are_those_of_credentials_alone() -> None:
    every = statements(document(about={"id": "did:adi:c", "type": "Mandate", "limit": 5}))
    assert every.types() == {"VerifiableCredential", "Mandate"}
    assert every.said_of("<did:adi:c>").keys() == {"limit"}
    assert every.said_of("<did:adi:nobody>") == {}


@pytest.mark.parametrize("claims", [*TOLD, *UNTOLD])
def test_the_shape_never_tells_more_than_the_statements(claims: dict[str, Any]) -> None:
    canon, source = canonicalizer(), document(**claims)
    is_told = tells_subjects(source, statements(source))
    for _ in range(2):
        form, told = canon.form_of(source)
        assert form == CANON.canonicalize_by_reference(source)
        assert is_told or not told


def test_a_shape_that_was_met_tells_by_itself_until_two_of_its_nodes_are_one() -> None:
    """The plan of the shape is made from documents whose nodes all differ; an attacker's may have one name twice."""
    canon = canonicalizer()
    honest = document(about={"id": "did:adi:c", "limit": 5}, limit=1)
    canon.learn(honest)
    assert canon.form_of(honest)[1] is True
    merged = document(about={"id": "did:adi:b", "limit": 5}, limit=1)
    form, told = canon.form_of(merged)
    assert told is False
    assert form == CANON.canonicalize_by_reference(merged)
    assert not tells_subjects(merged, statements(merged))


def test_names_that_change_places_do_not_tell_even_where_values_are_alike() -> None:
    canon = canonicalizer()
    alike = document(limit=5, other=5)
    canon.learn(alike)
    assert canon.form_of(alike)[1] is False


@pytest.mark.parametrize("suite", SUITES[:2])
def test_delegations_of_an_office_are_told_by_their_shape(suite: str) -> None:
    world = ChainWorld(4)
    for hop in world.chain(3, suite=suite):
        bare = copy.deepcopy({name: value for name, value in hop.items() if name != "proof"})
        world.canon.learn(bare)
        assert world.canon.form_of(bare, stranger=True)[1] is True
