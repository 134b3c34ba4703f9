"""The memory of options and their hashes: right answers only, bounded, never for options of one document alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256, sha384
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.proofs.canonical import (
    MAX_REMEMBERED,
    OptionsForms,
    OptionsHashes,
    around,
    options_key,
    rdf_options_hash,
)

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


class Stating(Counting):
    """A canonicalizer that writes a statement for each member, as canonical forms do, and counts."""

    def canonicalize(self, document: Mapping[str, Any], **options: Any) -> bytes:
        super().canonicalize(document, **options)
        stated = {name: value for name, value in document.items() if name != "@context"}
        lines = [f'_:c14n0 <urn:x:{name}> "{value}" .\n' for name, value in stated.items()]
        return "".join(sorted([*lines, f'_:c14n0 <urn:x:under> "{document["@context"]}" .\n'])).encode()


def test_of_another_date_the_form_is_not_made_again() -> None:
    canon = Stating()
    for second in range(60):
        dated = {**OPTIONS, "created": f"2026-11-21T02:29:{second:02}Z"}
        expected = sha256(Stating().canonicalize({"@context": CONTEXTS, **dated})).digest()
        assert hash_with(canon, dated) == expected
    assert canon.calls == 1


@pytest.mark.parametrize("member", [*OPTIONS, "context"])
def test_every_other_member_counts_beside_the_date(member: str) -> None:
    canon = Stating()
    later = {**OPTIONS, "created": "2026-11-21T02:29:01Z"}
    hash_with(canon, OPTIONS)
    changed = {**later, member: "urn:x:other"} if member != "context" else later
    contexts = CONTEXTS if member != "context" else [*CONTEXTS, "https://a.example/v1"]
    expected = sha256(Stating().canonicalize({"@context": contexts, **changed})).digest()
    assert hash_with(canon, changed, contexts) == expected
    assert canon.calls == 2


@pytest.mark.parametrize(
    "created", ["2026-11-21T02:29:00.5Z", "2026-11-21T02:29:00+00:00", 'x" .\n', "", None, 7, True]
)
def test_another_kind_of_date_is_never_written_into_a_form(created: Any) -> None:
    canon = Stating()
    hash_with(canon, OPTIONS)
    odd = {**OPTIONS, "created": created}
    assert hash_with(canon, odd) == sha256(Stating().canonicalize({"@context": CONTEXTS, **odd})).digest()
    assert canon.calls == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"challenge": "x"},
        {"verificationMethod": {"id": "did:adi:a#k"}},
        {"proofPurpose": ["assertionMethod"]},
        {"proofPurpose": None},
    ],
)
def test_odd_options_find_no_form(odd: dict[str, Any]) -> None:
    canon = Stating()
    hash_with(canon, OPTIONS)
    for _ in range(2):
        options = {**OPTIONS, **odd}
        assert hash_with(canon, options) == sha256(Stating().canonicalize({"@context": CONTEXTS, **options})).digest()
    assert canon.calls == 3


DATE = "2026-11-21T02:29:00Z"


@pytest.mark.parametrize(
    "form",
    [
        f'_:c14n0 <urn:a> "{DATE}" .\n_:c14n0 <urn:b> "{DATE}" .\n',
        f'_:c14n0 <urn:a> "2" .\n_:c14n0 <urn:a> "{DATE}" .\n',
        f'_:c14n0 <urn:a> "{DATE}" .\n_:c14n1 <urn:b> "1" .\n',
        f'_:c14n0 <urn:a> "on {DATE}" .\n',
        f'_:c14n0 <urn:a> "{DATE}0" .\n',
        f"_:c14n0 <urn:a> <urn:{DATE}> .\n",
        '_:c14n0 <urn:a> "1" .\n',
    ],
    ids=["twice", "beside another value", "two nodes", "end of a text", "begin of a text", "in a name", "nowhere"],
)
def test_where_the_place_of_the_date_may_depend_on_it_there_is_no_form(form: str) -> None:
    assert around(form.encode(), DATE) is None


@pytest.mark.parametrize("base", ["https://www.w3.org/2018/credentials/v1", *CONTEXTS])
def test_forms_around_dates_are_those_of_the_reference(base: str) -> None:
    pinned = Canonicalizer(ContextStore.pinned())
    contexts = [base, "https://w3id.org/security/data-integrity/v2"] if base.endswith("v1") else [base]
    for created in ("0001-01-01T00:00:00Z", "2026-11-21T02:29:00Z", "9999-12-31T23:59:59Z", "2026-99-99T99:99:99Z"):
        options = {**OPTIONS, "created": created}
        told = rdf_options_hash(options, contexts, pinned, allow_inline=False, stranger=True)
        form = pinned.canonicalize_by_reference({"@context": contexts, **options})
        assert told == sha256(form).digest()
        assert around(form, created) is not None
    assert pinned.stats().fallbacks + pinned.stats().hits == 1


def test_forms_are_bounded_and_the_oldest_is_dropped() -> None:
    forms = OptionsForms()
    for number in range(MAX_REMEMBERED + 5):
        forms.put((number,), (b"", b""))
    assert len(forms) == MAX_REMEMBERED
    assert forms.get((4,)) is None
    assert forms.get((5,)) == (b"", b"")
