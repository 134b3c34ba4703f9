"""Holds the transparency log against itself: entries, tiles, the head, and what was signed over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealwright.domain.audit_check import MalformedNote, parse_note
from sealwright.domain.receipt_check import Malformed, parse_checkpoint
from sealwright.protocols.transparency.merkle import HASH_BYTES, leaf_hash
from sealwright.protocols.transparency.tiles import TILE_WIDTH, Tree, grow
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.store_problems import Problem

_KIND: Final = "log"
_Tiles = dict[tuple[int, int], bytes]


def log_problems(units: UnitOfWorkFactory) -> Iterator[Problem]:
    """Every fault of the log. Its tree is built anew from its entries, and compared with what is kept and signed."""
    with units(write=False) as uow:
        size, root = uow.log.head()
        signed = set(_signed(uow))
        try:
            newest = _newest(uow)
        except Malformed:
            newest = None
            yield Problem(_KIND, "checkpoint", "The kept checkpoint cannot be read.")
    signed |= {newest} if newest is not None else set()
    built: _Tiles = {}
    for first in range(0, size, TILE_WIDTH):
        count = min(TILE_WIDTH, size - first)
        with units(write=False) as uow:
            entries = uow.log.entries(first, count)
        if len(entries) != count:
            yield Problem(_KIND, str(first + len(entries)), "An entry of the log is gone.")
            return
        growth = grow(lambda *place: built.get(place), first, [leaf_hash(data) for data in entries])
        built.update({(level, number): hashes for level, number, hashes in growth.tiles})
        if growth.size == size and growth.root != root:
            yield Problem(_KIND, "head", "The log's entries do not lead to its root.")
    yield from _tiles(units, built)
    for at, wanted in sorted(signed):
        if at > size:
            yield Problem(_KIND, str(at), "A signed checkpoint covers entries that the log does not hold.")
        elif Tree(lambda *place: built.get(place), at).root().hex() != wanted:
            yield Problem(_KIND, str(at), "A signed checkpoint over so many entries names another root.")


def _tiles(units: UnitOfWorkFactory, built: _Tiles) -> Iterator[Problem]:
    for (level, number), hashes in sorted(built.items()):
        with units(write=False) as uow:
            kept = uow.log.tile(level, number)
        # Entries may have been added meanwhile.
        if kept is None or kept[: len(hashes)] != hashes:
            at = _first_difference(kept or b"", hashes)
            yield Problem(_KIND, f"{level}/{number}", f"Hash {at} of the tile is not that of what it covers.")


def _first_difference(kept: bytes, wanted: bytes) -> int:
    places = range(0, len(wanted), HASH_BYTES)
    return next(at // HASH_BYTES for at in places if kept[at : at + HASH_BYTES] != wanted[at : at + HASH_BYTES])


def _signed(uow: UnitOfWork) -> frozenset[tuple[int, str]]:
    """Sizes and roots that checkpoints of the trail committed to."""
    found = set()
    for one in uow.audit.checkpoints():
        try:
            named = parse_note(one.note).log
        except MalformedNote:
            continue
        found |= {named} if named is not None else set()
    return frozenset(found)


def _newest(uow: UnitOfWork) -> tuple[int, str] | None:
    kept = uow.log.checkpoint()
    if kept is None:
        return None
    newest = parse_checkpoint(kept)
    return newest.size, newest.root.hex()
