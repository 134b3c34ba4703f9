"""The one table: every error of ours has a code, every code a status; nothing internal is told."""

from __future__ import annotations

import inspect
import json

import pytest

from sealwright.domain import errors as domain
from sealwright.vc import errors as vc
from sealwright.vc.errors import Fault
from sealwright.web.problems import CATALOG, INTERNAL, PROBLEMS, fault_for, faults_of, problem_for, problem_reply
from sealwright.web.refusals import TransportRefused

# Roots and branches are never raised themselves; these never reach a caller as errors.
BRANCHES = {
    domain.DomainError,
    domain.NotAllowed,
    domain.Gone,
    domain.Unprocessable,
    vc.VcError,
    vc.UnreadableJSON,
    vc.DocumentRefused,
}


def classes(module: object, root: type[Exception]) -> list[type[Exception]]:
    found = inspect.getmembers(module, lambda one: inspect.isclass(one) and issubclass(one, root))
    return [one for _, one in found]


def made(kind: type[Exception]) -> Exception:
    if kind is domain.RateLimitExceeded:
        return domain.RateLimitExceeded("Too fast.", retry_after_seconds=7)
    return kind("A sentence.")


@pytest.mark.parametrize("kind", [*classes(domain, domain.DomainError), *classes(vc, vc.VcError)])
def test_every_error_has_a_public_face(kind: type[Exception]) -> None:
    if kind in BRANCHES:
        return
    assert problem_for(made(kind)) is not INTERNAL, f"{kind.__name__} is missing in the table"


def test_table_names_no_code_outside_the_catalog() -> None:
    assert {problem.code for problem in PROBLEMS.values()} <= set(CATALOG)
    assert all(400 <= problem.status < 600 for problem in CATALOG.values())


def reply(error: Exception, **options: str) -> tuple[int, dict[str, object], dict[bytes, bytes]]:
    answer = problem_reply(error, base_url="https://o.example", instance="/x", request_id="r1", **options)
    return answer.status, json.loads(answer.body), dict(answer.headers)


def test_problem_has_exactly_the_promised_members() -> None:
    status, body, headers = reply(domain.IssuerNotFound("No issuer DID did:adi:x is kept here."))
    assert status == 404
    assert body == {
        "type": "https://o.example/problems/ISSUER_NOT_FOUND",
        "title": CATALOG["ISSUER_NOT_FOUND"].title,
        "status": 404,
        "code": "ISSUER_NOT_FOUND",
        "detail": "No issuer DID did:adi:x is kept here.",
        "instance": "/x",
        "requestId": "r1",
        "retryable": False,
        "errors": [],
    }
    assert headers == {}


def test_malformed_body_takes_the_code_of_its_first_fault() -> None:
    error = domain.MalformedBody(
        "2 members.", faults=[Fault("/a", "UNKNOWN_FIELD", "x"), Fault("/b", "INVALID_DID", "y")]
    )
    status, body, _ = reply(error)
    assert (status, body["code"]) == (422, "UNKNOWN_FIELD")
    assert [fault["pointer"] for fault in body["errors"]] == ["/a", "/b"]  # type: ignore[attr-defined,index]


def test_internal_error_tells_nothing() -> None:
    status, body, _ = reply(RuntimeError("SELECT secret FROM keys"))
    assert (status, body["code"], body["retryable"]) == (500, "INTERNAL", False)
    assert "SELECT" not in json.dumps(body)


def test_headers_follow_the_status() -> None:
    assert reply(domain.NotSignedIn("no"))[2][b"www-authenticate"].startswith(b"Bearer")
    assert reply(domain.RateLimitExceeded("slow", retry_after_seconds=7))[2][b"retry-after"] == b"7"
    assert b"retry-after" in reply(domain.Sealed("x"))[2]
    assert b"retry-after" in reply(domain.IdempotencyInProgress("x"))[2]
    refused = TransportRefused("METHOD_NOT_ALLOWED", "no", headers=((b"allow", b"GET"),))
    assert reply(refused)[2] == {b"allow": b"GET"}


def test_retryable_is_what_the_contract_says() -> None:
    for error in (domain.SigningFailed("x"), domain.StoreUnavailable("x"), domain.IdempotencyInProgress("x")):
        assert reply(error)[1]["retryable"] is True
    assert reply(domain.VersionConflict("x"))[1]["retryable"] is False


def test_extra_members_stand_beside_and_never_instead() -> None:
    _, body, _ = reply(domain.VersionConflict("x", extra={"current": {"version": 3}, "code": "FORGED"}))
    assert body["current"] == {"version": 3}
    assert body["code"] == "VERSION_CONFLICT"


def test_pointers_into_claims_become_pointers_into_the_body() -> None:
    schema = vc.ClaimsDoNotMatchSchema("1 claim.", faults=[Fault("/degree/gpa", "type", "must be a number")])
    assert faults_of(schema, "/claims")[0]["pointer"] == "/claims/degree/gpa"
    term = vc.UndefinedTerm("A term.", pointer="/credentialSubject/x")
    assert faults_of(term, "/claims") == [{"pointer": "/claims/x", "code": "UNDEFINED_TERM", "detail": "A term."}]
    reserved = vc.ReservedKey("Reserved.", pointer="/claims/@id")
    assert faults_of(reserved, "/claims")[0]["pointer"] == "/claims/@id"
    document = vc.MalformedDocument("Bad.", faults=[Fault("/issuer", "MISSING_FIELD", "is missing")])
    assert faults_of(document, "/credential")[0]["pointer"] == "/credential/issuer"
    assert faults_of(vc.DuplicateKey("Twice.", pointer="/a/b"), "/claims")[0]["pointer"] == "/a/b"


def test_row_faults_use_the_same_table() -> None:
    assert fault_for(domain.HolderNotFound("Nobody.")) == {
        "code": "HOLDER_NOT_FOUND",
        "detail": "Nobody.",
        "errors": [],
    }
    assert fault_for(ValueError("secret"))["code"] == "INTERNAL"
    assert "secret" not in str(fault_for(ValueError("secret")))
