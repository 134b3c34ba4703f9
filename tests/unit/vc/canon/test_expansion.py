"""The reference refuses what JSON-LD drops, and says where. Each case here was seen to vanish without the check."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.errors import (
    MalformedDocument,
    TermConflict,
    TooComplex,
    UndefinedTerm,
    UnsignableValue,
    VcError,
)
from tests.support import documents

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
REFERENCE = ReferenceProcessor(documents.store())


def credential(**subject: Any) -> dict[str, Any]:
    return {
        "@context": [V2, documents.URL],
        "id": "urn:uuid:2f1c1e0a-8d5e-4c9e-9d0a-6a1d7f0c2b3e",
        "type": ["VerifiableCredential", "TestCredential"],
        "issuer": "did:adi:issuer",
        "credentialSubject": {"id": "did:adi:holder", **subject},
    }


def lines(document: dict[str, Any], *, allow_inline: bool = False) -> str:
    return "".join(REFERENCE.canonicalize(document, WorkBudget(), allow_inline=allow_inline).lines)


@pytest.mark.parametrize(
    ("subject", "error", "pointer"),
    [
        ({"unheardOf": 1}, UndefinedTerm, "/unheardOf"),
        ({"part": {"label": "x", "unheardOf": 1}}, UndefinedTerm, "/part/unheardOf"),
        ({"parts": [{"label": "x"}, {"label": "y", "unheard/of": 1}]}, UndefinedTerm, "/parts/1/unheard~1of"),
        ({"": "x"}, UndefinedTerm, "/"),
        ({"@foo": "x"}, UndefinedTerm, "/@foo"),
        ({"_:p": "x"}, UndefinedTerm, "/_:p"),
        ({"part": {"type": "Unheard", "label": "x"}}, UndefinedTerm, "/part/type"),
        ({"part": {"type": ["Thing", "a/b"], "label": "x"}}, UndefinedTerm, "/part/type"),
        ({"part": {"id": "relative", "label": "x"}}, UndefinedTerm, "/part/id"),
        ({"part": {"id": "", "label": "x"}}, UndefinedTerm, "/part/id"),
        ({"part": {"id": "urn:a b", "label": "x"}}, UndefinedTerm, "/part/id"),
        ({"part": {"id": "urn:a><urn:b", "label": "x"}}, UndefinedTerm, "/part/id"),
        ({"part": {"id": "@unheard", "label": "x"}}, UndefinedTerm, "/part/id"),
        ({"link": "relative"}, UndefinedTerm, "/link"),
        ({"links": ["urn:a", "#b"]}, UndefinedTerm, "/links"),
        ({"mode": "Unheard"}, UndefinedTerm, "/mode"),
        ({"link": {"@id": "relative"}}, UndefinedTerm, "/link/@id"),
        ({"label": {"@value": "x", "@type": "relative"}}, UndefinedTerm, "/label/@type"),
        ({"label": None}, UnsignableValue, "/label"),
        ({"label": []}, UnsignableValue, "/label"),
        ({"label": {}}, UnsignableValue, "/label"),
        ({"label": ["a", None]}, UnsignableValue, "/label"),
        ({"label": ["a", []]}, UnsignableValue, "/label"),
        ({"label": [["a"]]}, UnsignableValue, "/label"),
        ({"parts": [{}]}, UnsignableValue, "/parts"),
        ({"part": {"id": None, "label": "x"}}, UnsignableValue, "/part/id"),
        ({"part": {"type": [], "label": "x"}}, UnsignableValue, "/part/type"),
        ({"label": {"@value": None}}, UnsignableValue, "/label/@value"),
        ({"label": {"@language": "en"}}, UnsignableValue, "/label"),
        ({"label": {"@value": "x", "@index": "i"}}, UnsignableValue, "/label/@index"),
        ({"label": {"@value": "x", "@direction": "rtl"}}, UnsignableValue, "/label/@direction"),
        ({"byName": {"k": {"label": "x"}}}, UnsignableValue, "/byName"),
        ({"texts": {"en": None}}, UnsignableValue, "/texts"),
        ({"ordered": []}, UnsignableValue, "/ordered"),
        ({"@graph": ["free"]}, UnsignableValue, None),
        ({"@graph": [{"id": "urn:only"}]}, UnsignableValue, None),
        ({"part": {"id": 5, "label": "x"}}, MalformedDocument, None),
        ({"part": {"type": 5, "label": "x"}}, MalformedDocument, None),
        ({"label": {"@value": ["x"]}}, MalformedDocument, None),
        ({"partOf": "text"}, MalformedDocument, None),
    ],
    ids=repr,
)
def test_what_would_vanish_is_refused_with_its_place(
    subject: dict[str, Any], error: type[VcError], pointer: str | None
) -> None:
    with pytest.raises(error) as refusal:
        lines(credential(**subject))
    assert type(refusal.value) is error
    if pointer is not None:
        assert refusal.value.pointer == f"/credentialSubject{pointer}"


@pytest.mark.parametrize(
    "subject",
    [
        {"raw": {"a": [None, [], {}], "b": {"@id": "x"}}},
        {"raw": None},
        {"raw": []},
        {"label": {"@type": "@json", "@value": {"a": None}}},
        {"ordered": ["a", ["b"]]},
        {"texts": {"en": "x", "@none": "y"}},
        {"label": ["a", "a"]},
        {"link": {"id": "_:b7", "label": "x"}},
        {"ex:compact": "x"},
        {"urn:absolute": "x"},
        {"mode": "Fast"},
        {"mode": "urn:slow"},
        {"degree": {"type": "free text", "gpa": 1.5}},
        {"partOf": {"id": "urn:whole"}},
    ],
    ids=repr,
)
def test_what_reaches_the_signed_form_is_taken(subject: dict[str, Any]) -> None:
    assert lines(credential(**subject))


def test_a_document_without_context_defines_nothing() -> None:
    with pytest.raises(UndefinedTerm):
        lines({"type": "VerifiableCredential", "issuer": "did:adi:issuer"})


def test_documents_that_state_nothing_are_refused() -> None:
    with pytest.raises(UnsignableValue):
        lines({"@context": V2, "id": "urn:alone"})


def test_the_vocabulary_of_the_pinned_examples_defines_everything() -> None:
    document = credential(unheardOf={"deep": "x", "type": "Unheard"})
    document["@context"] = [V2, EXAMPLES]
    document["type"] = ["VerifiableCredential", "Unheard"]
    assert "https://www.w3.org/ns/credentials/examples#unheardOf" in lines(document)


def test_protected_terms_are_not_redefined_by_a_later_context() -> None:
    document = credential(label="x")
    document["@context"] = [V2, V1]
    with pytest.raises(TermConflict):
        lines(document)


@pytest.mark.parametrize(
    ("inline", "error"),
    [
        ({"label": "urn:other"}, TermConflict),
        ({"name": "urn:other"}, TermConflict),
        ({"id": "urn:other"}, TermConflict),
        ({"did": "urn:elsewhere:"}, TermConflict),
        ({"URN": "urn:elsewhere:"}, TermConflict),
        ({"fresh": {"@id": "urn:fresh", "@context": {"label": "urn:other"}}}, TermConflict),
        ({"fresh": {"@id": "relative"}}, MalformedDocument),
    ],
    ids=repr,
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_inline_contexts_redefine_nothing(inline: dict[str, Any], error: type[VcError], is_nested: bool) -> None:
    document = credential(label="x")
    if is_nested:
        document["credentialSubject"]["@context"] = inline
    else:
        document["@context"].append(inline)
    with pytest.raises(error):
        lines(document, allow_inline=True)


def test_inline_contexts_may_add_terms_at_any_depth() -> None:
    document = credential(part={"@context": {"fresh": "urn:fresh"}, "fresh": "new"}, label="x")
    document["@context"].append({"other": {"@id": "urn:other", "@context": {"inside": "urn:inside"}}})
    document["credentialSubject"]["other"] = {"inside": "deep", "other": {"inside": "deeper"}}
    form = lines(document, allow_inline=True)
    for text in ("new", "deep", "deeper"):
        assert f'"{text}"' in form
    with pytest.raises(UndefinedTerm):
        lines(credential(fresh="not carried over"))


def test_terms_of_an_inline_context_end_with_their_object() -> None:
    document = credential(part={"@context": {"fresh": "urn:fresh"}, "fresh": "in"}, fresh="out")
    with pytest.raises(UndefinedTerm) as refusal:
        lines(document, allow_inline=True)
    assert refusal.value.pointer == "/credentialSubject/fresh"


def test_line_separators_inside_literals_end_no_statement() -> None:
    form = lines(credential(label="a\x85b\u2028c\x0bd"))
    assert '"a\x85b\u2028c\\u000Bd"' in form
    assert all(statement.endswith(" .") for statement in form.split("\n")[:-1])


def test_the_deadline_holds_during_expansion() -> None:
    ticks = iter(range(10**9))
    budget = WorkBudget(10**9, deadline=3, clock=lambda: float(next(ticks)))
    with pytest.raises(TooComplex):
        REFERENCE.canonicalize(credential(parts=[{"label": str(i)} for i in range(500)]), budget)


def test_the_deadline_holds_while_contexts_are_read() -> None:
    scoped = {f"t{number}": {"@id": "urn:t", "@context": {"s": "urn:s"}} for number in range(300)}
    document = {"@context": [V2, scoped], "id": "urn:a", "t1": "x"}
    budget = WorkBudget(10**9, deadline=0.0, clock=lambda: 1.0)
    with pytest.raises(TooComplex):
        ReferenceProcessor(documents.store()).canonicalize(document, budget, allow_inline=True)


def test_relative_identifiers_do_not_become_addresses_of_a_made_up_host() -> None:
    with pytest.raises(UndefinedTerm):
        lines({**credential(), "id": "relative"})
