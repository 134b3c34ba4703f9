"""The pinned contexts: digests, origins, and addresses that keep their bytes."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest

from sealwright.vc.contexts.store import (
    REFUSED_KEYWORDS,
    VOCABULARY_CONTEXTS,
    ContextStore,
    named_contexts,
    vendored_rows,
)
from sealwright.vc.errors import ContextNotAllowed, DuplicateKey, TermConflict

FOLDER = files("sealwright.vc.contexts")
CREDENTIALS_V2_DIGEST = "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
OURS = b'{"@context":{"@version":1.1,"@protected":true,"thing":"https://cred.example/contexts/t/1#thing"}}'


def test_pinned_holds_the_base_set() -> None:
    store = ContextStore.pinned()
    for url in (
        "https://www.w3.org/2018/credentials/v1",
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
        "https://www.w3.org/ns/credentials/status/v1",
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/v2",
        "https://w3id.org/security/bbs/v1",
        "https://w3id.org/security/multikey/v1",
        "https://w3id.org/security/data-integrity/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/suites/ed25519-2020/v1",
        "https://w3id.org/vc/status-list/2021/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ):
        assert store.knows(url)
    assert len(store.snapshot()) == len(vendored_rows()) == 15


def test_credentials_v2_has_the_digest_its_specification_fixes() -> None:
    assert ContextStore.pinned().get("https://www.w3.org/ns/credentials/v2").digest.hex() == CREDENTIALS_V2_DIGEST


@pytest.mark.parametrize("row", vendored_rows(), ids=lambda row: row.file)
def test_vendored_file_matches_its_row(row) -> None:  # type: ignore[no-untyped-def]
    content = (FOLDER / "documents" / row.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == row.sha256
    assert row.licence in {"W3C-20150513", "BSD-3-Clause", "Apache-2.0", "MIT"}
    if row.package:
        assert row.version
        assert (FOLDER / "licences" / row.licence_file).is_file()
    assert (FOLDER / "licences" / "W3C-20150513.txt").is_file()


def test_no_document_lies_in_the_folder_without_a_row() -> None:
    named = {row.file for row in vendored_rows()} | {"VENDOR.json"}
    assert {entry.name for entry in (FOLDER / "documents").iterdir()} == named


def test_only_hand_listed_contexts_have_a_vocabulary() -> None:
    for url, context in ContextStore.pinned().snapshot().items():
        found = {name for name in REFUSED_KEYWORDS if re.search(rf'"{name}"\s*:', context.content.decode())}
        assert found == ({"@vocab"} if url in VOCABULARY_CONTEXTS else set())


def test_every_named_context_is_held() -> None:
    store = ContextStore.pinned()
    for context in store.snapshot().values():
        assert all(store.knows(url) for url in named_contexts(context.document))


def test_get_refuses_unknown_addresses() -> None:
    with pytest.raises(ContextNotAllowed, match="not pinned"):
        ContextStore.pinned().get("https://example.com/v1")


def test_register_binds_once_and_for_good() -> None:
    store = ContextStore.pinned()
    before = store.snapshot()
    pinned = store.register("https://cred.example/contexts/t/1", OURS)
    assert pinned.digest == hashlib.sha256(OURS).digest()
    assert store.register("https://cred.example/contexts/t/1", OURS) is pinned
    assert store.get("https://cred.example/contexts/t/1").content == OURS
    assert not ContextStore.pinned().knows("https://cred.example/contexts/t/1")
    assert "https://cred.example/contexts/t/1" not in before
    with pytest.raises(TermConflict):
        store.register("https://cred.example/contexts/t/1", OURS + b" ")
    with pytest.raises(TermConflict):
        store.register("https://www.w3.org/ns/credentials/v2", OURS)


@pytest.mark.parametrize("keyword", sorted(REFUSED_KEYWORDS))
def test_register_refuses_keywords_that_define_members_unnamed(keyword: str) -> None:
    content = b'{"@context":{"a":{"@id":"urn:a","@context":[{"%s":"urn:v#"}]}}}' % keyword.encode()
    with pytest.raises(ContextNotAllowed, match=keyword):
        ContextStore.pinned().register("https://cred.example/contexts/t/2", content)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"[]", ContextNotAllowed),
        (b"{}", ContextNotAllowed),
        (b'{"@context":"https://example.com/unknown"}', ContextNotAllowed),
        (b'{"@context":{"a":{"@id":"urn:a","@context":"https://example.com/unknown"}}}', ContextNotAllowed),
        (b'{"@context":{"a":"urn:a","a":"urn:b"}}', DuplicateKey),
    ],
    ids=repr,
)
def test_register_refuses_what_is_no_closed_context(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        ContextStore.pinned().register("https://cred.example/contexts/t/3", content)


def test_an_address_that_is_not_pinned_is_asked_for_once() -> None:
    asked = []

    def source(url: str) -> bytes | None:
        asked.append(url)
        return b'{"@context": {"word": "https://example.org/word"}}' if url.endswith("/known") else None

    store = ContextStore.pinned()
    store.ask(source)
    assert store.knows("https://example.org/known")
    assert store.get("https://example.org/known").document == {"@context": {"word": "https://example.org/word"}}
    assert asked == ["https://example.org/known"]
    assert not store.knows("https://example.org/other")
    with pytest.raises(ContextNotAllowed):
        store.get("https://example.org/other")
