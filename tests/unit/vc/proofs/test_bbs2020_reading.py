"""Derived claims read as they were issued, and nothing else about them changed."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.proofs.suites.bbs2020_reading import as_issued

XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.mark.parametrize(
    ("derived", "issued"),
    [
        ({"@type": f"{XSD}double", "@value": "3.8E0"}, 3.8),
        ({"type": f"{XSD}integer", "@value": "2025"}, 2025),
        ({"@type": f"{XSD}boolean", "@value": "false"}, False),
        ([{"@type": f"{XSD}integer", "@value": "-1"}, "x"], [-1, "x"]),
        ({"id": "urn:bnid:_:c14n0", "name": "A"}, {"name": "A"}),
        ({"@id": "urn:bnid:_:c14n0", "id": "a claim"}, {"id": "a claim"}),
        ({"id": "urn:bnid:_:c14n0", "inner": {"id": "urn:bnid:_:c14n1", "n": [1]}}, {"inner": {"n": [1]}}),
    ],
)
def test_what_deriving_added_is_taken_away(derived: Any, issued: Any) -> None:
    assert as_issued({"claim": derived}) == {"claim": issued}


@pytest.mark.parametrize(
    "value",
    [
        "3.8",
        3.8,
        None,
        {"id": "did:example:a", "name": "A"},
        {"id": "urn:uuid:1"},
        {"@type": f"{XSD}integer", "@value": "007"},
        {"@type": f"{XSD}date", "@value": "2020-01-01"},
        {"@type": f"{XSD}integer", "@value": 7},
        {"@type": f"{XSD}integer", "@value": "7", "@language": "en"},
        {"@language": "es", "@value": "7"},
        {"type": f"{XSD}integer", "value": "7"},
        {"university": "urn:bnid:_:c14n0"},
    ],
)
def test_all_else_stays(value: Any) -> None:
    assert as_issued({"claim": value}) == {"claim": value}
