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
from tests.web.gates import GATES

WRONG: Final = "swk_" + "A" * 43

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
    if route.streamed_types:
        return served.client.call(route.method, path, raw=b"{}", content_type=route.streamed_types[0], token=token)
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
