"""Canonical N-Quads are the same bytes in our processor and in Digital Bazaar's, value by value."""

from __future__ import annotations

import random

import pytest

from sealwright.vc.errors import DocumentRefused
from tests.interop import documents
from tests.interop.ours import Ours
from tests.interop.peer import DigitalBazaar

CORPUS = 600
BATCH = 100
SEEDS = (20260601, 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_canonical_forms_are_the_same_bytes(ours: Ours, digital_bazaar: DigitalBazaar, seed: int) -> None:
    corpus = list(documents.corpus(CORPUS, seed))
    theirs = [
        answer
        for at in range(0, CORPUS, BATCH)
        for answer in digital_bazaar.canonize(corpus[at : at + BATCH], documents=documents.CONTEXTS)
    ]
    compared = 0
    for document, answer in zip(corpus, theirs, strict=True):
        # Their default work limit gives up on a few documents with many blank nodes; nothing else may be refused.
        if "error" in answer:
            assert "Maximum deep iterations exceeded" in answer["error"]
            continue
        assert ours.canon.canonicalize(document).decode() == answer["nquads"], document["credentialSubject"]
        compared += 1
    assert compared >= CORPUS * 0.98


def test_canonical_form_does_not_depend_on_member_order(ours: Ours, digital_bazaar: DigitalBazaar) -> None:
    chance = random.Random(3)
    for document in documents.corpus(40, 99):
        members = list(document.items())
        chance.shuffle(members)
        shuffled = dict(members)
        theirs = digital_bazaar.canonize([shuffled], documents=documents.CONTEXTS)[0]
        if "error" not in theirs:
            assert ours.canon.canonicalize(document).decode() == theirs["nquads"]


@pytest.mark.parametrize(("value", "our_form", "their_form"), documents.DISPUTED.values(), ids=list(documents.DISPUTED))
def test_disputed_numbers_stay_as_documented(
    ours: Ours, digital_bazaar: DigitalBazaar, value: float, our_form: str, their_form: str
) -> None:
    subject = {"id": "did:example:holder", "gpa": value}
    document = documents.degree("2.0", "did:example:issuer", credentialSubject=subject)
    theirs = digital_bazaar.canonize([document], documents=documents.CONTEXTS)[0]["nquads"]
    assert f'gpa> "{our_form}"^^' in ours.canon.canonicalize(document).decode()
    assert f'gpa> "{their_form}"^^' in theirs


def test_order_beyond_the_basic_plane_stays_as_documented(ours: Ours, digital_bazaar: DigitalBazaar) -> None:
    """RDFC-1.0 orders quads by code point; theirs by UTF-16 unit, which puts U+FF01 after an emoji."""
    subject = {"id": "did:example:holder", "skills": ["\uff01", "\U0001f600"]}
    document = documents.degree("2.0", "did:example:issuer", credentialSubject=subject)
    theirs = digital_bazaar.canonize([document], documents=documents.CONTEXTS)[0]["nquads"]
    our_own = ours.canon.canonicalize(document).decode()
    assert our_own != theirs
    assert sorted(our_own.split("\n")) == sorted(theirs.split("\n"))
    assert our_own.index("\uff01") < our_own.index("\U0001f600")
    assert theirs.index("\uff01") > theirs.index("\U0001f600")


@pytest.mark.parametrize(
    "member", [{"undefinedTerm": "x"}, {"degree": {"undefinedTerm": "x"}}], ids=["in the subject", "in a nested object"]
)
def test_both_refuse_a_term_that_no_context_defines(
    ours: Ours, digital_bazaar: DigitalBazaar, member: dict[str, object]
) -> None:
    document = documents.degree("1.1", "did:example:issuer", credentialSubject={"id": "did:example:holder", **member})
    assert "error" in digital_bazaar.canonize([document], documents=documents.CONTEXTS)[0]
    with pytest.raises(DocumentRefused):
        ours.canon.canonicalize(document)
