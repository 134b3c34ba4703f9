"""What holds of a batch that has ended, told from the tables by SQL and the standard library alone (I7, I2, I4).

It shares no code with what it judges: identifiers, leaves, roots and the transaction hash are made anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from tests.support.rows import Rows, uid_text

PART: Final = 50_000


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What a sound batch comes to."""

    total: int
    issued: int
    failed: int
    chunks: int
    root: str


class BatchUnsound(AssertionError):
    """A promise about batches is broken; the text names it."""


def check_batch(
    rows: Rows, batch_id: str, *, unlogged: bool = False, canceled: bool = False, places: bool = True
) -> BatchFacts:
    """Check a batch that has ended.

    Args:
        unlogged: It was not anchored, on purpose, or as nothing was issued.
        canceled: It was given up; rows that nobody had begun have failed for it.
        places: Look at the places of all credentials too.

    Raises:
        BatchUnsound: Something was lost, doubled, or does not add up.
    """
    state, total, root, hashed = rows.read(
        "SELECT status, total, merkle_root, transaction_hash FROM batches WHERE batch_id = ?", (batch_id,)
    )[0]
    wanted = "canceled" if canceled else "done" if unlogged else "anchored"
    _require(state == wanted, f"the batch is {state}")
    chunks = rows.read(
        "SELECT number, first_row, row_count, state, issued, failed, faults, root FROM batch_chunks "
        "WHERE batch_id = ? ORDER BY number",
        (batch_id,),
    )
    credentials = _credentials(rows, batch_id)
    carried_out: list[int] = []
    roots, expected, issued = [], 0, 0
    for chunk in chunks:
        number, first, count, chunk_state, done, failed, _, kept = chunk
        is_given_up = canceled and chunk_state == "canceled"
        _require(chunk_state == "done" or is_given_up, f"chunk {number} is {chunk_state}")
        _require(
            (first, done + failed) == (expected, count), f"chunk {number}: {done} + {failed} of {count} at {first}"
        )
        broken = _faults_of(chunk, is_given_up=is_given_up)
        leaves = []
        for row in range(first, first + count):
            if row in broken:
                leaves.append(_hash(b"\x00", broken[row].encode()))
            else:
                _require(issued < len(credentials), f"row {row} has no credential")
                leaves.append(_leaf(credentials[issued]))
                issued += 1
        roots.append(tree(leaves))
        if not is_given_up:
            _require(roots[-1] == bytes(kept), f"chunk {number}: the kept root is another")
            carried_out.append(number)
        expected += count
    _require(expected == total, f"chunks hold {expected} rows of {total}")
    _require(issued == len(credentials), f"{len(credentials)} credentials for {issued} issued rows")
    whole = tree(roots).hex()
    _require(whole == root, "the batch's root is another")
    if not unlogged:
        _require(hashed == "0x" + whole, "the transaction hash is another")
    if places:
        _check_places(rows)
    _check_trail(rows, batch_id, carried_out, issued)
    return BatchFacts(total, issued, total - issued, len(chunks), whole)


def _faults_of(chunk: tuple[Any, ...], *, is_given_up: bool) -> dict[int, str]:
    """Why rows of a chunk failed, by row; where nobody had begun it, the chunk alone says it."""
    number, first, count, _, _, failed, faults, kept = chunk
    broken = {one["row"]: one["code"] for one in json.loads(faults)}
    if is_given_up:
        _require(not broken and kept is None, f"chunk {number} was given up and has kept something")
        broken = dict.fromkeys(range(first, first + count), "BATCH_CANCELED")
    _require(len(broken) == failed, f"chunk {number} has {failed} failed rows and {len(broken)} faults")
    return broken


def tree(hashes: list[bytes]) -> bytes:
    """The root over leaf hashes, by the recursion of RFC 6962, section 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return _hash(b"\x01", tree(hashes[:split]) + tree(hashes[split:]))


def _credentials(rows: Rows, batch_id: str) -> list[tuple[Any, ...]]:
    """Every credential of a batch in the order of its rows: ids begin with moment and row."""
    found: list[tuple[Any, ...]] = []
    after: object = None
    while True:
        more = "" if after is None else " AND uid > ?"
        part = rows.read(
            "SELECT uid, document_sha256, document, list_id, list_index FROM credentials "
            f"WHERE batch_id = ?{more} ORDER BY uid LIMIT {PART}",
            (batch_id,) if after is None else (batch_id, after),
        )
        for uid, digest, document, list_id, index in part:
            _require(hashlib.sha256(bytes(document)).digest() == bytes(digest), f"{uid}: another digest")
            _require_entry(str(uid), bytes(document), list_id, index)
            found.append((uid_text(uid), bytes(digest)))
        if len(part) < PART:
            return found
        after = part[-1][0]


def _require_entry(uid: str, document: bytes, list_id: str | None, index: int | None) -> None:
    if list_id is None:
        return
    entry = json.loads(document)["credentialStatus"]
    entry = entry[0] if isinstance(entry, list) else entry
    _require(entry["statusListIndex"] == str(index), f"{uid}: another index inside")
    _require(f"/status/{list_id}/" in entry["statusListCredential"], f"{uid}: another list inside")


def _check_places(rows: Rows) -> None:
    """No place is used twice, over all credentials and reservations that ever were."""
    twice = rows.value(
        "SELECT COUNT(*) FROM (SELECT list_id, list_index FROM credentials WHERE list_id IS NOT NULL "
        "GROUP BY list_id, list_index HAVING COUNT(*) > 1) AS doubled"
    )
    _require(twice == 0, f"{twice} places are used twice")
    shared = rows.value(
        "SELECT COUNT(*) FROM reservations r JOIN credentials c ON c.list_id = r.list_id "
        "AND c.list_index = r.list_index WHERE c.batch_id IS NOT NULL"
    )
    _require(shared == 0, f"{shared} places are reserved and used by a batch")


def _check_trail(rows: Rows, batch_id: str, chunks: list[int], issued: int) -> None:
    """One audit row for each chunk that was carried out, and they add up."""
    bodies = [
        json.loads(bytes(body) if isinstance(body, (bytes, memoryview)) else body)
        for (body,) in rows.read(
            "SELECT body FROM audit_rows WHERE object_id = ? AND action = 'credential.issued'", (batch_id,)
        )
    ]
    numbers = sorted(one["data"]["chunk"] for one in bodies)
    _require(numbers == chunks, f"audit rows of {len(numbers)} chunks, of {len(chunks)}")
    told = sum(one["data"]["issued"] for one in bodies)
    _require(told == issued, f"the trail tells of {told} issued, of {issued}")


def _leaf(credential: tuple[str, bytes]) -> bytes:
    uid, digest = credential
    return _hash(b"\x00", f"urn:uuid:{uid}".encode() + digest)


def _hash(domain: bytes, data: bytes) -> bytes:
    return hashlib.sha256(domain + data).digest()


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BatchUnsound(otherwise)
