"""Compiled plans against the reference: the same bytes or the same refusal, on generated credentials.

Counts are those that the engine promises: 10,000 generated credentials and 10,000 hostile variants.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from pyld import jsonld

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.canon.terms import line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import VcError
from tests.support import documents, nquads, vectors

SHAPES, PER_SHAPE = 250, 40


def outcome(work: Any, document: Any) -> tuple[Any, ...]:
    """What a way to canonicalize answers: the bytes, or which refusal and where."""
    try:
        return ("bytes", work(document))
    except VcError as refusal:
        return (type(refusal).__name__, refusal.pointer)


class Remembering(Canonicalizer):
    """Keeps the last answer of the reference, which is asked for the same document as fallback right after."""

    _last: tuple[Any, tuple[Any, ...]] = (None, ())

    def canonicalize_by_reference(self, document: Any, *, allow_inline: bool = False) -> bytes:
        held, answer = self._last
        if held is not document:
            try:
                answer = ("bytes", super().canonicalize_by_reference(document, allow_inline=allow_inline))
            except VcError as refusal:
                answer = ("refusal", refusal)
            self._last = (document, answer)
        if answer[0] == "refusal":
            raise answer[1]
        return answer[1]  # type: ignore[no-any-return]


def generated(seed: int, per_shape: int = PER_SHAPE) -> Any:
    for shape in range(SHAPES):
        leaves = random.Random(seed * 1_000_003 + shape)
        for _ in range(per_shape):
            yield documents.credential(random.Random(seed + shape), leaves)


def test_generated_credentials_give_the_bytes_of_the_reference() -> None:
    canon = Remembering(documents.store())
    kinds: Counter[str] = Counter()
    for document in generated(1):
        expected = outcome(canon.canonicalize_by_reference, document)
        assert outcome(canon.canonicalize, document) == expected, document
        kinds[expected[0]] += 1
    canon.finish_rechecks()
    stats = canon.stats()
    assert kinds.total() == 10_000
    assert kinds["bytes"] > 9_900
    assert stats.hits > 8_000
    assert stats.mismatches == 0


def test_hostile_variants_give_the_answer_of_the_reference() -> None:
    canon = Remembering(documents.store())
    source = random.Random(2)
    kinds: Counter[str] = Counter()
    for number, document in enumerate(generated(2)):
        handle = canon.plan_for(document) if number % PER_SHAPE == 0 else handle  # type: ignore[has-type]  # noqa: F821
        broken = documents.hostile(document, source)
        expected = outcome(canon.canonicalize_by_reference, broken)
        assert outcome(lambda hostile: canon.canonicalize(hostile, stranger=True), broken) == expected, broken
        assert outcome(handle.canonicalize, broken) == expected, broken
        kinds[expected[0]] += 1
    canon.finish_rechecks()
    assert kinds.total() == 10_000
    assert canon.stats().mismatches == 0
    assert canon.stats().hits > 400
    # The variants are of no use if all fail alike, or none does.
    assert kinds["bytes"] > 1_500
    for refusal in ("UndefinedTerm", "UnsignableValue", "ContextNotAllowed", "NumberOutOfRange", "MalformedDocument"):
        assert kinds[refusal] > 50, kinds


def test_canonicalization_leaves_its_input_alone() -> None:
    canon = Canonicalizer(documents.store())
    for document in generated(3, 2):
        before = repr(document)
        canon.canonicalize_by_reference(document)
        canon.canonicalize(document)
        canon.plan_for(document).canonicalize(document)
        assert repr(document) == before


def test_a_third_implementation_labels_and_escapes_alike() -> None:
    contexts = documents.store()
    canon, reference = Canonicalizer(contexts), ReferenceProcessor(contexts)
    ran = 0
    for document in generated(4, 4):
        statements = "".join(line(quad) for quad in reference.quads(document, WorkBudget()))
        assert canon.canonicalize(document) == nquads.third_opinion(statements.encode())
        ran += 1
    assert ran == 1_000


def test_unaltered_pyld_agrees_where_it_escapes_rightly() -> None:
    contexts = documents.store()
    canon = Canonicalizer(contexts)

    def load(url: str, _options: Any) -> Any:
        document = jsonld.json.loads(contexts.get(url).content)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": document}

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "base": None, "documentLoader": load}
    ran = 0
    for document in generated(5, 2):
        ours = canon.canonicalize(document).decode()
        if "\\u00" not in ours and "\\b" not in ours and "\\f" not in ours:
            assert ours == jsonld.normalize(document, options)
            ran += 1
    assert ran > 100


@pytest.mark.parametrize(
    ("suite", "least"),
    [("jsonld-api", 300), ("vcdm2-suite-inputs", 80), ("vc-di-eddsa", 10), ("bitstring-status-list", 4)],
)
def test_published_documents_have_one_answer_on_both_roads(suite: str, least: int) -> None:
    """Many of these name contexts that are not pinned, and are refused; none may differ between the roads."""
    canon = Canonicalizer(ContextStore.pinned())
    ran = 0
    for path in sorted(vectors.folder(suite).rglob("*.json*")):
        held = vectors.read_json(path)
        # One file is a list of examples, each with a title.
        for document in [example.get("json") for example in held] if isinstance(held, list) else [held]:
            if isinstance(document, dict):
                expected = outcome(canon.canonicalize_by_reference, document)
                for _ in range(2):
                    assert outcome(canon.canonicalize, document) == expected, path
                ran += 1
    assert ran >= least
