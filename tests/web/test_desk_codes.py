"""Every code that the desk's routes name is provoked once, over HTTP, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, Desk, furnish_desk
from tests.web.test_desk_examples import OURS

# States of the whole office: they are tested where they are brought about (tests/web/test_faults.py, test_office.py,
# tests/flows), and by the services that answer them.
OF_THE_OFFICE: Final = {
    "AUDIT_UNAVAILABLE",
    "CLOCK_BEHIND",
    "IDEMPOTENCY_IN_PROGRESS",
    "RECONCILING",
    "SEALED",
    "SIGNING_FAILED",
    "UNAVAILABLE",
}
ONE: Final = "/issuers/credential-requests/{}"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"
Provoking = Callable[[Desk], Answer]
PROVOKED: Final[dict[str, list[Provoking]]] = {}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("codes"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def provokes(code: str) -> Callable[[Provoking], Provoking]:
    def keep(provoking: Provoking) -> Provoking:
        PROVOKED.setdefault(code, []).append(provoking)
        return provoking

    return keep


def fresh(desk: Desk) -> str:
    """A new improver's name."""
    name = f"someone{len(desk.ids)}"
    desk.improver(name)
    return name


def asked(desk: Desk, **more: Any) -> str:
    """Id of a new improver's request."""
    return str(desk.request(fresh(desk), **more)["id"])


def wish(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"user_id": desk.ids[fresh(desk)], "credential_type": DPW, **more}


def new_type(desk: Desk, **members: Any) -> str:
    value = f"type_{len(desk.ids)}_{desk.served.audit_size()}"
    desk.done("admin", "POST", TYPES, {"value": value, "label": value, **members})
    return value


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.decide("outsider", asked(desk))


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.call("outsider", "POST", CREDENTIALS, wish(desk))


@provokes("REQUEST_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.decide("admin", "req_missing")


@provokes("REQUEST_NOT_FOUND")
def _(desk: Desk) -> Answer:
    body = {"user_id": desk.ids["plain"], "status": "approved"}
    return desk.call("admin", "PUT", "/admin/voter-requests", body)


@provokes("VERSION_CONFLICT")
def _(desk: Desk) -> Answer:
    request_id = asked(desk)
    desk.decide("issuer", request_id)
    return desk.decide("colleague", request_id, "rejected")


@provokes("VERSION_CONFLICT")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), expected_version=7)


@provokes("VERSION_CONFLICT")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "PUT", f"{TYPES}/{DPW}", {"label": "Other", "expected_version": 99})


@provokes("PRECONDITION_FAILED")
def _(desk: Desk) -> Answer:
    path = f"{ONE.format(asked(desk))}/decision"
    return desk.call("issuer", "POST", path, {"status": "approved"}, headers=[("If-Match", '"7"')])


@provokes("PRECONDITION_FAILED")
def _(desk: Desk) -> Answer:
    body = {"user_id": desk.ids["outsider"], "allowed_credentials": [DPW]}
    return desk.call("admin", "PUT", "/admin/issuers", body, headers=[("If-Match", '"99"')])


@provokes("PRECONDITION_FAILED")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "PUT", f"{TYPES}/{DPW}", {"label": "Other"}, headers=[("If-Match", 'W/"1"')])


@provokes("CONFLICTING_FIELDS")
def _(desk: Desk) -> Answer:
    body = {"user_id": desk.ids["outsider"], "allowed_credentials": [DPW], "expected_version": 4}
    return desk.call("admin", "PUT", "/admin/issuers", body, headers=[("If-Match", '"5"')])


@provokes("SELF_DECISION")
def _(desk: Desk) -> Answer:
    return desk.decide("both", desk.request("both")["id"])


@provokes("SELF_DECISION")
def _(desk: Desk) -> Answer:
    return desk.call("both", "POST", CREDENTIALS, {"user_id": desk.ids["both"], "credential_type": DPW})


@provokes("SELF_DECISION")
def _(desk: Desk) -> Answer:
    body = {"user_id": desk.ids["admin"], "allowed_credentials": [DPW]}
    return desk.call("admin", "PUT", "/admin/issuers", body)


@provokes("CREDENTIAL_ALREADY_ACTIVE")
def _(desk: Desk) -> Answer:
    body = wish(desk)
    first = desk.done("issuer", "POST", CREDENTIALS, body)
    again = desk.call("issuer", "POST", CREDENTIALS, body)
    assert again.json()["grant_id"] == first["id"]
    return again


@provokes("CREDENTIAL_ALREADY_ACTIVE")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    desk.done("issuer", "POST", CREDENTIALS, {"user_id": desk.ids[name], "credential_type": DPW})
    return desk.call(name, "POST", "/improvers/credential-requests", {"credential_type": DPW})


@provokes("NOT_AN_APPROVED_IMPROVER")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", CREDENTIALS, {"user_id": desk.ids["plain"], "credential_type": DPW})


@provokes("NOT_AN_APPROVED_IMPROVER")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    request_id = desk.request(name)["id"]
    desk.done("admin", "PUT", "/admin/users", {"user_id": desk.ids[name], "role": "improver", "value": False})
    return desk.decide("issuer", request_id)


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    request_id = desk.request(name)["id"]
    desk.done(name, "POST", f"/improvers/credential-requests/{request_id}/withdraw")
    return desk.decide("issuer", request_id, expected_version=2)


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    request_id = asked(desk)
    desk.decide("issuer", request_id)
    return desk.call("issuer", "POST", f"{ONE.format(request_id)}/ask", {"message": "m"})


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    request_id = asked(desk)
    desk.decide("issuer", request_id)
    desk.served.clock.move(minutes=5)
    return desk.call("issuer", "POST", f"{ONE.format(request_id)}/undo")


@provokes("REQUEST_PENDING_EXISTS")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    desk.request(name)
    return desk.call(name, "POST", "/improvers/credential-requests", {"credential_type": DPW})


@provokes("REQUEST_PENDING_EXISTS")
def _(desk: Desk) -> Answer:
    desk.add("twice")
    desk.done("twice", "POST", "/voters/request")
    return desk.call("twice", "POST", "/voters/request")


@provokes("ALREADY_APPROVED")
def _(desk: Desk) -> Answer:
    return desk.call("improver", "POST", "/improvers/request")


@provokes("ALREADY_APPROVED")
def _(desk: Desk) -> Answer:
    body = {"organization": "o", "email": "desk-outsider@example.org"}
    return desk.call("outsider", "POST", "/issuers/request", body)


@provokes("EMAIL_NOT_VERIFIED")
def _(desk: Desk) -> Answer:
    desk.add("unproved", verified=False)
    return desk.call("unproved", "POST", "/improvers/request")


@provokes("EMAIL_NOT_VERIFIED")
def _(desk: Desk) -> Answer:
    return desk.call("plain", "POST", "/issuers/request", {"organization": "o", "email": "other@example.org"})


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    return desk.call(fresh(desk), "POST", "/improvers/credential-requests", {"credential_type": "dpw_сertified"})


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    body = {"user_id": desk.ids["plain"], "allowed_credentials": [DPW, "nothing"]}
    return desk.call("admin", "PUT", "/admin/issuers", body)


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    value = new_type(desk)
    desk.done("admin", "DELETE", f"{TYPES}/{value}?retire=true")
    return desk.call("admin", "POST", CREDENTIALS, wish(desk, credential_type=value))


@provokes("TYPE_NOT_REQUESTABLE")
def _(desk: Desk) -> Answer:
    body = {"credential_type": new_type(desk, visibility="private"), "allow_unlisted": True}
    return desk.call(fresh(desk), "POST", "/improvers/credential-requests", body)


@provokes("TYPE_NOT_REQUESTABLE")
def _(desk: Desk) -> Answer:
    body = {"credential_type": new_type(desk, visibility="unlisted")}
    name = fresh(desk)
    refused = desk.call(name, "POST", "/improvers/credential-requests", body)
    desk.done(name, "POST", "/improvers/credential-requests", {**body, "allow_unlisted": True})
    return refused


@provokes("NOT_FOUND")
def _(desk: Desk) -> Answer:
    body = {"credential_type": DPW, "evidence": ["att_missing"]}
    return desk.call(fresh(desk), "POST", "/improvers/credential-requests", body)


@provokes("USER_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "GET", f"{CREDENTIALS}/usr_missing")


@provokes("USER_NOT_FOUND")
def _(desk: Desk) -> Answer:
    path = f"{ONE.format(asked(desk))}/assign"
    return desk.call("issuer", "POST", path, {"assignee_user_id": desk.ids["outsider"]})


@provokes("GRANT_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", "/issuer/credentials/revoke", wish(desk))


@provokes("GRANT_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", f"{CREDENTIALS}/grt_missing/suspend", {"reason": "r"})


@provokes("ALREADY_REVOKED")
def _(desk: Desk) -> Answer:
    body = wish(desk)
    desk.done("issuer", "POST", CREDENTIALS, body)
    desk.done("issuer", "DELETE", CREDENTIALS, {**body, "reason": "r"})
    return desk.call("issuer", "DELETE", CREDENTIALS, {**body, "reason": "r"})


@provokes("NOT_SUSPENDABLE")
def _(desk: Desk) -> Answer:
    grant = desk.done("admin", "POST", CREDENTIALS, wish(desk, credential_type=new_type(desk)))
    return desk.call("admin", "POST", f"{CREDENTIALS}/{grant['id']}/suspend", {"reason": "r"})


@provokes("MISSING_FIELD")
def _(desk: Desk) -> Answer:
    request_id = asked(desk)
    desk.decide("issuer", request_id)
    path = f"{ONE.format(request_id)}/decision"
    answer = desk.call("issuer", "POST", path, {"status": "pending", "expected_version": 2})
    assert answer.pointers == ["/note"]
    return answer


@provokes("MISSING_FIELD")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "DELETE", CREDENTIALS, wish(desk))


@provokes("INVALID_DECISION")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), "maybe")


@provokes("INVALID_DATE")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), expires_at="2030-02-30T00:00:00Z")


@provokes("EXPIRATION_IN_PAST")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", CREDENTIALS, wish(desk, expires_at="2020-01-01T00:00:00Z"))


@provokes("EXPIRATION_TOO_FAR")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), expires_at="2999-01-01T00:00:00Z")


@provokes("SCHEMA_VALIDATION_FAILED")
def _(desk: Desk) -> Answer:
    answer = desk.call("issuer", "POST", CREDENTIALS, wish(desk, claims={"qualification": "something else"}))
    assert all(pointer.startswith("/claims/") for pointer in answer.pointers)
    return answer


@provokes("RESERVED_KEY")
def _(desk: Desk) -> Answer:
    body = {"credential_type": DPW, "claims": {"qualification": DPW, "@context": "x"}}
    return desk.call(fresh(desk), "POST", "/improvers/credential-requests", body)


@provokes("CLAIMS_TOO_LARGE")
def _(desk: Desk) -> Answer:
    claims = {"qualification": DPW, **{f"m{number}": number for number in range(1001)}}
    return desk.call("issuer", "POST", CREDENTIALS, wish(desk, claims=claims))


@provokes("BATCH_TOO_LARGE")
def _(desk: Desk) -> Answer:
    body = {"request_ids": [f"r{number}" for number in range(101)], "message": "m"}
    return desk.call("issuer", "POST", "/issuers/credential-requests/ask", body)


@provokes("ISSUING_HALTED")
def _(desk: Desk) -> Answer:
    desk.done("admin", "POST", "/admin/halt", {"reason": "r"})
    try:
        return desk.decide("issuer", asked(desk))
    finally:
        desk.done("admin", "POST", "/admin/resume")


@provokes("IDEMPOTENCY_KEY_REUSED")
def _(desk: Desk) -> Answer:
    headers = [("Idempotency-Key", "codes")]
    desk.done("issuer", "POST", CREDENTIALS, wish(desk), headers=headers)
    return desk.call("issuer", "POST", CREDENTIALS, wish(desk), headers=headers)


@provokes("INVALID_FILTER")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "GET", "/issuers/credential-requests?status=open")


@provokes("INVALID_PAGINATION")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "GET", "/issuers/credential-requests?count=1000")


@provokes("INVALID_ADDRESS")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "GET", "/issuers/users/by-address/0x00")


@provokes("TYPE_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "PUT", f"{TYPES}/nothing", {"label": "x"})


@provokes("TYPE_EXISTS")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": DPW, "label": "Another"})


@provokes("TYPE_EXISTS")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "other_value", "label": "ＳＦＬＵＶ VERIFIER"})


@provokes("TYPE_IN_USE")
def _(desk: Desk) -> Answer:
    answer = desk.call("admin", "DELETE", f"{TYPES}/{SFLUV}")
    assert answer.json()["usage"]["scopes"] > 0
    return answer


@provokes("INVALID_TYPE_VALUE")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "all", "label": "All"})


@provokes("SCHEMA_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "a_b", "label": "A b", "schema_id": "did:adi:schema:no-v1"})


@provokes("SCHEMA_INACTIVE")
def _(desk: Desk) -> Answer:
    schema_id = "did:adi:schema:agent-delegation-v1"
    path = f"/api/v1/schemas/{schema_id}"
    desk.done("admin", "POST", f"{path}/deactivate", {"reason": "r"})
    answer = desk.call("admin", "POST", TYPES, {"value": "a_c", "label": "A c", "schema_id": schema_id})
    desk.done("admin", "POST", f"{path}/reactivate", {"reason": "r"})
    return answer


@provokes("ISSUER_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "a_d", "label": "A d", "issuer_did": "did:adi:nobody"})


@provokes("INVALID_DID")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "a_f", "label": "A f", "issuer_did": "did:adi:"})


def loose_type(desk: Desk) -> str:
    """A type whose schema takes members that its context does not know, and empty lists."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"tools": {"type": "array", "items": {"type": "string"}}},
    }
    name = f"loose-{len(desk.ids)}"
    made = desk.done("admin", "POST", "/api/v1/schemas", {"name": name, "type": ["LooseCredential"], "schema": schema})
    return new_type(desk, schema_id=made["schemaId"])


@provokes("UNSIGNABLE_VALUE")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", CREDENTIALS, wish(desk, credential_type=loose_type(desk), claims={"tools": []}))


@provokes("UNSUPPORTED_PROOF_TYPE")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", TYPES, {"value": "a_e", "label": "A e", "proof_type": "ed25519signature2020"})


@provokes("EMAIL_IN_USE")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", "/admin/users", {"email": "DESK-Plain@example.org", "display_name": "P"})


def only_admin(desk: Desk) -> str:
    """Leave one admin; gives their id."""
    own = desk.ids["admin"]
    for one in desk.done("admin", "GET", "/admin/users?role=admin"):
        if one["active"] and one["user_id"] != own:
            desk.done("admin", "POST", f"/admin/users/{one['user_id']}/deactivate")
    return own


@provokes("LAST_ADMIN")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", f"/admin/users/{only_admin(desk)}/deactivate")


@provokes("LAST_ADMIN")
def _(desk: Desk) -> Answer:
    body = {"user_id": only_admin(desk), "role": AccountRole.ADMIN.value, "value": False}
    return desk.call("admin", "PUT", "/admin/users", body)


CASES: Final = [
    pytest.param(code, provoking, id=f"{code}-{number}")
    for code, ways in PROVOKED.items()
    for number, provoking in enumerate(ways)
]


@pytest.mark.parametrize(("code", "provoking"), CASES)
def test_code_is_provoked(desk: Desk, code: str, provoking: Provoking) -> None:
    answer = provoking(desk)
    assert answer.code == code, answer.body
    body = answer.json()
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body["type"].endswith(f"/problems/{code}")


def test_every_code_of_these_routes_is_provoked() -> None:
    named = {code for route in OURS for code in route.codes}
    assert named - set(PROVOKED) - OF_THE_OFFICE == set()
    assert set(PROVOKED) <= named
