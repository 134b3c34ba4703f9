"""Shapes: every class of a wrong body has its code and pointer, all faults at once, in document order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.domain.errors import BatchTooLarge, MalformedBody
from sealwright.vc.errors import DuplicateKey, InvalidJSON, InvalidUnicode, NestingTooDeep
from sealwright.web.api.shapes.credentials import ISSUE, STATUS_CHANGE, VERIFY
from sealwright.web.api.shapes.mass import BATCH_REVOKE
from sealwright.web.api.shapes.registry import CREATE_API_KEY, CREATE_DID, IMPORT_DID, NOTHING, UPDATE_DID
from sealwright.web.shape import Shape

GOOD: dict[str, Any] = {
    "schemaId": "did:adi:schema:university-degree-v1",
    "issuerDid": "did:adi:issuer001",
    "holderDid": "did:adi:holder001",
    "claims": {"degree": {"type": "BachelorDegree"}},
}


def faults(shape: Shape, body: object) -> list[tuple[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(MalformedBody) as caught:
        shape.read(raw)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_good_body_is_given_back_as_it_is() -> None:
    assert ISSUE.read(json.dumps(GOOD).encode()) == GOOD


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"isAdmin": True}, [("/isAdmin", "UNKNOWN_FIELD")], id="unknown member"),
        pytest.param({"issuerDid": None}, [("/issuerDid", "INVALID_TYPE")], id="null is a wrong type"),
        pytest.param({"revocable": "no"}, [("/revocable", "INVALID_TYPE")], id="text for a boolean"),
        pytest.param({"claims": []}, [("/claims", "INVALID_TYPE")], id="list for an object"),
        pytest.param({"issuerDid": "did:"}, [("/issuerDid", "INVALID_DID")], id="no DID"),
        pytest.param({"issuerDid": "did:ADI:x"}, [("/issuerDid", "INVALID_DID")], id="upper-case method"),
        pytest.param({"issuerDid": "did:adi:a b"}, [("/issuerDid", "INVALID_DID")], id="space in a DID"),
        pytest.param({"holderDid": "did:adi:x#key-1"}, [("/holderDid", "INVALID_DID")], id="DID URL for a DID"),
        pytest.param(
            {"expirationDate": "2030-02-30T00:00:00Z"}, [("/expirationDate", "INVALID_DATE")], id="no such day"
        ),
        pytest.param({"expirationDate": "2030-02-20"}, [("/expirationDate", "INVALID_DATE")], id="date without time"),
        pytest.param(
            {"proofType": "ed25519signature2020"}, [("/proofType", "UNSUPPORTED_PROOF_TYPE")], id="lower case"
        ),
        pytest.param(
            {"proofType": ["Ed25519Signature2020"]}, [("/proofType", "INVALID_TYPE")], id="list of proof types"
        ),
        pytest.param({"proofType": None}, [("/proofType", "INVALID_TYPE")], id="null proof type"),
        pytest.param({"subjectDid": "did:adi:other"}, [("/subjectDid", "CONFLICTING_FIELDS")], id="two holders"),
        pytest.param(
            {"suspendable": True, "revocable": False}, [("/suspendable", "CONFLICTING_FIELDS")], id="only suspendable"
        ),
        pytest.param({"schemaId": "\x00"}, [("/schemaId", "INVALID_CHARACTER")], id="U+0000"),
        pytest.param(
            {"claims": {"a/b": ["\x00"]}}, [("/claims/a~1b/0", "INVALID_CHARACTER")], id="U+0000 deep in claims"
        ),
    ],
)
def test_one_wrong_member_has_its_code_and_pointer(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(ISSUE, {**GOOD, **change}) == expected


@pytest.mark.parametrize("missing", ["schemaId", "issuerDid", "holderDid", "claims"])
def test_missing_member_is_named(missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    assert faults(ISSUE, body) == [(f"/{missing}", "MISSING_FIELD")]


def test_subject_did_is_the_holder_did_by_another_name() -> None:
    body = {**GOOD, "subjectDid": GOOD["holderDid"]}
    assert ISSUE.read(json.dumps(body).encode()) == body
    del body["holderDid"]
    assert ISSUE.read(json.dumps(body).encode())["subjectDid"] == "did:adi:holder001"


def test_all_faults_come_at_once_in_document_order() -> None:
    body = {"zzz": 1, "claims": 5, "proofType": "x", "issuerDid": "did:", "aaa": 1}
    assert faults(ISSUE, body) == [
        ("/zzz", "UNKNOWN_FIELD"),
        ("/claims", "INVALID_TYPE"),
        ("/proofType", "UNSUPPORTED_PROOF_TYPE"),
        ("/issuerDid", "INVALID_DID"),
        ("/aaa", "UNKNOWN_FIELD"),
        ("/schemaId", "MISSING_FIELD"),
        ("/holderDid", "MISSING_FIELD"),
    ]


@pytest.mark.parametrize("text", [b"[]", b"null", b'"x"', b"5", b"true"])
def test_top_level_that_is_no_object_is_an_invalid_body(text: bytes) -> None:
    assert faults(ISSUE, text) == [("", "INVALID_BODY")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", InvalidJSON),
        (b"{", InvalidJSON),
        (b'{"a":NaN}', InvalidJSON),
        (b'{"a":-Infinity}', InvalidJSON),
        (b"\xef\xbb\xbf{}", InvalidJSON),
        (b"{} // comment", InvalidJSON),
        (b'{"schemaId":1,"schemaId":2}', DuplicateKey),
        (b'{"claims":{"a":1,"a":2}}', DuplicateKey),
        (b'{"a":"\xff"}', InvalidUnicode),
        (b'{"a":"\\ud800"}', InvalidUnicode),
        (b"[" * 40 + b"]" * 40, NestingTooDeep),
    ],
)
def test_text_that_is_no_strict_json_is_refused(text: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        ISSUE.read(text)


@pytest.mark.parametrize("number", ["9007199254740993", "1e999", "-9007199254740992"])
def test_number_out_of_range_is_a_fault_with_its_place(number: str) -> None:
    text = json.dumps(GOOD)[:-2] + f',"year":{number}}}}}'
    assert faults(ISSUE, text.encode()) == [("/claims/year", "NUMBER_OUT_OF_RANGE")]


@pytest.mark.parametrize(
    ("value", "code"), [(3.0, "INVALID_TYPE"), ("7", "INVALID_TYPE"), (True, "INVALID_TYPE"), (0, "INVALID_VALUE")]
)
def test_integer_has_one_form(value: object, code: str) -> None:
    body = {"name": "n", "issuerDids": ["did:adi:issuer001"], "issuePerMinute": value}
    assert faults(CREATE_API_KEY, body) == [("/issuePerMinute", code)]


def test_empty_list_and_wrong_item_are_told_apart() -> None:
    assert faults(CREATE_API_KEY, {"name": "n", "issuerDids": []}) == [("/issuerDids", "INVALID_BODY")]
    assert faults(CREATE_API_KEY, {"name": "n", "issuerDids": "did:adi:x"}) == [("/issuerDids", "INVALID_TYPE")]
    assert faults(CREATE_API_KEY, {"name": "n", "issuerDids": ["did:adi:x", 5]}) == [("/issuerDids/1", "INVALID_TYPE")]


def test_too_many_rows_are_a_batch_too_large() -> None:
    with pytest.raises(BatchTooLarge):
        BATCH_REVOKE.read(json.dumps({"credentialIds": ["x"] * 1001, "reason": "r"}).encode())


def test_lengths_are_values_not_types() -> None:
    assert faults(STATUS_CHANGE, {"credentialId": "c", "reason": ""}) == [("/reason", "INVALID_VALUE")]
    assert faults(STATUS_CHANGE, {"credentialId": "c", "reason": "r" * 2001}) == [("/reason", "INVALID_VALUE")]
    assert faults(STATUS_CHANGE, {"credentialId": "c", "reason": "r", "reasonCode": "bored"}) == [
        ("/reasonCode", "INVALID_VALUE")
    ]


def test_foreign_documents_are_not_judged_by_the_shape() -> None:
    body = {"credential": {"@context": "\x00"}}
    assert VERIFY.read(json.dumps(body).encode()) == body
    assert faults(VERIFY, {"credential": 5}) == [("/credential", "INVALID_TYPE")]
    assert faults(VERIFY, {"credential": {}, "options": {"expectedHolder": "x"}}) == [
        ("/options/expectedHolder", "INVALID_DID")
    ]


def test_optional_body_may_be_absent_but_not_wrong() -> None:
    assert CREATE_DID.read(b"") == {}
    assert NOTHING.read(b"{}") == {}
    assert faults(NOTHING, {"x": 1}) == [("/x", "UNKNOWN_FIELD")]
    assert faults(CREATE_DID, {"method": "ethr"}) == [("/method", "UNSUPPORTED_DID_METHOD")]
    assert faults(UPDATE_DID, {}) == [("", "INVALID_BODY")]


def test_imported_key_is_private_or_public() -> None:
    both = {"did": "did:adi:x", "keys": [{"privateKeyJwk": {}, "publicKeyMultibase": "z6Mk"}]}
    assert faults(IMPORT_DID, both) == [("/keys/0", "CONFLICTING_FIELDS")]
    assert faults(IMPORT_DID, {"did": "did:adi:x", "keys": [{}]}) == [("/keys/0/publicKeyMultibase", "MISSING_FIELD")]


def test_details_never_quote_what_was_sent() -> None:
    canary = "canary-5f2c9d"
    body = {**GOOD, "issuerDid": canary, "proofType": canary, "claims": canary, "revocable": canary}
    with pytest.raises(MalformedBody) as caught:
        ISSUE.read(json.dumps(body).encode())
    assert canary not in caught.value.detail
    assert all(canary not in fault.detail for fault in caught.value.faults)


def test_reading_a_usual_body_is_fast() -> None:
    import time

    text = json.dumps(GOOD).encode()
    ISSUE.read(text)
    rounds = 2_000
    started = time.perf_counter()
    for _ in range(rounds):
        ISSUE.read(text)
    # Far above what it takes, so that a busy machine does not fail it; a quadratic slip would.
    assert (time.perf_counter() - started) / rounds < 0.001
