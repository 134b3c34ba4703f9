"""The list of suites: one name each, and proofs that name theirs in one way only."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.errors import UnsupportedProofType
from sealwright.vc.proofs.registry import (
    ISSUED_SUITES,
    KNOWN_SUITES,
    SUITES,
    UNAVAILABLE,
    disclosure_suite,
    issuing_suite,
    names_of,
    suite_name_of,
    suite_named,
    suite_table,
)
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import EDDSA_RDFC_2022


def test_the_suites_are_those_that_are_promised() -> None:
    # Those that hash and sign first; a suite of derived proofs with a type of their own has two names.
    assert list(SUITES) == [
        "Ed25519Signature2020",
        "eddsa-rdfc-2022",
        "eddsa-jcs-2022",
        "ecdsa-rdfc-2019",
        "ecdsa-jcs-2019",
        "ecdsa-sd-2023",
        "bbs-2023",
        "BbsBlsSignature2020",
        "BbsBlsSignatureProof2020",
    ]
    assert not UNAVAILABLE
    assert set(KNOWN_SUITES) == set(ISSUED_SUITES) == set(SUITES) - {"BbsBlsSignatureProof2020"}
    for name, suite in SUITES.items():
        assert suite_named(name) is suite
        assert name in names_of(suite)
    for name in ISSUED_SUITES:
        assert issuing_suite(name) is SUITES[name]
        assert SUITES[name].name == name == (SUITES[name].cryptosuite or SUITES[name].proof_type)


def test_nobody_issues_a_derived_proof() -> None:
    with pytest.raises(UnsupportedProofType, match="derived by holders"):
        issuing_suite("BbsBlsSignatureProof2020")
    assert disclosure_suite("BbsBlsSignatureProof2020") is disclosure_suite("BbsBlsSignature2020")
    assert disclosure_suite("eddsa-rdfc-2022") is None


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
