"""A transparency log's tree as tiles: 256 hashes wide, so that whoever reads it caches what never changes again.

Tile ``(level, number)`` holds the hashes of 256 complete subtrees side by side, each over 256**level leaves. Only the
last tile of a level is still growing, and a full tile's root is one hash of the level above. Proofs are made from
tiles alone: for a tree of a given size nothing is read that came after it.

Spec: C2SP tlog-tiles, "Merkle Tree"; RFC 6962, sections 2.1.1 and 2.1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.transparency.merkle import EMPTY_ROOT, HASH_BYTES, merkle_root, node_hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
_FULL: Final = TILE_WIDTH * HASH_BYTES

# Level and number to the hashes that the tile holds so far, 32 bytes each; None where there is no such tile.
ReadTile = Callable[[int, int], bytes | None]


class BrokenLog(ValueError):
    """A tile that the tree's size calls for is missing, or shorter than it must be."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What adding leaves does to a log.

    Args:
        tiles: (level, number, hashes) of each tile that changed, whole.
    """

    size: int
    root: bytes
    tiles: tuple[tuple[int, int, bytes], ...]


def grow(read: ReadTile, size: int, leaves: Sequence[bytes]) -> Growth:
    """Add leaf hashes behind a tree of `size` leaves; only the right edge is read and changed.

    Raises:
        BrokenLog: By tile.
    """
    edge = _Edge(read, size)
    for leaf in leaves:
        edge.push(0, leaf)
    new_size = size + len(leaves)
    tiles = tuple((level, number, bytes(hashes)) for (level, number), hashes in sorted(edge.changed.items()))
    return Growth(new_size, edge.root(new_size), tiles)


class _Edge:
    """The last tile of each level, while leaves are added."""

    def __init__(self, read: ReadTile, size: int) -> None:
        self._read = read
        self._size = size
        self._open: dict[int, tuple[int, bytearray]] = {}
        self.changed: dict[tuple[int, int], bytearray] = {}

    def push(self, level: int, found: bytes) -> None:
        """Add one hash to a level; a tile that it fills hands its root to the level above."""
        number, hashes = self._last(level)
        hashes += found
        self.changed[level, number] = hashes
        if len(hashes) == _FULL:
            self._open[level] = (number + 1, bytearray())
            self.push(level + 1, merkle_root(split_hashes(hashes)))

    def root(self, size: int) -> bytes:
        """The root over all levels: what a level's last tile holds stands left of what is unfinished below it."""
        below: list[bytes] = []
        level = 0
        while size >> (TILE_HEIGHT * level):
            hashes = split_hashes(self._last(level)[1]) + below
            below = [merkle_root(hashes)] if hashes else []
            level += 1
        return below[0] if below else EMPTY_ROOT

    def _last(self, level: int) -> tuple[int, bytearray]:
        if level not in self._open:
            count = self._size >> (TILE_HEIGHT * level)
            number, held = count >> TILE_HEIGHT, count % TILE_WIDTH
            self._open[level] = (number, bytearray(_exactly(self._read, level, number, held)))
        return self._open[level]


def split_hashes(content: bytes | bytearray) -> list[bytes]:
    """Cut a tile into its hashes."""
    return [bytes(content[at : at + HASH_BYTES]) for at in range(0, len(content), HASH_BYTES)]


def tile_width(size: int, level: int, number: int) -> int:
    """How many hashes a tile holds in a tree of this size; 0 where there is none."""
    count = size >> (TILE_HEIGHT * level)
    return max(0, min(TILE_WIDTH, count - number * TILE_WIDTH))


class Tree:
    """A tree of a given size, read from tiles that may have grown since.

    Every method raises BrokenLog where tiles are missing.
    """

    def __init__(self, read: ReadTile, size: int) -> None:
        self._read = read
        self.size = size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The root over all leaves."""
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """A leaf's hash; raises IndexError."""
        self._require(index)
        return self._complete(0, index)

    def inclusion_path(self, index: int) -> tuple[bytes, ...]:
        """The hashes that lead from a leaf to the root, lowest first; raises IndexError.

        Spec: RFC 6962, section 2.1.1, PATH.
        """
        self._require(index)
        path: list[bytes] = []
        begin, end = 0, self.size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(begin, middle))
                begin = middle
        return tuple(reversed(path))

    def consistency_path(self, first: int) -> tuple[bytes, ...]:
        """The hashes that show this tree to be the tree of `first` leaves with others added, lowest first.

        Empty for a tree of no leaves, or of as many. Raises IndexError where `first` is larger than this tree.

        Spec: RFC 6962, section 2.1.2, SUBPROOF.
        """
        if not 0 <= first <= self.size:
            raise IndexError("no such tree")
        if first in (0, self.size):
            return ()
        path: list[bytes] = []
        begin, end, is_known = 0, self.size, True
        while first != end:
            middle = begin + _split(end - begin)
            if first <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(begin, middle))
                begin, is_known = middle, False
        if not is_known:
            path.append(self._range(begin, end))
        return tuple(reversed(path))

    def _require(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise IndexError("no such leaf")

    def _range(self, begin: int, end: int) -> bytes:
        """MTH over leaves that RFC 6962 takes as one subtree."""
        count = end - begin
        if count & (count - 1) == 0:
            return self._complete(count.bit_length() - 1, begin >> (count.bit_length() - 1))
        middle = begin + _split(count)
        return node_hash(self._range(begin, middle), self._range(middle, end))

    def _complete(self, height: int, index: int) -> bytes:
        """The hash of a complete subtree over 2**height leaves, the `index`-th of its kind."""
        level, inside = divmod(height, TILE_HEIGHT)
        first = index << inside
        number, offset = first >> TILE_HEIGHT, first % TILE_WIDTH
        hashes = self._tile(level, number)[offset * HASH_BYTES : (offset + (1 << inside)) * HASH_BYTES]
        return merkle_root(split_hashes(hashes))

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            width = tile_width(self.size, level, number)
            self._tiles[level, number] = _exactly(self._read, level, number, width)
        return self._tiles[level, number]


def _split(count: int) -> int:
    """The largest power of two below a count of at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _exactly(read: ReadTile, level: int, number: int, width: int) -> bytes:
    if not width:
        return b""
    held = read(level, number)
    if held is None or len(held) < width * HASH_BYTES:
        raise BrokenLog(f"tile {level}/{number} does not hold {width} hashes")
    return held[: width * HASH_BYTES]
