"""The list of suites: one name each, and proofs that name theirs in one way only."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.proofs.registry import KNOWN_SUITES, SUITES, UNAVAILABLE, suite_name_of, suite_named, suite_table
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import EDDSA_RDFC_2022


def test_the_suites_are_those_that_are_promised() -> None:
    first = ["Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019"]
    assert list(SUITES)[: len(first)] == first
    assert len(KNOWN_SUITES) == len(set(KNOWN_SUITES)) == len(SUITES) + len(UNAVAILABLE)
    for name, suite in SUITES.items():
        assert suite_named(name) is suite
        assert suite.name == name == (suite.cryptosuite or suite.proof_type)


def test_a_name_that_is_taken_twice_stops_the_program() -> None:
    with pytest.raises(RuntimeError, match="eddsa-rdfc-2022"):
        suite_table([EDDSA_RDFC_2022, EDDSA_RDFC_2022])


def test_the_list_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SUITES["another"] = EDDSA_RDFC_2022  # type: ignore[index]


@pytest.mark.parametrize(
    ("proof", "name"),
    [
        ({"type": "Ed25519Signature2020"}, "Ed25519Signature2020"),
        ({"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"}, "eddsa-jcs-2022"),
        ({"type": "DataIntegrityProof"}, ""),
        ({"type": "Ed25519Signature2020", "cryptosuite": "eddsa-rdfc-2022"}, ""),
        ({"type": ["DataIntegrityProof"], "cryptosuite": "eddsa-rdfc-2022"}, ""),
        ({"type": "DataIntegrityProof", "cryptosuite": ["eddsa-rdfc-2022"]}, ""),
        ({"cryptosuite": "eddsa-rdfc-2022"}, ""),
        ({}, ""),
    ],
)
def test_a_proof_names_its_suite_in_one_way(proof: dict[str, Any], name: str) -> None:
    assert suite_name_of(proof) == name
