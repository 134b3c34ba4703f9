"""Anchors: the root over a batch, or over one credential, as it was written to the log and perhaps to a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp


class AnchorBackend(StrEnum):
    """Where roots go (setting ANCHOR): nowhere, to our own transparency log, to it and to an EVM chain."""

    OFF = "off"
    LOG = "log"
    EVM = "evm"


class AnchorKind(StrEnum):
    """What a log entry is about."""

    BATCH = "batch"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """What is written into the log: one entry for a batch, or for a credential that was issued alone.

    Args:
        subject: The batch's id, or the credential's.
        merkle_root: Hex.
        count: Leaves under the root.
    """

    kind: AnchorKind
    subject: str
    merkle_root: str
    count: int
    at: datetime

    def as_object(self) -> dict[str, JSONValue]:
        """The entry as receipts show it."""
        return {
            "kind": self.kind.value,
            "batchId" if self.kind is AnchorKind.BATCH else "credentialId": self.subject,
            "merkleRoot": self.merkle_root,
            "count": self.count,
            "at": format_timestamp(self.at),
        }

    @property
    def data(self) -> bytes:
        """The bytes that the log keeps: the JCS form (RFC 8785)."""
        return canonicalize_json(self.as_object())


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """Where a root stands on a chain; `block` None while it waits to be confirmed.

    Args:
        nonce: The sender's count that the transaction takes.
        raw: The signed transaction, so that whoever sends it again sends the same.
    """

    chain_id: int
    transaction_hash: str
    sender: str
    nonce: int
    raw: bytes
    block: int | None = None
    block_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchored root.

    Args:
        anchor_id: The log index as text.
        transaction_hash: ``0x`` and 64 hex digits: the root, or with a chain its transaction's hash.
    """

    anchor_id: str
    entry: AnchorEntry
    entry_index: int
    transaction_hash: str
    backend: AnchorBackend
    anchored_at: datetime
    chain: ChainPlace | None = None

    @property
    def is_settled(self) -> bool:
        """Tell whether its transaction hash stands: at once without a chain, else once the chain has confirmed it."""
        return self.backend is not AnchorBackend.EVM or (self.chain is not None and self.chain.block is not None)


def chain_as_object(place: ChainPlace) -> Mapping[str, JSONValue]:
    """The chain's place as receipts show it."""
    return {
        "chainId": place.chain_id,
        "transactionHash": place.transaction_hash,
        "from": place.sender,
        "blockNumber": place.block,
        "blockHash": place.block_hash,
    }
