"""Batches, chunks and anchors for the storage tests: usual ones, with what a test cares about passed by name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sealwright.domain.anchors import Anchor, AnchorBackend, AnchorEntry, AnchorKind
from sealwright.domain.batches import (
    CHUNK_LEASE,
    Batch,
    BatchKind,
    BatchOptions,
    BatchStatus,
    Chunk,
    ChunkRows,
    OnDuplicate,
    RowFault,
    Starter,
)
from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import OfferChannel
from sealwright.domain.people import ActorKind
from sealwright.services.batch_ports import ChunkOutcome
from tests.storage.builders import ISSUER, NOW

LEASE = NOW + CHUNK_LEASE
# When a lease that was given at NOW is over.
OVER = LEASE + timedelta(seconds=1)


def batch(batch_id: str = "bat_one", **changes: Any) -> Batch:
    """A draft with every option set."""
    usual = Batch(
        batch_id=batch_id,
        kind=BatchKind.ISSUE,
        status=BatchStatus.DRAFT,
        issuer_did=ISSUER,
        schema_id="sch_one",
        credential_type=None,
        name="Spring degrees",
        options=BatchOptions(
            expiration=NOW + timedelta(days=365),
            delivery=OfferWish(OfferChannel.EMAIL, expires_in_seconds=600, email="a@example.org"),
            on_duplicate=OnDuplicate.SKIP,
            mapping={"Holder": "/holderDid"},
            source="degrees.csv",
            encoding="utf-8-sig",
        ),
        starter=Starter(ActorKind.USER, "usr_ada", "session"),
        total=4,
        created_at=NOW,
    )
    return replace(usual, **changes)


def chunk(batch_id: str = "bat_one", number: int = 0, **changes: Any) -> Chunk:
    """A chunk of four rows that waits for a worker."""
    return replace(Chunk(batch_id, number, first_row=4 * number, row_count=4), **changes)


def rows(holders: Iterable[str] = ("did:key:a", "did:key:b", "did:key:c", "did:key:d")) -> ChunkRows:
    """Rows of these holders, with a mark for each."""
    lines = [json.dumps({"holderDid": did, "claims": {}}, ensure_ascii=False).encode() for did in holders]
    return ChunkRows(b"\n".join(lines), bytes(8 * len(lines)))


def outcome(**changes: Any) -> ChunkOutcome:
    """Three rows issued, one failed."""
    fault = RowFault(1, "SCHEMA_VALIDATION_FAILED", "The claims do not fit the schema.")
    usual = ChunkOutcome(issued=3, failed=1, faults=(fault,), failed_rows=b"{}", root=bytes(range(32)), at=NOW)
    return replace(usual, **changes)


def anchor(index: int = 0, **changes: Any) -> Anchor:
    """A batch's root in our own log."""
    root = f"{index:064x}"
    entry = AnchorEntry(AnchorKind.BATCH, f"bat_{index}", root, 4, NOW)
    usual = Anchor(str(index), entry, index, f"0x{root}", AnchorBackend.LOG, NOW)
    return replace(usual, **changes)
