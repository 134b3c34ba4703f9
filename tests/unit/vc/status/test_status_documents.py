"""Status list credentials and the entries that point into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.errors import StatusListInvalid
from sealwright.vc.status.bitstring import (
    MIN_LIST_BITS,
    decode_bitstring_status_list,
    decode_status_list_2021,
    set_bit,
)
from sealwright.vc.status.documents import (
    REVOCATION,
    SUSPENSION,
    StatusListKind,
    StatusListParts,
    as_member,
    build_status_list_credential,
    status_entries,
)
from tests.support.proving import ISSUER, NOW, canonicalizer

URL = "https://cred.example/status/7b/revocation"
PARTS = StatusListParts(
    URL, ISSUER.did, REVOCATION, set_bit(bytes(MIN_LIST_BITS // 8), 73120), NOW, NOW + timedelta(minutes=5)
)


def test_a_2021_list_is_a_credential_of_data_model_1_1() -> None:
    document = build_status_list_credential(StatusListKind.STATUS_LIST_2021, PARTS)
    assert check_credential(document) == "1.1"
    assert document["type"] == ["VerifiableCredential", "StatusList2021Credential"]
    assert (document["issuanceDate"], document["expirationDate"]) == ("2026-11-21T02:30:00Z", "2026-11-21T02:35:00Z")
    subject = document["credentialSubject"]
    assert (subject["id"], subject["type"], subject["statusPurpose"]) == (URL + "#list", "StatusList2021", REVOCATION)
    assert decode_status_list_2021(subject["encodedList"]) == PARTS.bitstring


def test_a_bitstring_list_is_a_credential_of_data_model_2_0() -> None:
    document = build_status_list_credential(StatusListKind.BITSTRING, PARTS)
    assert check_credential(document) == "2.0"
    assert document["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert (document["validFrom"], document["validUntil"]) == ("2026-11-21T02:30:00Z", "2026-11-21T02:35:00Z")
    assert decode_bitstring_status_list(document["credentialSubject"]["encodedList"]) == PARTS.bitstring


@pytest.mark.parametrize("kind", StatusListKind)
def test_every_member_of_a_list_is_defined(kind: StatusListKind) -> None:
    lines = canonicalizer().canonicalize(build_status_list_credential(kind, PARTS)).decode().splitlines()
    assert any("encodedList" in line for line in lines)
    assert any("statusPurpose" in line for line in lines)


@pytest.mark.parametrize("kind", StatusListKind)
def test_entries_share_one_index_and_do_not_have_the_address_of_the_list(kind: StatusListKind) -> None:
    urls = {REVOCATION: URL, SUSPENSION: "https://cred.example/status/7b/suspension"}
    first, second = status_entries(kind, list_urls=urls, index=73120)
    assert first == {
        "id": f"{URL}#73120",
        "type": kind.entry_type,
        "statusPurpose": REVOCATION,
        "statusListIndex": "73120",
        "statusListCredential": URL,
    }
    assert (second["statusPurpose"], second["statusListIndex"]) == (SUSPENSION, "73120")
    assert as_member([first]) == first
    assert as_member([first, second]) == [first, second]


def test_a_list_that_is_too_short_or_ends_before_it_begins_is_not_made() -> None:
    with pytest.raises(StatusListInvalid):
        replace(PARTS, bitstring=bytes(MIN_LIST_BITS // 8 - 1))
    with pytest.raises(StatusListInvalid):
        replace(PARTS, valid_until=PARTS.valid_from)
