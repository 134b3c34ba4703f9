"""Our trees against the reference vectors of Certificate Transparency (RFC 6962), and against its text as recursions.

The vectors are those of the reference implementation's tests: eight leaves, every root, and the printed proofs.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from sealwright.domain import receipt_check
from sealwright.protocols.transparency import merkle
from sealwright.protocols.transparency.tiles import BrokenLog, Growth, Tree, grow
from tests.support import log_client

LEAVES: Final = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ROOTS: Final = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
_96A2: Final = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_5F08: Final = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_6B47: Final = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_BC1A: Final = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_CA85: Final = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_0EBC: Final = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
# Leaf (from 0), size, path.
INCLUSIONS: Final = (
    (0, 1, ()),
    (0, 8, (_96A2, _5F08, _6B47)),
    (5, 8, (_BC1A, _CA85, ROOTS[3])),
    (2, 3, (ROOTS[1],)),
    (1, 5, (ROOTS[0], _5F08, _BC1A)),
)
# First size, second size, path.
CONSISTENCIES: Final = (
    (1, 1, ()),
    (1, 8, (_96A2, _5F08, _6B47)),
    (6, 8, (_0EBC, _CA85, ROOTS[3])),
    (2, 5, (_5F08, _BC1A)),
)


class Log:
    """Tiles in memory."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        self.add(leaves)

    def add(self, leaves: Sequence[bytes]) -> Growth:
        growth = grow(self.read, self.size, [merkle.leaf_hash(leaf) for leaf in leaves])
        self.tiles.update({(level, number): hashes for level, number, hashes in growth.tiles})
        self.size = growth.size
        return growth

    def read(self, level: int, number: int) -> bytes | None:
        return self.tiles.get((level, number))


def unhex(path: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]


def test_empty_tree() -> None:
    assert bytes.fromhex(EMPTY) == merkle.EMPTY_ROOT == merkle.merkle_root([]) == Tree(Log().read, 0).root()


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01" * 64, bytes(range(256))])
def test_the_file_for_strangers_hashes_as_we_do(data: bytes) -> None:
    assert receipt_check.hash_leaf(data) == merkle.leaf_hash(data)
    assert receipt_check.hash_node(data[:32], data[32:]) == merkle.node_hash(data[:32], data[32:])


def test_no_path_of_another_length_place_or_size_leads_to_the_root() -> None:
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(17)]
    for index, size in itertools.combinations(range(18), 2):
        root, path = merkle.merkle_root(leaves[:size]), merkle.inclusion_path(leaves[:size], index)
        found = {
            (other, steps)
            for other in range(-1, 18)
            for steps in (path, path[:-1], path[1:], (*path, leaves[0]), (leaves[0], *path))
            if receipt_check.root_over(leaves[index], other, size, steps) == root
        }
        assert found == {(index, path)}


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_the_vectors(size: int) -> None:
    wanted = bytes.fromhex(ROOTS[size - 1])
    assert merkle.merkle_root([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]) == wanted
    assert log_client.mth(LEAVES[:size]) == wanted
    log = Log()
    growths = [log.add([leaf]) for leaf in LEAVES[:size]]
    assert growths[-1].root == wanted
    assert Tree(Log(LEAVES).read, size).root() == wanted


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_inclusion_paths_of_the_vectors(index: int, size: int, path: Sequence[str]) -> None:
    steps, leaf, root = unhex(path), merkle.leaf_hash(LEAVES[index]), bytes.fromhex(ROOTS[size - 1])
    assert list(Tree(Log(LEAVES).read, size).inclusion_path(index)) == steps
    assert list(merkle.inclusion_path([merkle.leaf_hash(one) for one in LEAVES[:size]], index)) == steps
    assert receipt_check.root_over(leaf, index, size, steps) == root


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCIES)
def test_consistency_proofs_of_the_vectors(first: int, second: int, path: Sequence[str]) -> None:
    steps = unhex(path)
    assert list(Tree(Log(LEAVES).read, second).consistency_path(first)) == steps
    old, new = bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1])
    assert receipt_check.is_consistent((first, old), (second, new), steps)


def trees() -> Iterator[tuple[int, int]]:
    """Every pair up to 40, and pairs around the seams of tiles."""
    yield from ((first, second) for second in range(1, 41) for first in range(second + 1))
    seams = (255, 256, 257, 511, 512, 513, 700)
    yield from ((first, second) for first, second in itertools.product(seams, seams) if first <= second)


def test_proofs_are_those_of_the_rfcs_recursions() -> None:
    leaves = [b"%d" % number for number in range(700)]
    log = Log(leaves)
    roots = {size: log_client.mth(leaves[:size]) for size in {size for pair in trees() for size in pair}}
    for first, second in trees():
        tree = Tree(log.read, second)
        assert tree.root() == roots[second]
        steps = tree.consistency_path(first)
        assert list(steps) == log_client.proof(first, leaves[:second])
        assert receipt_check.is_consistent((first, roots[first]), (second, roots[second]), steps)
        if first < second:
            path = tree.inclusion_path(first)
            assert list(path) == log_client.path(first, leaves[:second])
            leaf = merkle.leaf_hash(leaves[first])
            assert receipt_check.root_over(leaf, first, second, path) == roots[second]
            assert log_client.holds_inclusion(leaf, first, second, path, roots[second])


def test_tiles_come_out_alike_however_the_leaves_came() -> None:
    leaves = [b"%d" % number for number in range(1_600)]
    chance = random.Random(6962)
    parts, at = Log(), 0
    while at < len(leaves):
        step = chance.choice((1, 2, 7, 255, 256, 257))
        parts.add(leaves[at : at + step])
        at += step
    assert parts.tiles == Log(leaves).tiles


def test_tree_of_three_levels() -> None:
    hashes = [number.to_bytes(32, "big") for number in range(65_600)]
    log = Log()
    growth = grow(log.read, 0, hashes)
    log.tiles = {(level, number): content for level, number, content in growth.tiles}
    assert {level for level, _ in log.tiles} == {0, 1, 2}
    root = merkle.merkle_root(hashes)
    assert growth.root == Tree(log.read, len(hashes)).root() == root
    for index in (0, 256, 65_535, 65_536, 65_599):
        path = Tree(log.read, len(hashes)).inclusion_path(index)
        assert receipt_check.root_over(hashes[index], index, len(hashes), path) == root


def test_proofs_need_nothing_that_came_later() -> None:
    leaves = [b"%d" % number for number in range(600)]
    then = Log(leaves[:300])
    later = Log(leaves)
    for index in (0, 255, 256, 299):
        assert Tree(later.read, 300).inclusion_path(index) == Tree(then.read, 300).inclusion_path(index)


@pytest.mark.parametrize("lost", [(0, 0), (0, 1), (1, 0)])
def test_missing_and_short_tiles_are_noticed(lost: tuple[int, int]) -> None:
    for left in (None, b"\x00" * 32):
        log = Log([b"%d" % number for number in range(600)])
        log.tiles[lost] = left or b""
        with pytest.raises(BrokenLog):
            [Tree(log.read, 600).inclusion_path(index) for index in range(0, 600, 100)]


def test_trees_that_there_are_not() -> None:
    tree = Tree(Log(LEAVES).read, 5)
    for index in (-1, 5, 8):
        with pytest.raises(IndexError):
            tree.inclusion_path(index)
        with pytest.raises(IndexError):
            tree.leaf(index)
    for first in (-1, 6):
        with pytest.raises(IndexError):
            tree.consistency_path(first)
