"""Points of BLS12-381 that nobody may send: on the curve, and outside the group that signatures are made in."""

from __future__ import annotations

from py_arkworks_bls12381 import G1Point, G2Point

FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


def outside_the_subgroup_g1() -> bytes:
    """Compressed, on the curve, outside the prime-order group."""
    for x in range(1, 1000):
        raw = bytes([0x80]) + x.to_bytes(47, "big")
        try:
            point = G1Point.from_compressed_bytes_unchecked(raw)
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return raw
    raise AssertionError("no such point was found")


def outside_the_subgroup_g2() -> bytes:
    """Compressed, on the curve of the second group, outside the prime-order group."""
    for x in range(1, 1000):
        raw = bytes([0x80]) + x.to_bytes(95, "big")
        try:
            point = G2Point.from_compressed_bytes_unchecked(raw)
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return raw
    raise AssertionError("no such point was found")
