"""The memory of option hashes: right answers only, bounded, and never for options of one document alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256, sha384
from typing import Any

import pytest

from sealwright.vc.proofs.canonical import MAX_REMEMBERED, OptionsHashes, options_key, rdf_options_hash

CONTEXTS = ["https://www.w3.org/ns/credentials/v2"]
OPTIONS: dict[str, Any] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "created": "2026-11-21T02:29:00Z",
    "verificationMethod": "did:adi:a#k",
    "proofPurpose": "assertionMethod",
}


class Counting:
    """A canonicalizer that writes its input down and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def canonicalize(
        self,
        document: Mapping[str, Any],
        *,
        allow_inline: bool = False,
        stranger: bool = False,
        hash_name: str = "SHA-256",
    ) -> bytes:
        self.calls += 1
        return repr(sorted(document.items(), key=lambda item: item[0])).encode()


def hash_with(canon: Counting, options: dict[str, Any], contexts: Any = CONTEXTS, *, stranger: bool = False) -> bytes:
    return rdf_options_hash(options, contexts, canon, allow_inline=False, stranger=stranger)


def test_the_same_options_are_hashed_once_and_rightly() -> None:
    canon = Counting()
    expected = sha256(canon.canonicalize({"@context": CONTEXTS, **OPTIONS})).digest()
    assert hash_with(canon, OPTIONS) == hash_with(canon, dict(OPTIONS)) == expected
    assert canon.calls == 2


@pytest.mark.parametrize("member", OPTIONS)
def test_every_member_counts(member: str) -> None:
    canon = Counting()
    first = hash_with(canon, OPTIONS)
    assert hash_with(canon, {**OPTIONS, member: "other"}) != first
    assert canon.calls == 2


def test_the_contexts_count() -> None:
    canon = Counting()
    assert hash_with(canon, OPTIONS) != hash_with(canon, OPTIONS, [*CONTEXTS, "https://a.example/v1"])


@pytest.mark.parametrize("member", ["challenge", "domain", "nonce", "id", "expires", "previousProof", "unknown"])
def test_options_of_one_document_are_not_remembered(member: str) -> None:
    assert options_key({**OPTIONS, member: "x"}, CONTEXTS) is None
    canon = Counting()
    hash_with(canon, {**OPTIONS, member: "x"})
    hash_with(canon, {**OPTIONS, member: "x"})
    assert canon.calls == 2


@pytest.mark.parametrize("contexts", [[*CONTEXTS, {"a": "urn:a:b"}], CONTEXTS[0], None])
def test_inline_contexts_are_not_remembered(contexts: Any) -> None:
    assert options_key(OPTIONS, contexts) is None


@pytest.mark.parametrize("missing", ["created", "proofPurpose"])
def test_incomplete_options_are_not_remembered(missing: str) -> None:
    assert options_key({name: value for name, value in OPTIONS.items() if name != missing}, CONTEXTS) is None


def test_members_that_are_no_text_are_not_remembered() -> None:
    assert options_key({**OPTIONS, "verificationMethod": {"id": "did:adi:a#k"}}, CONTEXTS) is None


def test_strangers_do_not_push_ours_out() -> None:
    canon = Counting()
    hash_with(canon, OPTIONS)
    for number in range(MAX_REMEMBERED + 1):
        hash_with(canon, {**OPTIONS, "created": str(number)}, stranger=True)
    before = canon.calls
    hash_with(canon, OPTIONS)
    assert canon.calls == before


def test_the_hash_function_counts() -> None:
    canon = Counting()
    hash_with(canon, OPTIONS)
    longer = rdf_options_hash(OPTIONS, CONTEXTS, canon, allow_inline=False, stranger=False, hash_name="SHA-384")
    assert longer == sha384(canon.canonicalize({"@context": CONTEXTS, **OPTIONS})).digest()
    assert len(hash_with(canon, OPTIONS)) == 32
    assert canon.calls == 3


def test_another_canonicalizer_has_a_memory_of_its_own() -> None:
    first, second = Counting(), Counting()
    hash_with(first, OPTIONS)
    hash_with(second, OPTIONS)
    assert (first.calls, second.calls) == (1, 1)


def test_the_memory_is_bounded_and_drops_the_oldest() -> None:
    memory = OptionsHashes()
    for number in range(MAX_REMEMBERED + 5):
        memory.put((number,), bytes(32))
    assert len(memory) == MAX_REMEMBERED
    assert memory.get((4,)) is None
    assert memory.get((5,)) == bytes(32)
