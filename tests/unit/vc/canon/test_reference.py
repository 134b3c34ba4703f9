"""The reference processor as a whole: reuse, bytes, and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.reference import ReferenceProcessor, encode
from sealwright.vc.errors import InvalidUnicode, UndefinedTerm
from tests.support import documents

V2 = "https://www.w3.org/ns/credentials/v2"


def note(text: str) -> dict[str, object]:
    return {"@context": [V2, documents.URL], "id": "urn:note", "label": text}


def test_statements_are_sorted_and_end_with_a_line_feed() -> None:
    dataset = ReferenceProcessor(documents.store()).canonicalize(note("x"), WorkBudget())
    assert dataset.lines == (f'<urn:note> <{documents.IRI}label> "x" .\n',)
    assert dataset.labels == {}


def test_encode_joins_and_refuses_lone_surrogates() -> None:
    assert encode(["é .\n", "b .\n"]) == "é .\nb .\n".encode()
    with pytest.raises(InvalidUnicode):
        encode(["\ud800"])


def test_what_an_inline_context_defines_does_not_outlive_its_document() -> None:
    reference = ReferenceProcessor(documents.store())
    inline = {"@context": [V2, {"fresh": "urn:fresh"}], "fresh": "x"}
    assert reference.canonicalize(inline, WorkBudget(), allow_inline=True).lines
    with pytest.raises(UndefinedTerm):
        reference.canonicalize({"@context": [V2], "fresh": "x"}, WorkBudget())
    other = {"@context": [V2, {"fresh": "urn:other"}], "fresh": "x"}
    assert reference.canonicalize(other, WorkBudget(), allow_inline=True).lines == ('_:c14n0 <urn:other> "x" .\n',)


def test_a_refusal_leaves_the_next_document_unharmed() -> None:
    reference = ReferenceProcessor(documents.store())
    for _ in range(3):
        with pytest.raises(UndefinedTerm):
            reference.canonicalize({**note("x"), "unheardOf": 1}, WorkBudget())
        assert reference.canonicalize(note("x"), WorkBudget()).lines


def test_many_threads_get_their_own_answers() -> None:
    reference = ReferenceProcessor(documents.store())
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: reference.canonicalize(note(f"text {n}"), WorkBudget()).lines[0], range(400)))
    assert made == [f'<urn:note> <{documents.IRI}label> "text {n}" .\n' for n in range(400)]


def test_trial_tells_which_documents_a_plan_may_take() -> None:
    reference = ReferenceProcessor(documents.store())
    assert reference.trial(note("x"), WorkBudget())[1]
    assert not reference.trial({**note("x"), "ordered": ["a"]}, WorkBudget())[1]
    assert reference.trial(note("x"), WorkBudget())[1]
