"""Every route of the API document, as every kind of caller: who gets in at the door, and who is told what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from sealwright.web.openapi import document
from sealwright.web.route import Audience, Route
from sealwright.web.routes import ROUTES
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, serve
from tests.web.desk import DPW, SFLUV, Desk, furnish_desk

WRONG: Final = "swk_" + "A" * 43

# Written down route by route, as the contract has it: a route that is missing here fails.
# D anyone, credentials are not looked at · P anyone · K keys and people · U people · M improvers
# R reviewers · Pr proposers · V voters · PrV proposers and voters · A admins
GATES: Final = {
    "D": """
        /.well-known/did.json GET
        /.well-known/jwt-vc-issuer GET
        /.well-known/oauth-authorization-server GET
        /.well-known/openid-credential-issuer GET
        /1.0/identifiers/{did} GET
        /api/v1/didcomm/receive POST
        /api/v1/dids/resolve/{did} GET
        /api/v1/schemas/{schemaId}/schema.json GET
        /contexts/{name}/{version} GET
        /didcomm POST
        /didcomm/receive POST
        /dids/{name}/did.json GET
        /docs GET
        /healthz GET
        /metrics GET
        /oid4vci/credential POST
        /oid4vci/deferred POST
        /oid4vci/jwks GET
        /oid4vci/nonce POST
        /oid4vci/notification POST
        /oid4vci/offers/{reference} GET
        /oid4vci/par POST
        /oid4vci/token POST
        /oid4vp/answers/{reference} POST
        /oid4vp/requests/{reference} GET
        /openapi.json GET
        /problems/{code} GET
        /readyz GET
        /status/{listId}/bitstring/{purpose} GET
        /status/{listId}/{purpose} GET
        /vct/{name} GET
    """,
    "P": """
        /api/v1/credentials/redeem POST
        /api/v1/credentials/verify POST
        /api/v1/credentials/{id}/status GET
        /api/v1/dids/{did} GET
        /api/v1/dids/{did}/history GET
        /api/v1/presentations/verify POST
        /api/v1/schemas GET
        /api/v1/schemas/{schemaId} GET
        /api/v1/schemas/{schemaId}/validate POST
        /credentials/verify POST
        /presentations/verify POST
    """,
    "K": """
        /api/v1/access/check POST
        /api/v1/credentials GET
        /api/v1/credentials/batch-revoke POST
        /api/v1/credentials/issue POST
        /api/v1/credentials/reinstate POST
        /api/v1/credentials/revoke POST
        /api/v1/credentials/suspend POST
        /api/v1/credentials/{id} GET
        /api/v1/credentials/{id}/document GET
        /api/v1/credentials/{id}/pdf GET
        /api/v1/credentials/{id}/forms POST
        /api/v1/credentials/{id}/badge POST
        /api/v1/credentials/{id}/offers POST
        /api/v1/credentials/{id}/reinstate POST
        /api/v1/credentials/{id}/revoke POST
        /api/v1/credentials/{id}/suspend POST
        /api/v1/didcomm/send POST
        /api/v1/didcomm/threads/{threadId} GET
        /api/v1/dids POST
        /api/v1/dids/{did} DELETE PATCH PUT
        /api/v1/dids/{did}/deactivate POST
        /api/v1/dids/{did}/keys/rotate POST
        /api/v1/dids/{did}/rotate-key POST
        /api/v1/deliveries/{id}/resend POST
        /api/v1/events GET
        /api/v1/events/stream GET
        /api/v1/presentations/requests POST
        /api/v1/presentations/requests/{id} GET
        /api/v1/offers GET
        /api/v1/offers/{id} GET
        /api/v1/offers/{id}/cancel POST
        /api/v1/offers/{id}/qr.png GET
        /api/v1/offers/{id}/qr.svg GET
        /api/v1/schemas POST
        /api/v1/schemas/{schemaId} PATCH
        /api/v1/schemas/{schemaId}/deactivate POST
        /api/v1/schemas/{schemaId}/reactivate POST
        /api/v1/webhooks GET POST
        /api/v1/webhooks/{id} DELETE GET PATCH
        /api/v1/webhooks/{id}/deliveries GET
        /api/v1/webhooks/{id}/rotate-secret POST
        /api/v1/webhooks/{id}/test POST
        /credentials/issue POST
        /credentials/status POST
        /credentials/{id} GET
        /didcomm/send POST
    """,
    "U": """
        /api/v1/api-keys GET POST
        /api/v1/api-keys/{id} DELETE
        /api/v1/api-keys/{id}/revoke POST
        /api/v1/api-keys/{id}/rotate POST
        /api/v1/credentials/{id}/share GET PUT
        /api/v1/credentials/{id}/share/renew POST
        /api/v1/dids GET
        /attachments POST
        /attachments/{id} GET
        /credentials/types GET
        /improvers/credential-requests/{request_id} GET
        /improvers/credential-requests/{request_id}/offer POST
        /improvers/credential-requests/{request_id}/reply POST
        /improvers/credential-requests/{request_id}/withdraw POST
        /improvers/credentials/{grant_id}/offers POST
        /improvers/leave POST
        /improvers/request POST
        /issuers/leave POST
        /issuers/request POST
        /me DELETE GET PATCH
        /me/appearance GET
        /me/dids POST
        /me/dids/challenge POST
        /me/dids/{did} DELETE
        /me/dids/{did}/export POST
        /me/emails POST
        /me/emails/primary POST
        /me/emails/remove POST
        /me/emails/verify POST
        /me/export GET
        /me/notifications GET
        /me/notifications/modes GET PUT
        /me/notifications/read POST
        /me/passkeys/{id} DELETE
        /me/password PUT
        /me/recovery-codes POST
        /me/sessions GET
        /me/sessions/end-others POST
        /me/sessions/{id} DELETE
        /me/sign-in GET
        /me/tokens GET POST
        /me/tokens/{id} DELETE
        /me/wallets GET POST
        /me/wallets/challenge POST
        /me/wallets/label POST
        /me/wallets/primary POST
        /me/wallets/remove POST
        /me/wallets/typed POST
        /proposers/leave POST
        /proposers/request POST
        /voters/leave POST
        /voters/request POST
    """,
    "M": """
        /improvers/credential-requests GET POST
        /improvers/credentials GET
        /improvers/feed GET
        /improvers/payouts GET
        /improvers/workflow-series GET
        /improvers/workflow-series/unclaim POST
        /improvers/workflows GET
        /improvers/workflows/absence-periods DELETE GET POST PUT
        /improvers/workflows/done GET
        /improvers/workflows/{workflow_id} GET
        /improvers/workflows/{workflow_id}/steps/{step_id}/claim POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/complete POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/payout-request POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/release POST
        /improvers/workflows/{workflow_id}/steps/{step_id}/start POST
    """,
    "R": """
        /issuer/credentials/issue POST
        /issuer/credentials/revoke POST
        /issuer/users/{user_id}/credentials GET
        /issuers/analytics GET
        /issuers/analytics/{table} GET
        /issuers/credential-requests GET
        /issuers/credential-requests/ask POST
        /issuers/credential-requests/assign POST
        /issuers/credential-requests/counts GET
        /issuers/credential-requests/decisions POST
        /issuers/credential-requests/export GET
        /issuers/credential-requests/{request_id} GET
        /issuers/credential-requests/{request_id}/ask POST
        /issuers/credential-requests/{request_id}/assign POST
        /issuers/credential-requests/{request_id}/decision POST
        /issuers/credential-requests/{request_id}/issue-now POST
        /issuers/credential-requests/{request_id}/reviewers GET
        /issuers/credential-requests/{request_id}/undo POST
        /issuers/credentials DELETE POST
        /issuers/credentials/{grant_id}/reinstate POST
        /issuers/credentials/{grant_id}/retry-issuance POST
        /issuers/credentials/{grant_id}/revoke POST
        /issuers/credentials/{grant_id}/suspend POST
        /issuers/credentials/{user_id} GET
        /issuers/metrics GET
        /issuers/metrics/report GET PUT
        /issuers/metrics/report/send POST
        /issuers/scopes GET
        /issuers/scopes/request POST
        /issuers/users GET
        /issuers/users/by-address/{address} GET
        /issuers/users/{user_id} GET
        /issuers/views GET POST
        /issuers/views/{view_id} DELETE PUT
    """,
    "Pr": """
        /proposers/workflow-proposals GET
        /proposers/workflows GET POST
        /proposers/workflows/qualified GET
        /proposers/workflows/{id} DELETE GET
        /proposers/workflows/{id}/edit-proposals POST
    """,
    "V": """
        /voters/proposals GET
        /voters/workflow-deletion-proposals/{id}/votes POST
        /voters/workflow-edit-proposals/{id}/votes POST
        /voters/workflows GET
        /voters/workflows/{id} GET
        /voters/workflows/{id}/votes POST
    """,
    "PrV": """
        /proposers/workflow-deletion-proposals POST
        /voters/workflow-deletion-proposals POST
    """,
    "A": """
        /admin/credential-types GET POST
        /admin/credential-types/{value} DELETE GET PUT
        /admin/credential-types/{value}/reactivate POST
        /admin/credential-types/{value}/retire POST
        /admin/credential-types/{value}/usage GET
        /admin/halt POST
        /admin/improver-requests GET PUT
        /admin/invitations POST
        /admin/issuer-requests GET PUT
        /admin/issuers GET PUT
        /admin/issuers/{user_id} GET
        /admin/outbox GET
        /admin/outbox/test POST
        /admin/payouts GET
        /admin/payouts/{id}/fail POST
        /admin/payouts/{id}/settle POST
        /admin/payouts/{id}/void POST
        /admin/proposer-requests GET PUT
        /admin/resume POST
        /admin/status GET
        /admin/users GET POST PUT
        /admin/users/{user_id} GET
        /admin/users/{user_id}/activate POST
        /admin/users/{user_id}/deactivate POST
        /admin/voter-requests GET PUT
        /admin/workflow-deletion-proposals/{id}/force-approve POST
        /admin/workflow-edit-proposals/{id}/force-approve POST
        /admin/workflow-proposals GET
        /admin/workflow-series/{id}/claimants GET
        /admin/workflow-series/{id}/revoke-claim POST
        /admin/workflows GET
        /admin/workflows/{id} GET
        /admin/workflows/{id}/fail POST
        /admin/workflows/{id}/force-approve POST
        /api/v1/audit GET
        /api/v1/audit/checkpoint GET
        /api/v1/audit/export GET
        /api/v1/audit/verify POST
        /api/v1/dids/import POST
    """,
}
EVERYBODY: Final = ("plain", "improver", "issuer", "outsider", "proposer", "voter", "admin")
ADMITTED: Final = {
    "D": {*EVERYBODY, "key", "anonymous"},
    "P": {*EVERYBODY, "key", "anonymous"},
    "K": {*EVERYBODY, "key"},
    "U": {*EVERYBODY},
    "M": {"improver", "admin"},
    "R": {"issuer", "outsider", "admin"},
    "Pr": {"proposer", "admin"},
    # Being an admin gives no vote.
    "V": {"voter"},
    "PrV": {"proposer", "voter", "admin"},
    "A": {"admin"},
}
CALLERS: Final = (*EVERYBODY, "key", "anonymous")
# Whoever calls these is another person afterwards, so each call has a person of its own.
CHANGES_THE_CALLER: Final = {
    "DELETE /me",
    "POST /me/tokens",
    "POST /improvers/request",
    "POST /proposers/request",
    "POST /voters/request",
    "POST /improvers/leave",
    "POST /proposers/leave",
    "POST /voters/leave",
    "POST /issuers/leave",
}
ROLES_OF: Final[dict[str, tuple[tuple[AccountRole, ...], tuple[str, ...]]]] = {
    "plain": ((), ()),
    "improver": ((AccountRole.IMPROVER,), ()),
    "issuer": ((AccountRole.ISSUER,), (DPW,)),
    "outsider": ((AccountRole.ISSUER,), (SFLUV,)),
    "proposer": ((AccountRole.PROPOSER,), ()),
    "voter": ((AccountRole.VOTER,), ()),
    "admin": ((AccountRole.ADMIN,), ()),
}
ALONE: Final = {
    "A": Audience.ADMIN,
    "M": Audience.IMPROVER,
    "R": Audience.REVIEWER,
    "Pr": Audience.PROPOSER,
    "V": Audience.VOTER,
    "Pr, V": Audience.PROPOSER_OR_VOTER,
}
# Of people, these are for admins, reviewers and keepers of issuer DIDs; the service says so, not the door.
SAID_BY_THE_SERVICE: Final = {"GET /api/v1/events", "GET /api/v1/events/stream", "GET /api/v1/webhooks"}


def _gates() -> Iterator[tuple[str, str]]:
    for gate, block in GATES.items():
        for line in block.split("\n"):
            path, *methods = line.split() or [""]
            yield from ((f"{method} {path}", gate) for method in methods)


GATE_OF: Final = dict(_gates())
DESCRIBED: Final = [
    f"{method.upper()} {path}"
    for path, operations in document("https://office.example")["paths"].items()
    for method in operations
]
BY_NAME: Final = {f"{route.method} {route.path}": route for route in ROUTES}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("matrix"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def send(served: Served, route: Route, token: str | None) -> Answer:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    if route.upload_bytes is not None:
        form = b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\n.\r\n--x--\r\n'
        return served.client.call(
            route.method, path, raw=form, content_type="multipart/form-data; boundary=x", token=token
        )
    body: Any = {} if route.body is not None else None
    return served.client.call(route.method, path, body, token=token)


def is_refused_at_the_door(answer: Answer) -> bool:
    # Wallets' own tokens are no business of the door's: their refusals are OAuth's, without a code of ours.
    is_ours = answer.status == 401 and answer.code != ""
    return is_ours or answer.code in {"ROLE_REQUIRED", "ACCOUNT_INACTIVE"}


def test_every_described_route_is_in_the_matrix() -> None:
    assert sorted(GATE_OF) == sorted(DESCRIBED)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("described", DESCRIBED)
def test_who_gets_in(desk: Desk, described: str, caller: str) -> None:
    route, gate = BY_NAME[described], GATE_OF[described]
    token = desk.tokens[caller]
    if described in CHANGES_THE_CALLER and caller in ROLES_OF:
        roles, scopes = ROLES_OF[caller]
        number = len(desk.ids)
        desk.add(f"{caller}{number}", *roles, scopes=scopes)
        token = desk.tokens[f"{caller}{number}"]
    answer = send(desk.served, route, token)
    assert answer.status < 500 or route.path == "/readyz", answer.body
    if caller in ADMITTED[gate]:
        assert described in SAID_BY_THE_SERVICE or not is_refused_at_the_door(answer), answer.body
        return
    if caller == "anonymous":
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
        assert "www-authenticate" in answer.headers
    elif caller == "key" and not route.takes_api_keys:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    else:
        assert (answer.status, answer.code) == (403, "ROLE_REQUIRED")


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_wrong_token(desk: Desk, route: Route) -> None:
    answer = send(desk.served, route, WRONG)
    if route.audience is Audience.DOCUMENT:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_withdrawn_token_opens_nothing(desk: Desk, route: Route, withdrawn: str) -> None:
    answer = send(desk.served, route, withdrawn)
    if route.audience is Audience.DOCUMENT:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


@pytest.fixture(scope="module")
def withdrawn(desk: Desk) -> str:
    made = desk.done("admin", "POST", "/api/v1/api-keys", {"name": "gone", "issuerDids": ["did:adi:issuer001"]})
    desk.call("admin", "POST", f"/api/v1/api-keys/{made['apiKeyId']}/revoke")
    return str(made["apiKey"])


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_deactivated_person_is_told_so_and_nothing_else(desk: Desk, route: Route, deactivated: str) -> None:
    answer = send(desk.served, route, deactivated)
    if route.audience is Audience.DOCUMENT:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (403, "ACCOUNT_INACTIVE")


@pytest.fixture(scope="module")
def deactivated(desk: Desk) -> str:
    user_id = desk.add("leaver", AccountRole.ISSUER, scopes=(DPW,))
    desk.done("admin", "POST", f"/admin/users/{user_id}/deactivate")
    return str(desk.tokens["leaver"])


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=name)
def test_head_is_get_without_a_body(desk: Desk, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    got = desk.call("admin", "GET", path)
    head = desk.call("admin", "HEAD", path)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_only_public_reads_speak_to_other_sites(desk: Desk, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    answer = desk.served.client.call(route.method, path, headers=[("Origin", "https://elsewhere.example")])
    assert ("access-control-allow-origin" in answer.headers) == route.is_public_read
    assert "access-control-allow-credentials" not in answer.headers
    if route.is_public_read:
        preflight = desk.served.client.call("OPTIONS", path, headers=[("Origin", "https://elsewhere.example")])
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_audience_is_what_its_callers_are(route: Route) -> None:
    letters = set(re.findall(r"\b[A-Z]\b", route.who))
    if letters == {"P"}:
        assert route.audience in {Audience.DOCUMENT, Audience.ANYONE}
    elif "K" in letters:
        assert route.audience is Audience.CALLER
    elif route.who in ALONE:
        assert route.audience is ALONE[route.who]
    else:
        assert route.audience in {Audience.PERSON, Audience.CALLER}
