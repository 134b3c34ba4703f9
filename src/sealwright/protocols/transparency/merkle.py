"""Merkle trees over leaf hashes: roots and inclusion paths. Their check is that of strangers, `domain.receipt_check`.

Spec: RFC 6962, section 2.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Hash the data of a leaf."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees."""
    return hashlib.sha256(_NODE + left + right).digest()


def issued_leaf(credential_id: str, document_sha256: bytes) -> bytes:
    """The leaf of a row that was issued (contract, section 2.4, Receipt).

    Args:
        document_sha256: The 32 bytes of SHA-256 over the stored document.
    """
    return leaf_hash(credential_id.encode("utf-8") + document_sha256)


def failed_leaf(code: str) -> bytes:
    """The leaf of a row that failed."""
    return leaf_hash(code.encode("utf-8"))


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, or over the roots of equal complete subtrees and a smaller last one."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        paired = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        if len(row) % 2:
            paired.append(row[-1])
        row = paired
    return row[0]


def inclusion_path(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root, lowest first.

    Raises:
        IndexError: There is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise IndexError("no such leaf")
    row, path = list(hashes), []
    while len(row) > 1:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        paired = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        if len(row) % 2:
            paired.append(row[-1])
        row, index = paired, index // 2
    return tuple(path)
