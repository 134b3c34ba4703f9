"""Building a credential: fixed member order, both data models, nothing shared with what it was built from."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.credentials.model import DataModel
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.errors import InvalidDate, ReservedKey
from tests.support.proving import DEGREE_CONTEXT, DEGREE_SCHEMA, HOLDER, ISSUER, degree_credential

ENTRY = {"id": "https://a.example/1#5", "type": "StatusList2021Entry"}


def test_a_1_1_credential_has_its_members_in_fixed_order() -> None:
    document = degree_credential(issuer_name="MIT", schema_id=DEGREE_SCHEMA, status=(ENTRY,))
    assert list(document) == [
        "@context",
        "id",
        "type",
        "issuer",
        "issuanceDate",
        "expirationDate",
        "credentialSubject",
        "credentialSchema",
        "credentialStatus",
    ]
    assert document["@context"] == ["https://www.w3.org/2018/credentials/v1", DEGREE_CONTEXT]
    assert document["type"] == ["VerifiableCredential", "UniversityDegreeCredential"]
    assert document["issuer"] == {"id": ISSUER.did, "name": "MIT"}
    assert document["issuanceDate"] == "2026-11-21T02:29:00Z"
    assert document["credentialSubject"] == {
        "id": HOLDER,
        "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8},
    }
    assert document["credentialSchema"] == {"id": DEGREE_SCHEMA, "type": "JsonSchemaValidator2018"}
    assert document["credentialStatus"] == ENTRY
    assert check_credential(document) is DataModel.V1_1


def test_a_2_0_credential_speaks_its_own_words() -> None:
    document = degree_credential("2.0", schema_id=DEGREE_SCHEMA, status=(ENTRY, ENTRY))
    assert document["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert document["validFrom"] == "2026-11-21T02:29:00Z"
    assert document["validUntil"] == "2030-12-31T23:59:59Z"
    assert document["issuer"] == ISSUER.did
    assert document["credentialSchema"]["type"] == "JsonSchema"
    assert document["credentialStatus"] == [ENTRY, ENTRY]
    assert check_credential(document) == "2.0"


def test_optional_parts_are_left_out_whole() -> None:
    document = degree_credential(credential_id=None, subject_id=None, valid_until=None)
    assert not {"id", "expirationDate", "credentialStatus", "credentialSchema"} & document.keys()
    assert "id" not in document["credentialSubject"]


def test_the_same_parts_give_the_same_document_and_later_changes_do_not_reach_it() -> None:
    claims = {"list": [{"a": 1}]}
    first, second = degree_credential(claims=claims), degree_credential(claims=claims)
    assert first == second
    claims["list"][0]["a"] = 2
    assert first["credentialSubject"]["list"] == [{"a": 1}]


def test_a_claim_cannot_take_the_place_of_the_subject() -> None:
    with pytest.raises(ReservedKey) as caught:
        degree_credential(claims={"id": "did:adi:somebody-else"})
    assert caught.value.faults[0].pointer == "/claims/id"


def test_moments_are_written_in_utc_and_need_a_zone() -> None:
    east = datetime(2026, 11, 21, 4, 29, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert degree_credential(valid_from=east)["issuanceDate"] == "2026-11-21T02:29:00Z"
    with pytest.raises(InvalidDate):
        degree_credential(valid_from=datetime(2026, 11, 21))  # noqa: DTZ001


def test_an_unknown_data_model_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid DataModel"):
        build_credential(CredentialParts("3.0", (), ISSUER.did, datetime.now().astimezone(), {}))
