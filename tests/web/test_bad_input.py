"""The catalogue of bad input: each class has one answer, whatever the values, and leaves nothing behind."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.web.client import Answer
from tests.web.conftest import Served, degree

ISSUE = "/api/v1/credentials/issue"
REVOKE = "/api/v1/credentials/revoke"
VERIFY = "/api/v1/credentials/verify"
CANARY = "canary-7d1f4e"


def with_member(name: str, value: object) -> dict[str, Any]:
    return {**degree(), name: value}


def with_claims(value: object) -> dict[str, Any]:
    return {**degree(), "claims": value}


def raw_claims(text: str) -> bytes:
    body = {name: value for name, value in degree().items() if name != "claims"}
    return (json.dumps(body)[:-1] + ', "claims": ' + text + "}").encode()


DEGREE = degree()["claims"]["degree"]

# (what is sent, status, code, the first pointer or None where no place is named)
BODIES = [
    pytest.param(b"", 400, "INVALID_JSON", None, id="empty body"),
    pytest.param(b'{"schemaId":', 400, "INVALID_JSON", None, id="truncated"),
    pytest.param(b"{} {}", 400, "INVALID_JSON", None, id="trailing text"),
    pytest.param(b"/* hi */ {}", 400, "INVALID_JSON", None, id="comment"),
    pytest.param(b"\xef\xbb\xbf{}", 400, "INVALID_JSON", None, id="byte-order mark"),
    pytest.param(raw_claims('{"x": NaN}'), 400, "INVALID_JSON", None, id="NaN"),
    pytest.param(raw_claims('{"x": -Infinity}'), 400, "INVALID_JSON", None, id="-Infinity"),
    pytest.param(b"[]", 422, "INVALID_BODY", "", id="top level is a list"),
    pytest.param(b"null", 422, "INVALID_BODY", "", id="top level is null"),
    pytest.param(b'"x"', 422, "INVALID_BODY", "", id="top level is text"),
    pytest.param(b'{"schemaId":"a","schemaId":"b"}', 400, "DUPLICATE_KEY", "/schemaId", id="member twice"),
    pytest.param(raw_claims('{"a":{"b":1,"b":1}}'), 400, "DUPLICATE_KEY", "/claims/a/b", id="member twice, deep"),
    pytest.param(b'{"schemaId":"\xff"}', 400, "INVALID_UNICODE", None, id="not UTF-8"),
    pytest.param("{}".encode("utf-16"), 400, "INVALID_UNICODE", None, id="UTF-16"),
    pytest.param("{}".encode("utf-32"), 400, "INVALID_UNICODE", None, id="UTF-32"),
    pytest.param(raw_claims('{"x":"\\ud800"}'), 400, "INVALID_UNICODE", None, id="lone surrogate"),
    pytest.param(raw_claims('{"x":"\\u0000"}'), 422, "INVALID_CHARACTER", "/claims/x", id="U+0000"),
    pytest.param(raw_claims('{"x":1e999}'), 422, "NUMBER_OUT_OF_RANGE", "/claims/x", id="infinite number"),
    pytest.param(
        raw_claims('{"x":9007199254740993}'), 422, "NUMBER_OUT_OF_RANGE", "/claims/x", id="beyond exact integers"
    ),
    pytest.param(
        raw_claims('{"x":' + "9" * 5000 + "}"), 422, "NUMBER_OUT_OF_RANGE", "/claims/x", id="very long number"
    ),
    pytest.param(raw_claims('{"x":' + "[" * 40 + "]" * 40 + "}"), 400, "NESTING_TOO_DEEP", None, id="nested too deep"),
    pytest.param(raw_claims('{"x":' + "[" * 100_000 + "]" * 100_000 + "}"), 400, "NESTING_TOO_DEEP", None, id="absurd"),
    pytest.param(with_member("isAdmin", True), 422, "UNKNOWN_FIELD", "/isAdmin", id="member that claims rank"),
    pytest.param(with_member("issued_by", "x"), 422, "UNKNOWN_FIELD", "/issued_by", id="member that claims history"),
    pytest.param(with_member("proof", {}), 422, "UNKNOWN_FIELD", "/proof", id="member proof"),
    pytest.param({"schemaId": "x"}, 422, "MISSING_FIELD", "/issuerDid", id="members missing"),
    pytest.param(with_member("schemaId", None), 422, "INVALID_TYPE", "/schemaId", id="null"),
    pytest.param(with_member("revocable", "no"), 422, "INVALID_TYPE", "/revocable", id="text for a boolean"),
    pytest.param(with_claims([]), 422, "INVALID_TYPE", "/claims", id="claims are a list"),
    pytest.param(with_member("issuerDid", "did:"), 422, "INVALID_DID", "/issuerDid", id="did:"),
    pytest.param(with_member("issuerDid", "did:adi:"), 422, "INVALID_DID", "/issuerDid", id="did:adi:"),
    pytest.param(with_member("holderDid", "did:Adi:x"), 422, "INVALID_DID", "/holderDid", id="upper-case method"),
    pytest.param(with_member("holderDid", "did:adi:x y"), 422, "INVALID_DID", "/holderDid", id="space in a DID"),
    pytest.param(with_member("holderDid", "did:adi:x#y"), 422, "INVALID_DID", "/holderDid", id="DID URL"),
    pytest.param(with_member("holderDid", "did:" + "a" * 3000), 422, "INVALID_DID", "/holderDid", id="endless DID"),
    pytest.param(with_member("holderDid", "did:ethr:0x1"), 422, "UNSUPPORTED_DID_METHOD", None, id="other DID method"),
    pytest.param(with_member("issuerDid", "did:adi:nobody"), 404, "ISSUER_NOT_FOUND", None, id="unknown issuer"),
    pytest.param(with_member("holderDid", "did:adi:nobody"), 404, "HOLDER_NOT_FOUND", None, id="unknown holder"),
    pytest.param(with_member("schemaId", "did:adi:schema:x"), 404, "SCHEMA_NOT_FOUND", None, id="unknown schema"),
    pytest.param(with_member("schemaId", "'; DROP TABLE"), 404, "SCHEMA_NOT_FOUND", None, id="hostile schema id"),
    pytest.param(
        with_member("issuerDid", "did:adi:holder001"), 403, "ISSUER_NOT_AUTHORIZED", None, id="foreign issuer"
    ),
    pytest.param(with_claims({}), 422, "SCHEMA_VALIDATION_FAILED", "/claims/degree", id="claim missing"),
    pytest.param(
        with_claims({"degree": {**DEGREE, "gpa": CANARY}}),
        422,
        "SCHEMA_VALIDATION_FAILED",
        "/claims/degree/gpa",
        id="claim",
    ),
    pytest.param(
        with_claims({"degree": {**DEGREE, "graduationYear": 1}}),
        422,
        "SCHEMA_VALIDATION_FAILED",
        "/claims/degree/graduationYear",
        id="claim out of range",
    ),
    pytest.param(with_claims({"degree": DEGREE, "@id": "x"}), 422, "RESERVED_KEY", "/claims/@id", id="keyword"),
    pytest.param(
        with_claims({"degree": {**DEGREE, "@type": "x"}}),
        422,
        "RESERVED_KEY",
        "/claims/degree/@type",
        id="keyword, deep",
    ),
    pytest.param(with_claims({"degree": DEGREE, "id": "x"}), 422, "RESERVED_KEY", "/claims/id", id="id among claims"),
    pytest.param(with_claims({"degree": DEGREE, "proof": {}}), 422, "RESERVED_KEY", "/claims/proof", id="proof claim"),
    pytest.param(with_claims({str(n): 1 for n in range(1001)}), 422, "CLAIMS_TOO_LARGE", None, id="too many members"),
    pytest.param(with_claims({"a" * 257: 1}), 422, "CLAIMS_TOO_LARGE", None, id="too long a name"),
    pytest.param(with_claims({"a": "x" * 65537}), 422, "CLAIMS_TOO_LARGE", None, id="too long a text"),
    pytest.param(with_claims({"a": [1] * 1001}), 422, "CLAIMS_TOO_LARGE", None, id="too long a list"),
    pytest.param(
        with_member("expirationDate", "2030-02-30T00:00:00Z"), 422, "INVALID_DATE", "/expirationDate", id="30 February"
    ),
    pytest.param(
        with_member("expirationDate", "2030-13-01T00:00:00Z"), 422, "INVALID_DATE", "/expirationDate", id="month 13"
    ),
    pytest.param(
        with_member("expirationDate", "2030-01-01T00:00:60Z"), 422, "INVALID_DATE", "/expirationDate", id="second 60"
    ),
    pytest.param(
        with_member("expirationDate", "2030-01-01T00:00:00"), 422, "INVALID_DATE", "/expirationDate", id="no zone"
    ),
    pytest.param(with_member("expirationDate", "tomorrow"), 422, "INVALID_DATE", "/expirationDate", id="no date"),
    pytest.param(with_member("expirationDate", "2020-01-01T00:00:00Z"), 422, "EXPIRATION_IN_PAST", None, id="past"),
    pytest.param(with_member("expirationDate", "2026-03-01T12:00:00Z"), 422, "EXPIRATION_IN_PAST", None, id="now"),
    pytest.param(with_member("expirationDate", "2199-01-01T00:00:00Z"), 422, "EXPIRATION_TOO_FAR", None, id="too far"),
    pytest.param(
        with_member("proofType", "ed25519signature2020"), 422, "UNSUPPORTED_PROOF_TYPE", "/proofType", id="lower case"
    ),
    pytest.param(
        with_member("proofType", "RsaSignature2018"), 422, "UNSUPPORTED_PROOF_TYPE", "/proofType", id="unknown"
    ),
    pytest.param(with_member("proofType", []), 422, "INVALID_TYPE", "/proofType", id="proof type is a list"),
    pytest.param(with_member("anchor", "yes"), 422, "INVALID_TYPE", "/anchor", id="anchor of a wrong type"),
]


def sent(served: Served, body: object, path: str = ISSUE, **options: Any) -> Answer:
    token = options.pop("token", served.key)
    if isinstance(body, bytes):
        return served.client.call("POST", path, raw=body, token=token, **options)
    return served.client.call("POST", path, body, token=token, **options)


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BODIES)
def test_bad_body_has_its_answer_and_leaves_nothing(
    served: Served, body: object, status: int, code: str, pointer: str | None
) -> None:
    before = served.audit_size()
    started = time.perf_counter()
    answer = sent(served, body)
    seconds = time.perf_counter() - started
    assert (answer.status, answer.code) == (status, code), answer.body
    if pointer is not None:
        assert answer.pointers[0] == pointer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert list(problem) == [
        "type",
        "title",
        "status",
        "code",
        "detail",
        "instance",
        "requestId",
        "retryable",
        "errors",
    ]
    assert CANARY.encode() not in answer.body
    assert seconds < 2.0
    assert served.audit_size() == before


def test_valid_call_after_all_of_these_works(served: Served) -> None:
    for case in BODIES[::7]:
        sent(served, case.values[0])
    assert sent(served, degree()).status == 201


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        pytest.param({"content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE", id="text"),
        pytest.param({"content_type": "application/xml"}, 415, "UNSUPPORTED_MEDIA_TYPE", id="XML"),
        pytest.param({"content_type": "multipart/form-data; boundary=x"}, 415, "UNSUPPORTED_MEDIA_TYPE", id="form"),
        pytest.param({"content_type": None}, 415, "UNSUPPORTED_MEDIA_TYPE", id="none"),
        pytest.param(
            {"content_type": "application/json; charset=latin-1"}, 415, "UNSUPPORTED_MEDIA_TYPE", id="other charset"
        ),
        pytest.param({"headers": [("Content-Encoding", "gzip")]}, 415, "UNSUPPORTED_MEDIA_TYPE", id="gzip"),
        pytest.param({"headers": [("X-HTTP-Method-Override", "DELETE")]}, 201, "", id="method override is ignored"),
        pytest.param({"headers": [("Content-Type", "application/json")]}, 400, "INVALID_HEADER", id="type twice"),
        pytest.param({"headers": [("Authorization", "Bearer x")]}, 400, "INVALID_HEADER", id="authorization twice"),
    ],
)
def test_bad_head_has_its_answer(served: Served, options: dict[str, Any], status: int, code: str) -> None:
    answer = sent(served, degree(), **options)
    assert (answer.status, answer.code) == (status, code), answer.body


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "HEAD", "OPTIONS", "BREW"])
def test_wrong_method_names_the_right_ones(served: Served, method: str) -> None:
    answer = served.client.call(method, ISSUE, token=served.key)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    if method != "HEAD":
        assert answer.code == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"raw": b" " * 1_048_577}, id="by length"),
        pytest.param({"raw": [b" " * 100_000] * 11}, id="by chunks"),
        pytest.param({"raw": b" " * 1_048_577, "length": 5}, id="by a false length"),
        pytest.param({"raw": b"{}", "length": 1_048_577}, id="by an announced length"),
        pytest.param({"raw": b"{}", "length": 10**30}, id="by an absurd length"),
    ],
)
def test_large_body_is_refused_before_sign_in(served: Served, options: dict[str, Any]) -> None:
    answer = served.client.call("POST", ISSUE, **options)
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "token", ["", "x", "swk_" + "a" * 43, "swp_" + "a" * 43, "swk_" + "a" * 5000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_wrong_token_is_refused_alike(served: Served, token: str) -> None:
    answer = sent(served, degree(), token=token)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_token_in_the_address_is_refused(served: Served) -> None:
    for query in (f"access_token={served.key}", f"x={served.key}", "token=abc"):
        assert sent(served, degree(), f"{ISSUE}?{query}").code == "UNAUTHENTICATED"
        assert sent(served, {}, f"{VERIFY}?{query}", token=None).code == "UNAUTHENTICATED"


def test_refusals_win_in_the_order_of_the_contract(served: Served) -> None:
    """Each step repairs what the last answer named; the next fault must come to light."""
    wrong = json.dumps({"schemaId": 5}).encode()
    call = served.client.call
    assert call("PUT", ISSUE, raw=b" " * 2_000_000, content_type="text/plain").code == "METHOD_NOT_ALLOWED"
    assert call("POST", ISSUE, raw=b" " * 2_000_000, content_type="text/plain").code == "PAYLOAD_TOO_LARGE"
    assert call("POST", ISSUE, raw=b"{", content_type="text/plain").code == "UNSUPPORTED_MEDIA_TYPE"
    assert call("POST", ISSUE, raw=b"{").code == "UNAUTHENTICATED"
    assert call("POST", "/admin/halt", raw=b"{", token=served.person).code == "ROLE_REQUIRED"
    assert call("POST", ISSUE, raw=b"{", token=served.key).code == "INVALID_JSON"
    assert call("POST", ISSUE, raw=wrong, token=served.key).code == "INVALID_TYPE"
    body = {**degree(), "proofType": "x", "issuerDid": "did:adi:nobody"}
    assert sent(served, body).code == "UNSUPPORTED_PROOF_TYPE"
    body = {**degree(), "issuerDid": "did:adi:nobody", "schemaId": "x", "holderDid": "did:adi:nobody", "claims": {}}
    assert sent(served, body).code == "ISSUER_NOT_FOUND"
    body["issuerDid"] = "did:adi:holder001"
    assert sent(served, body).code == "SCHEMA_NOT_FOUND"
    body["schemaId"] = degree()["schemaId"]
    assert sent(served, body).code == "HOLDER_NOT_FOUND"
    body["holderDid"] = degree()["holderDid"]
    assert sent(served, body).code == "ISSUER_NOT_AUTHORIZED"
    body["issuerDid"] = degree()["issuerDid"]
    assert sent(served, {**body, "expirationDate": "2020-01-01T00:00:00Z"}).code == "SCHEMA_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "INVALID_PAGINATION"),
        ("limit=101", "INVALID_PAGINATION"),
        ("limit=1&limit=2", "INVALID_PAGINATION"),
        ("limit=abc", "INVALID_PAGINATION"),
        ("cursor=forged", "INVALID_PAGINATION"),
        ("cursor=%27%3B--", "INVALID_PAGINATION"),
        ("cursor=" + "A" * 500, "INVALID_PAGINATION"),
        ("status=open", "INVALID_FILTER"),
        ("issuerDid=x", "INVALID_FILTER"),
        ("status=valid&status=valid", "INVALID_FILTER"),
        ("page=1", "UNKNOWN_FIELD"),
    ],
)
def test_bad_query_has_its_answer(served: Served, query: str, code: str) -> None:
    answer = served.client.call("GET", f"/api/v1/credentials?{query}", token=served.key)
    assert (answer.status, answer.code) == (422, code), answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/credentials/..%2f..%2fetc%2fpasswd",
        "/api/v1/credentials/%00",
        "/api/v1/credentials/%ff",
        "/api/v1/credentials/" + "a" * 5000,
        "/api/v1/%63redentials",
        "/api/v1/credentials/",
        "//api/v1/credentials",
        "/api/v1/nothing",
    ],
)
def test_path_trick_is_not_found(served: Served, path: str) -> None:
    answer = served.client.call("GET", path, token=served.key)
    assert answer.status == 404, answer.body
    assert answer.code in {"NOT_FOUND", "CREDENTIAL_NOT_FOUND"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"credentialId": "nothing", "reason": "r"}, 404, "CREDENTIAL_NOT_FOUND", id="unknown"),
        pytest.param({"credentialId": "x"}, 422, "MISSING_FIELD", id="no reason"),
        pytest.param({"credentialId": "x", "reason": ["r"]}, 422, "INVALID_TYPE", id="reason is a list"),
        pytest.param(
            {"credentialId": "x", "reason": "r", "reasonCode": "bored"}, 422, "INVALID_VALUE", id="reason code"
        ),
        pytest.param({"credentialId": "x", "reason": "r\x00"}, 422, "INVALID_CHARACTER", id="U+0000 in the reason"),
    ],
)
def test_bad_revocation_has_its_answer(served: Served, body: dict[str, Any], status: int, code: str) -> None:
    answer = sent(served, body, REVOKE)
    assert (answer.status, answer.code) == (status, code), answer.body


def test_another_issuers_credential_is_not_revoked(served: Served) -> None:
    issued = served.issue()
    body = {"credentialId": issued["credentialId"], "reason": "mine now"}
    answer = sent(served, body, REVOKE, token=served.holder_key)
    assert (answer.status, answer.code) == (403, "NOT_ISSUER_OF_CREDENTIAL")


@pytest.mark.parametrize("claims", [{"degree": None}, {"degree": {**DEGREE, "x": []}}, {"degree": {**DEGREE, "x": {}}}])
def test_value_that_no_proof_would_cover_is_refused(served: Served, claims: dict[str, Any]) -> None:
    answer = sent(served, with_claims(claims))
    assert answer.status == 422
    assert answer.code in {"UNSIGNABLE_VALUE", "SCHEMA_VALIDATION_FAILED"}


@pytest.mark.parametrize("number", ["-0.0", "1.0", "3.80", "1e1"])
def test_number_has_one_form_after_storage(served: Served, number: str) -> None:
    claims = json.dumps({"degree": {**DEGREE, "gpa": 111}}).replace("111", number)
    answer = sent(served, raw_claims(claims))
    assert answer.status == 201, answer.body
    path = f"{answer.headers['location']}/document"
    assert served.client.call("GET", path, token=served.key).body in answer.body
    assert answer.json()["credential"]["credentialSubject"]["degree"]["gpa"] == float(number)
