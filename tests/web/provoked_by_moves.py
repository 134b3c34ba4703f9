"""Codes of moves that rights, versions and states forbid: asking, deciding, granting, revoking."""

from __future__ import annotations

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.desk import DPW, Desk, fresh
from tests.web.provoking import CREDENTIALS, ONE, TYPES, asked, new_type, provokes, wish


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.decide("outsider", asked(desk))


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.call("outsider", "POST", CREDENTIALS, wish(desk))


@provokes("POLICY_VIOLATION")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", CREDENTIALS, wish(desk, credential_type=new_type(desk, two_person=True)))


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


@provokes("EMAIL_NOT_VERIFIED")
def _(desk: Desk) -> Answer:
    desk.add("unproved-issuer", AccountRole.ISSUER, verified=False, scopes=(DPW,))
    return desk.call("unproved-issuer", "POST", "/issuers/metrics/report/send", {"every": "week"})


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    wished = {"every": "week", "credential_types": [DPW]}
    return desk.call("outsider", "PUT", "/issuers/metrics/report", wished)


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    desk.add("scopeless", AccountRole.ISSUER)
    return desk.call("scopeless", "POST", "/issuers/metrics/report/send")
