"""The published RFC 8785 test data."""

from __future__ import annotations

from sealwright.vc.encoding import jcs
from sealwright.vc.encoding.jcs import canonicalize_json
from tests.support import vectors


def test_canonical_bytes_are_those_of_the_suite() -> None:
    root, ran, inside = vectors.folder("jcs"), 0, 0
    for given in sorted((root / "input").iterdir()):
        value = vectors.read_json(given)
        made = canonicalize_json(value)
        assert made == (root / "output" / given.name).read_bytes()
        assert made == bytes.fromhex((root / "outhex" / f"{given.stem}.txt").read_text())
        inside += jcs._is_inside_gate(value)
        ran += 1
    assert ran == 6
    assert 0 < inside < ran  # both encoders were asked
