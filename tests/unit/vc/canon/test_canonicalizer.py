"""The door: when shapes are compiled, when the reference answers, and what happens when the two disagree."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer, PlanMismatch, canonicalizer
from sealwright.vc.canon.plans import Plan
from sealwright.vc.errors import ContextNotAllowed, InvalidUnicode, NumberOutOfRange, TooComplex, UndefinedTerm, VcError
from tests.support import documents

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def canon(**options: Any) -> Canonicalizer:
    return Canonicalizer(documents.store(), **options)


def credential(**subject: Any) -> dict[str, Any]:
    return {
        "@context": [V2, documents.URL],
        "id": "urn:uuid:2f1c1e0a-8d5e-4c9e-9d0a-6a1d7f0c2b3e",
        "type": ["VerifiableCredential", "TestCredential"],
        "issuer": "did:adi:issuer",
        "credentialSubject": {"id": "did:adi:holder", **(subject or {"label": "x", "amount": 1.5, "tags": ["a"]})},
    }


def only_plan(door: Canonicalizer) -> Plan:
    (entry,) = door._plans.values()
    assert entry.plan is not None
    return entry.plan


def test_a_shape_is_compiled_at_first_sight_and_used_from_then_on() -> None:
    door = canon()
    for number in range(5):
        document = credential(label=f"text {number}", amount=number + 0.5, tags=["a"] * (number + 1))
        assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    stats = door.stats()
    assert (stats.compiles, stats.hits, stats.fallbacks) == (1, 5, 0)


def test_strangers_are_compiled_at_second_sight() -> None:
    door = canon()
    for _ in range(3):
        door.canonicalize(credential(), stranger=True)
    stats = door.stats()
    assert (stats.compiles, stats.hits, stats.fallbacks) == (1, 2, 1)


def test_strangers_share_a_budget_that_time_refills() -> None:
    clock = Clock()
    door = canon(clock=clock)
    door._budget_seconds = 0.0
    for _ in range(3):
        door.canonicalize(credential(), stranger=True)
    assert door.stats().compiles == 0
    clock.now += 1.0
    door.canonicalize(credential(), stranger=True)
    assert door.stats().compiles == 1


def test_work_is_bounded_by_what_was_done_and_not_by_how_long_the_machine_stood_still() -> None:
    waited, worked = itertools.count(0.0, 10.0), Clock()
    door = canon(clock=lambda: next(waited), work_clock=worked)
    assert door.canonicalize(credential()) == door.canonicalize_by_reference(credential())
    overworked = itertools.count(0.0, 10.0)
    with pytest.raises(TooComplex, match="in time"):
        canon(work_clock=lambda: next(overworked)).canonicalize_by_reference(credential())


def test_learn_says_whether_there_is_a_plan() -> None:
    door = canon()
    assert door.learn(credential())
    assert door.learn(credential())
    assert door.stats().compiles == 1
    assert not door.learn(credential(ordered=["a", "b"]))
    assert not door.learn(credential(unheardOf="x"))
    assert not door.learn({"@context": [V2, {"a": "urn:a"}], "a": "x"})
    assert not door.learn([])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "subject",
    [
        {"ordered": ["a"]},
        {"raw": {"a": 1}},
        {"texts": {"en": "x"}},
        {"partOf": {"id": "urn:x"}},
        {"label": {"@value": "x"}},
        {"label": {"@set": ["x"]}},
        {"@included": [{"label": "x"}]},
        {"weight": 5},
        {"weight": "5.50"},
    ],
    ids=repr,
)
def test_features_outside_the_plan_class_go_to_the_reference(subject: dict[str, Any]) -> None:
    door = canon()
    document = credential(**subject)
    assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    assert door.stats().hits == 0
    assert door.canonicalize(document)
    assert door.stats().refusals == 1  # the answer "no plan" is remembered


def test_a_presentation_is_left_to_the_reference() -> None:
    door = canon()
    presentation = {
        "@context": [V2, documents.URL],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [credential()],
    }
    assert door.canonicalize(presentation) == door.canonicalize_by_reference(presentation)
    assert door.stats().hits == 0


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (("id",), "relative", UndefinedTerm),
        (("issuer",), "ex:thing", None),
        (("issuer",), "label", UndefinedTerm),
        (("issuer",), "_:b0", None),
        (("credentialSubject", "link"), "urn:a b", UndefinedTerm),
        (("credentialSubject", "links"), ["urn:a", "b"], UndefinedTerm),
        (("credentialSubject", "count"), 2**53, NumberOutOfRange),
        (("credentialSubject", "counts"), [1, -(2**53)], NumberOutOfRange),
        (("credentialSubject", "amount"), float("inf"), NumberOutOfRange),
        (("credentialSubject", "label"), "\ud800", InvalidUnicode),
        (("credentialSubject", "label"), '"\x00\\', None),
    ],
    ids=repr,
)
def test_leaves_beyond_the_plan_are_decided_by_the_reference(
    path: tuple[str, ...], value: Any, error: type[VcError] | None
) -> None:
    door = canon()
    subject = {"label": "x", "amount": 1.5, "counts": [1], "link": "urn:a", "links": ["urn:a"]}
    assert door.learn(credential(**subject))
    document = credential(**subject)
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    if path[-1] == "count":
        node["amount"] = value
    else:
        node[path[-1]] = value
    if error is None:
        assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    else:
        with pytest.raises(error):
            door.canonicalize(document)


def test_equal_blank_nodes_fall_back_and_unequal_ones_do_not() -> None:
    door = canon()
    unequal = credential(parts=[{"label": "a"}, {"label": "b"}])
    equal = credential(parts=[{"label": "a"}, {"label": "a"}])
    for document in (unequal, equal):
        assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    stats = door.stats()
    assert (stats.compiles, stats.hits, stats.fallbacks) == (1, 1, 1)


def test_identical_nested_objects_with_ids_merge_as_a_set() -> None:
    door = canon()
    node = {"id": "urn:part", "label": "a"}
    document = credential(parts=[dict(node), dict(node)])
    assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    assert door.stats().hits == 1


def test_plan_handle_checks_the_shape_of_each_document() -> None:
    door = canon()
    handle = door.plan_for(credential())
    assert handle.is_compiled
    other = credential(label="y", amount=2.5, tags=["b", "c"])
    assert handle.canonicalize(other) == door.canonicalize_by_reference(other)
    assert door.stats().fallbacks == 0
    for document in (credential(label="x"), credential(label="x", amount=2, tags=["a"]), {"@context": V2, "type": []}):
        try:
            expected = door.canonicalize_by_reference(document)
        except VcError as refusal:
            with pytest.raises(type(refusal)):
                handle.canonicalize(document)
        else:
            assert handle.canonicalize(document) == expected


def test_plan_handle_without_plan_uses_the_reference() -> None:
    door = canon()
    document = credential(raw={"a": None})
    handle = door.plan_for(document)
    assert not handle.is_compiled
    assert handle.canonicalize(document) == door.canonicalize_by_reference(document)


def test_first_document_and_one_in_a_thousand_are_compared() -> None:
    compared: list[bytes] = []

    class Watched(Canonicalizer):
        def canonicalize_by_reference(self, document: Any, *, allow_inline: bool = False) -> bytes:
            data = super().canonicalize_by_reference(document, allow_inline=allow_inline)
            compared.append(data)
            return data

    door = Watched(documents.store())
    for number in range(2_001):
        door.canonicalize(credential(label=f"text {number}"))
    door.finish_rechecks()
    assert [data.count(b'"text 0"') + data.count(b'"text 1000"') + data.count(b'"text 2000"') for data in compared] == [
        1
    ] * 3


def test_a_mismatch_poisons_every_plan_of_its_contexts_and_is_reported() -> None:
    reported: list[PlanMismatch] = []
    door = canon(on_mismatch=reported.append)
    handle = door.plan_for(credential())
    assert door.learn(credential(label="another shape"))
    under_other_contexts = credential(label="x")
    under_other_contexts["@context"] = [V1, documents.URL]
    assert door.learn(under_other_contexts)
    assert handle._plan is not None
    handle._plan.fill = lambda _leaves: "wrong\n"
    assert door.canonicalize(credential()) == b"wrong\n"  # the comparison comes after the first answer
    door.finish_rechecks()
    assert door.stats().mismatches == 1
    assert len(reported) == 1
    assert not handle.is_compiled
    for document in (credential(), credential(label="another shape")):
        assert door.canonicalize(document) == door.canonicalize_by_reference(document)
        assert handle.canonicalize(document) == door.canonicalize_by_reference(document)
    assert door.stats().hits == 1
    assert not door.learn(credential(label="a third", note="shape"))
    assert door.canonicalize(under_other_contexts)
    assert door.stats().hits == 2


def test_a_plan_that_answers_where_the_reference_refuses_is_a_mismatch() -> None:
    door = canon()
    assert door.learn(credential(label="x", link="urn:a"))
    only_plan(door).fill = lambda _leaves: "wrong\n"
    assert door.canonicalize(credential(label="x", link="relative")) == b"wrong\n"
    door.finish_rechecks()
    assert door.stats().mismatches == 1
    with pytest.raises(UndefinedTerm):
        door.canonicalize(credential(label="x", link="relative"))


def test_a_plan_that_does_not_reproduce_its_marks_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.vc.canon.plans.generate_fill", lambda *_: lambda _leaves: "wrong\n")
    door = canon()
    assert not door.learn(credential())
    assert door.canonicalize(credential()) == door.canonicalize_by_reference(credential())


def test_the_oldest_shapes_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonicalizer, "MAX_PLANS", 32)
    door = canon()
    shapes = [credential(tags=["a"], parts=[{"label": str(i)} for i in range(number)]) for number in range(1, 41)]
    for document in shapes:
        door.canonicalize(document)
    stats = door.stats()
    assert len(door._plans) <= 32
    assert stats.evictions >= 8
    assert door.canonicalize(shapes[0]) == door.canonicalize_by_reference(shapes[0])


def test_one_schema_cannot_fill_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonicalizer, "MAX_PLANS_PER_CONTEXTS", 3)
    door = canon()
    for number in range(1, 6):
        door.canonicalize(credential(parts=[{"label": str(i)} for i in range(number)]))
    assert door.stats().compiles == 3
    assert door.learn(credential(label="asked for by name"))


def test_a_context_registered_later_is_seen() -> None:
    contexts = documents.store()
    door = Canonicalizer(contexts)
    document = {"@context": "https://cred.example/contexts/later/1", "later": "x"}
    with pytest.raises(ContextNotAllowed):
        door.canonicalize(document)
    contexts.register("https://cred.example/contexts/later/1", b'{"@context":{"later":{"@id":"urn:later"}}}')
    assert door.canonicalize(document) == b'_:c14n0 <urn:later> "x" .\n'


def test_prefixes_of_contexts_do_not_change_what_a_plan_signs() -> None:
    """A value that begins with a prefix of some context is expanded, so no plan may take it as it is."""
    door = canon()
    assert door.learn(credential(link="urn:a"))
    data = door.canonicalize(credential(link="ex:thing"))
    assert b"<https://vocabulary.example/ns#thing>" in data
    assert b"<ex:thing>" not in data


def test_free_text_types_share_one_plan() -> None:
    door = canon()
    for text in ("BachelorDegree", "MasterDegree", "urn:looks:like:a:type", "Thing"):
        document = credential(degree={"type": text, "gpa": 3.8})
        assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    assert door.stats().compiles == 1
    assert door.stats().hits == 4


def test_source_of_plans_holds_nothing_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and texts reach a plan as arguments, so none can become code."""
    sources: list[str] = []
    real = compile
    monkeypatch.setattr(
        "sealwright.vc.canon.generation.compile",
        lambda text, *rest: (sources.append(text), real(text, *rest))[1],
        raising=False,
    )
    door = canon()
    document = credential(part={"ex:'+__import__('os')+'": "{v0}", "label": "y"}, label="z")
    assert door.learn(document)
    assert door.canonicalize(document) == door.canonicalize_by_reference(document)
    assert len(sources) == 2
    words = ("import", "os", "label", "cred.example", "urn:", "mark", "issuer", "x.", "degree")
    assert not [word for word in words for text in sources if word in text]


def test_documents_are_not_altered() -> None:
    door = canon()
    document = credential()
    before = copy.deepcopy(document)
    door.canonicalize(document)
    door.plan_for(document).canonicalize(document)
    assert document == before
