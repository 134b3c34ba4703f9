"""A reader of transparency logs that shares no code with ours: RFC 6962 as its text defines it, over whole lists.

Slow on purpose: MTH, PATH and PROOF are the recursions of section 2.1, and the checks are those of RFC 9162, sections
2.1.3.2 and 2.1.4.2, transcribed step by step.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch = Callable[[str], bytes]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _k(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    if not entries:
        return sha(b"")
    if len(entries) == 1:
        return sha(b"\x00" + entries[0])
    k = _k(len(entries))
    return sha(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    n = len(entries)
    if n == 1:
        return []
    k = _k(n)
    return [*path(m, entries[:k]), mth(entries[k:])] if m < k else [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    return _subproof(m, entries, known=True) if 0 < m < len(entries) else []


def _subproof(m: int, entries: Sequence[bytes], *, known: bool) -> list[bytes]:
    n = len(entries)
    if m == n:
        return [] if known else [mth(entries)]
    k = _k(n)
    if m <= k:
        return [*_subproof(m, entries[:k], known=known), mth(entries[k:])]
    return [*_subproof(m - k, entries[k:], known=False), mth(entries[:k])]


def holds_inclusion(leaf: bytes, index: int, size: int, steps: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in steps:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            r = sha(b"\x01" + p + r)
            if fn % 2 == 0:
                while fn % 2 == 0 and fn != 0:
                    fn //= 2
                    sn //= 2
        else:
            r = sha(b"\x01" + r + p)
        fn //= 2
        sn //= 2
    return sn == 0 and r == root


def holds_consistency(first: int, second: int, old: bytes, new: bytes, steps: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2; for 0 < first < second."""
    steps = list(steps)
    if not steps:
        return False
    if bin(first).count("1") == 1:
        steps = [old, *steps]
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn //= 2
        sn //= 2
    fr = sr = steps[0]
    for c in steps[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            fr, sr = sha(b"\x01" + c + fr), sha(b"\x01" + c + sr)
            while fn % 2 == 0 and fn != 0:
                fn //= 2
                sn //= 2
        else:
            sr = sha(b"\x01" + sr + c)
        fn //= 2
        sn //= 2
    return fr == old and sr == new and sn == 0


def open_note(note: str, key: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint whose signature by this key holds (C2SP signed-note, tlog-checkpoint)."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    name, key_id, encoded = key.split("+", 2)
    algorithm_and_key = base64.b64decode(encoded)
    assert algorithm_and_key[0] == 1
    assert hashlib.sha256(name.encode() + b"\n" + algorithm_and_key).digest()[:4].hex() == key_id
    public_key = Ed25519PublicKey.from_public_bytes(algorithm_and_key[1:])
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        assert dash == "\u2014"
        signature = base64.b64decode(blob)
        if signer == name and signature[:4].hex() == key_id:
            try:
                public_key.verify(signature[4:], text.encode())
            except InvalidSignature:
                continue
            origin, size, root = text.splitlines()
            assert origin == name
            return origin, int(size), base64.b64decode(root)
    raise AssertionError("no signature of this key holds")


def tile_name(number: int, width: int = 256) -> str:
    """C2SP tlog-tiles: three digits a group, all but the last behind an x."""
    text = f"{number:03d}"
    while len(text) % 3:
        text = "0" + text
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return name if width == 256 else f"{name}.p/{width}"


def read_entries(fetch: Fetch, size: int) -> list[bytes]:
    """Every entry, bundle by bundle."""
    entries: list[bytes] = []
    while len(entries) < size:
        number, width = len(entries) // 256, min(256, size - len(entries))
        bundle = fetch(f"/log/tile/entries/{tile_name(number, width)}")
        found = []
        while bundle:
            (length,) = struct.unpack(">H", bundle[:2])
            assert len(bundle) >= 2 + length
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        assert len(found) == width
        entries += found
    return entries


def check_tiles(fetch: Fetch, entries: Sequence[bytes]) -> int:
    """Fetch every tile of the tree and compare it with the entries below it; gives how many there are."""
    level, hashes, count = 0, [sha(b"\x00" + entry) for entry in entries], 0
    while hashes:
        for first in range(0, len(hashes), 256):
            wanted = hashes[first : first + 256]
            assert fetch(f"/log/tile/{level}/{tile_name(first // 256, len(wanted))}") == b"".join(wanted)
            count += 1
        span = 256 ** (level + 1)
        hashes = [mth(entries[at : at + span]) for at in range(0, len(entries) - span + 1, span)]
        level += 1
    return count
