"""Statements and their groups: by plan as by the reference, and as by the specification's own algorithms."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from pyld import jsonld

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.terms import Quad, line, parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import DerivationInvalid, TooComplex, UnsignableValue
from sealwright.vc.proofs.selective import skolem
from sealwright.vc.proofs.selective.grouping import MAX_STATEMENTS, Statements, disclose, read_statements, receive
from sealwright.vc.proofs.selective.labels import hmac_labels, shuffled_labels
from sealwright.vc.proofs.selective.selection import select
from sealwright.vc.proofs.suites.suite import Hashing
from tests.interop import documents

KEY = bytes(range(32))


@cache
def canonicalizer() -> Canonicalizer:
    store = ContextStore.pinned()
    store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
    return Canonicalizer(store)


class Reference:
    """The same door without plans and memories."""

    def __init__(self) -> None:
        store = ContextStore.pinned()
        store.register(documents.CONTEXT_URL, documents.CONTEXT_BYTES)
        self._store = store

    def canonicalize(self, document: Mapping[str, Any], *, allow_inline: bool = False, **_: Any) -> bytes:
        return canonicalizer().canonicalize_by_reference(document, allow_inline=allow_inline)

    def unnamed_nodes(self, document: Mapping[str, Any], *, allow_inline: bool = False) -> Any:
        return Canonicalizer(self._store).unnamed_nodes(document, allow_inline=allow_inline)


def statements_of(document: Mapping[str, Any], canon: Any = None) -> Statements:
    return read_statements(document, Hashing(canon or canonicalizer()), hmac_labels, KEY)


def corpus(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Generated credentials of Data Model 2.0 without ordered lists, which cannot be shown in part."""
    made = (document for document in documents.corpus(count * 8, seed) if not _holds(document, "courses"))
    return itertools.islice((document for document in made if "validFrom" in document), count)


def _holds(node: Any, name: str) -> bool:
    if isinstance(node, dict):
        return name in node or any(_holds(value, name) for value in node.values())
    return isinstance(node, list) and any(_holds(item, name) for item in node)


def pointers_of(node: Any, at: str = "") -> Iterator[str]:
    """Every pointer into a document, but into its contexts."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in members:
        if step != "@context":
            yield f"{at}/{step}"
            yield from pointers_of(value, f"{at}/{step}")


def test_plans_and_memories_give_what_the_reference_gives() -> None:
    chance = random.Random(20_26)
    compared = 0
    reference = Reference()
    for document in corpus(60, 5):
        every = sorted(pointers_of(document))
        asked = [chance.sample(every, min(len(every), size)) for size in (1, 2, 5)]
        for labelling in (hmac_labels, shuffled_labels):
            slow = read_statements(document, Hashing(reference), labelling, KEY)
            fast = read_statements(document, Hashing(canonicalizer()), labelling, KEY)
            assert fast.lines == slow.lines
            for pointers in asked:
                assert fast.chosen(pointers) == slow.chosen(pointers)
                assert disclose(fast, ["/issuer"], pointers) == disclose(slow, ["/issuer"], pointers)
                compared += 1
    assert compared == 360
    assert canonicalizer().stats().hits > compared


def loader(url: str, _options: Any) -> dict[str, Any]:
    pinned = {context.url: context.document for context in ContextStore.pinned().snapshot().values()}
    return {"contextUrl": None, "documentUrl": url, "document": {**pinned, **documents.CONTEXTS}[url]}


def by_the_letter(document: Mapping[str, Any], groups: list[list[str]]) -> tuple[list[str], list[set[str]]]:
    """The statements and groups, by expanding, naming the expanded form, compacting, and selecting from that.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "canonicalizeAndGroup", step by step.
    """
    options = {"documentLoader": loader}
    counter = itertools.count()

    def named(nodes: list[Any]) -> list[Any]:
        made = []
        for node in nodes:
            if not isinstance(node, dict) or "@value" in node:
                made.append(node)
                continue
            copy = {
                name: named(value) if isinstance(value, list) else named([value])[0] for name, value in node.items()
            }
            made.append({"@id": f"urn:bnid:_{next(counter)}", **copy})
        return made

    expanded = named(jsonld.expand(document, options))
    compact = jsonld.compact(expanded, document["@context"], options)
    quads = rdf(compact)
    labels = canonicalize_quads(quads, WorkBudget()).labels
    hashed = hmac_labels(KEY, labels.values())
    final = {node: hashed[label] for node, label in labels.items()}
    chosen = [{relabelled(quad, final) for quad in rdf(select(compact, pointers))} for pointers in groups]
    return sorted({relabelled(quad, final) for quad in quads}), chosen


def rdf(document: Mapping[str, Any]) -> list[Quad]:
    """The statements, by our reference processor, with names made blank nodes again."""
    quads = []
    for text in canonicalizer().dataset(document).lines:
        subject, predicate, object_, graph = parse_line(text)
        quads.append((blank(subject), predicate, blank(object_), blank(graph)))
    return quads


def blank(term: str) -> str:
    return f"_:{term[10:-1]}" if term.startswith("<urn:bnid:") else term


def relabelled(quad: Quad, labels: Mapping[str, str]) -> str:
    subject, predicate, object_, graph = quad
    return line((labels.get(subject, subject), predicate, labels.get(object_, object_), graph))


def test_the_specification_followed_to_the_letter_gives_the_same() -> None:
    chance = random.Random(7)
    compared = 0
    for document in corpus(25, 11):
        # Compaction writes some values otherwise, so that only pointers to members of objects lead to the same place.
        every = [pointer for pointer in sorted(pointers_of(document)) if not any(c.isdigit() for c in pointer)]
        groups = [["/issuer"], *(chance.sample(every, min(len(every), 3)) for _ in range(3))]
        statements = statements_of(document)
        try:
            lines, chosen = by_the_letter(document, groups)
        except DerivationInvalid:
            continue
        assert list(statements.lines) == lines
        for pointers, wanted in zip(groups, chosen, strict=True):
            assert {statements.lines[index] for index in statements.chosen(pointers)} == wanted
            compared += 1
    assert compared >= 80


def test_what_is_shown_is_found_again_by_who_has_no_more() -> None:
    chance = random.Random(3)
    for document in corpus(40, 23):
        statements = statements_of(document)
        every = sorted(pointers_of(document))
        shown = disclose(statements, ["/issuer", "/validFrom"], chance.sample(every, min(len(every), 3)))
        received = receive(shown.document, Hashing(canonicalizer()), shown.labels, shown.mandatory)
        assert received is not None
        always = set(statements.chosen(["/issuer", "/validFrom"]))
        free = [text for index, text in enumerate(statements.lines) if index not in always]
        assert received.mandatory == [statements.lines[index] for index in sorted(always)]
        assert received.others == [free[index] for index in shown.selective]


def test_twins_without_an_id_are_told_apart() -> None:
    """Two nested objects that say the same: showing one of them shows one statement of theirs."""
    document = documents.degree("2.0", "did:example:i")
    twin = {"street": "A", "country": "CH"}
    document["credentialSubject"]["address"] = [dict(twin), dict(twin)]
    statements = statements_of(document)
    assert len(statements.chosen(["/credentialSubject/address/0/street"])) < len(
        statements.chosen(["/credentialSubject/address"])
    )
    first, second = (statements.chosen([f"/credentialSubject/address/{index}"]) for index in (0, 1))
    assert first != second
    shown = disclose(statements, ["/issuer"], ["/credentialSubject/address/1"])
    assert shown.document["credentialSubject"] == {"id": "did:example:holder", "address": [twin]}


def test_names_are_given_and_taken_away_and_never_leave() -> None:
    document = documents.degree("2.0", "did:example:i")
    statements = statements_of(document)
    assert skolem.PREFIX in str(statements.named)
    assert skolem.strip_names(statements.named) == document
    assert skolem.PREFIX not in "".join(statements.lines)
    assert skolem.PREFIX not in str(disclose(statements, ["/issuer"], ["/credentialSubject"]))


def test_a_text_that_looks_like_a_blank_node_or_a_name_is_a_text() -> None:
    document = documents.degree("2.0", "did:example:i")
    for text in ("_:c14n0", "_:s0 .", "<urn:bnid:x:0>", '" <urn:bnid:x:0> .', "_:b0 <x> _:b1"):
        document["credentialSubject"]["degree"]["university"] = text
        statements = statements_of(document)
        lines = [statements.lines[i] for i in statements.chosen(["/credentialSubject/degree/university"])]
        escaped = text.replace('"', '\\"')
        assert sum(f'"{escaped}"' in found for found in lines) == 1
        shown = disclose(statements, ["/issuer"], ["/credentialSubject/degree/university"])
        assert receive(shown.document, Hashing(canonicalizer()), shown.labels, shown.mandatory) is not None


@pytest.mark.parametrize(
    "members",
    [
        {"courses": ["a", "b"]},
        {"knows": [{"id": "_:x", "title": "t"}]},
        {"homepage": "_:x"},
    ],
)
def test_blank_nodes_without_a_place_are_refused(members: dict[str, Any]) -> None:
    document = documents.degree("2.0", "did:example:i")
    document["credentialSubject"] |= members
    with pytest.raises(UnsignableValue):
        statements_of(document)


def test_too_many_statements_are_refused() -> None:
    document = documents.degree("2.0", "did:example:i")
    document["credentialSubject"]["skills"] = [f"skill {number}" for number in range(MAX_STATEMENTS)]
    with pytest.raises(TooComplex):
        statements_of(document)


def test_a_name_that_a_stranger_guesses_would_be_of_no_use() -> None:
    """Names are drawn with the process; another's name stays a name."""
    document = documents.degree("2.0", "did:example:i")
    document["credentialSubject"]["knows"] = [{"id": "urn:bnid:0", "title": "t"}]
    statements = statements_of(document)
    assert any(found.startswith("<urn:bnid:0>") for found in statements.lines)


def test_receiving_wants_the_labels_of_exactly_the_blank_nodes() -> None:
    shown = disclose(
        statements_of(documents.degree("2.0", "did:example:i")), ["/issuer"], ["/credentialSubject/degree"]
    )
    hashing = Hashing(canonicalizer())
    assert shown.labels.keys() == {"_:c14n0"}
    assert receive(shown.document, hashing, shown.labels, shown.mandatory) is not None
    for labels in ({}, {**shown.labels, "_:c14n1": "_:u"}, {"_:c14n1": shown.labels["_:c14n0"]}):
        assert receive(shown.document, hashing, labels, shown.mandatory) is None
    assert receive(shown.document, hashing, shown.labels, [99]) is None


def test_labels_are_those_of_the_specification() -> None:
    labels = hmac_labels(KEY, ["_:c14n0", "_:c14n1", "_:c14n2"])
    assert all(label.startswith("_:u") and len(label) == 46 for label in labels.values())
    assert len(set(labels.values())) == 3
    assert hmac_labels(bytes(32), ["_:c14n0"]) != hmac_labels(KEY, ["_:c14n0"])
    ranked = shuffled_labels(KEY, labels)
    assert sorted(ranked.values()) == ["_:b0", "_:b1", "_:b2"]
    assert sorted(labels, key=lambda label: labels[label]) == sorted(ranked, key=lambda label: ranked[label])


def test_a_canonicalizer_that_knows_no_nodes_does_not_serve() -> None:
    class Bare:
        def canonicalize(self, document: Mapping[str, Any], **_: Any) -> bytes:
            return canonicalizer().canonicalize(document)

    with pytest.raises(TypeError):
        read_statements(documents.degree("2.0", "did:example:i"), Hashing(Bare()), hmac_labels, KEY)
