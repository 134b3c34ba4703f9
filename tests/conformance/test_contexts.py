"""What the package ships as contexts against the published documents: equal as JSON."""

from __future__ import annotations

import json

from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.credentials.open_badge import OPEN_BADGE_CONTEXT
from tests.support import vectors

PUBLISHED = {
    "https://www.w3.org/2018/credentials/v1": "credentials-v1",
    "https://www.w3.org/ns/credentials/v2": "credentials-v2",
    "https://www.w3.org/ns/credentials/undefined-terms/v2": "credentials-undefined-terms-v2",
    "https://www.w3.org/ns/credentials/examples/v2": "credentials-examples-v2",
    "https://www.w3.org/ns/credentials/status/v1": "vc-bitstring-status-list-v1",
    "https://w3id.org/security/data-integrity/v1": "data-integrity-v1",
    "https://w3id.org/security/data-integrity/v2": "data-integrity-v2",
    "https://w3id.org/security/suites/ed25519-2020/v1": "ed25519-2020-v1",
    "https://w3id.org/security/multikey/v1": "multikey-v1",
    "https://w3id.org/security/bbs/v1": "bbs-v1",
    "https://w3id.org/security/v1": "security-v1",
    "https://w3id.org/security/v2": "security-v2",
    "https://w3id.org/vc/status-list/2021/v1": "status-list-2021-v1",
    "https://www.w3.org/ns/did/v1": "did-v1",
}


def test_shipped_contexts_equal_the_published_ones() -> None:
    folder, contexts = vectors.folder("contexts"), ContextStore.pinned().snapshot()
    # Badges are vendored from their package alone; what its row says of its origin stands in VENDOR.json.
    assert contexts.keys() == PUBLISHED.keys() | {OPEN_BADGE_CONTEXT}
    for url, name in PUBLISHED.items():
        assert json.loads(contexts[url].content) == vectors.read_json(folder / f"{name}.jsonld"), url


def test_the_2_0_base_context_is_the_published_one_byte_for_byte() -> None:
    """Its digest is fixed by the specification, so here even blank lines count."""
    for url in ("https://www.w3.org/ns/credentials/v2", "https://www.w3.org/2018/credentials/v1"):
        published = vectors.folder("contexts") / f"{PUBLISHED[url]}.jsonld"
        assert ContextStore.pinned().get(url).content == published.read_bytes()
