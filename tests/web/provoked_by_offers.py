"""Codes of offers that improvers make of their own requests and credentials."""

from __future__ import annotations

from tests.web.client import Answer
from tests.web.desk import DPW, Desk, fresh
from tests.web.provoking import CREDENTIALS, ONE, asked, provokes

REQUEST = "/improvers/credential-requests/{}/offer"
GRANT = "/improvers/credentials/{}/offers"


def _granted(desk: Desk, name: str) -> str:
    return str(desk.done("issuer", "POST", CREDENTIALS, {"user_id": desk.ids[name], "credential_type": DPW})["id"])


@provokes("REQUEST_NOT_FOUND")
def _(desk: Desk) -> Answer:
    # Somebody else's looks like a missing one.
    return desk.call(fresh(desk), "POST", REQUEST.format(asked(desk)))


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    request_id = desk.request(name)["id"]
    assert desk.decide("issuer", request_id, "rejected").status == 200
    return desk.call(name, "POST", REQUEST.format(request_id), {"channel": "token"})


@provokes("GRANT_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call(fresh(desk), "POST", GRANT.format(_granted(desk, fresh(desk))), {"channel": "token"})


@provokes("NOT_DELIVERABLE")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    grant_id = _granted(desk, name)
    desk.done("issuer", "POST", f"{CREDENTIALS}/{grant_id}/suspend", {"reason": "r"})
    return desk.call(name, "POST", GRANT.format(grant_id), {"channel": "qr"})


@provokes("NO_DIDCOMM_ENDPOINT")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    return desk.call(name, "POST", GRANT.format(_granted(desk, name)), {"channel": "didcomm"})


@provokes("NO_DIDCOMM_ENDPOINT")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), delivery={"channel": "didcomm"})


@provokes("CONFLICTING_FIELDS")
def _(desk: Desk) -> Answer:
    return desk.decide("issuer", asked(desk), "rejected", delivery={"channel": "token"})


@provokes("MISSING_FIELD")
def _(desk: Desk) -> Answer:
    body = {"status": "approved", "delivery": {}}
    return desk.call("issuer", "POST", f"{ONE.format(asked(desk))}/decision", body)
