"""Codes of calls that carry wrong values: bodies, filters, the catalog, people. The last leaves one admin."""

from __future__ import annotations

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.desk import DPW, SFLUV, Desk, fresh
from tests.web.provoking import CREDENTIALS, ONE, TYPES, asked, new_type, provokes, wish


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


@provokes("POLICY_VIOLATION")
def _(desk: Desk) -> Answer:
    wish = {"value": "a_g", "label": "A g", "schema_id": "did:adi:schema:agent-delegation-v1"}
    return desk.call("admin", "POST", TYPES, wish)


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


@provokes("HOLDER_ERASED")
def _(desk: Desk) -> Answer:
    # Its claims are refused by the signature alone, so the grant waits for its credential until they are gone.
    name, kind = fresh(desk), loose_type(desk)
    body = {"user_id": desk.ids[name], "credential_type": kind, "claims": {"color": "red"}}
    grant = desk.done("admin", "POST", CREDENTIALS, body)
    assert grant["issuance"] == "failed"
    assert desk.call(name, "DELETE", "/me").status == 202
    return desk.call("admin", "POST", f"{CREDENTIALS}/{grant['id']}/retry-issuance")


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
