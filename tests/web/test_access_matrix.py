"""Every route of the table, with every kind of caller: who gets in, and who is told what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sealwright.web.route import Audience, Route
from sealwright.web.routes import ROUTES
from tests.web.client import Answer
from tests.web.conftest import Served

WRONG = "swk_" + "A" * 43


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def ask(served: Served, route: Route, token: str | None) -> Answer:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    body: Any = {} if route.body is not None else None
    return served.client.call(route.method, path, body, token=token)


def is_refused_at_the_door(answer: Answer) -> bool:
    return answer.status == 401 or answer.code in {"ROLE_REQUIRED", "ACCOUNT_INACTIVE"}


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_nobody_in_particular(served: Served, route: Route) -> None:
    answer = ask(served, route, None)
    assert answer.status < 500 or route.path == "/readyz", answer.body
    if route.audience in {Audience.DOCUMENT, Audience.ANYONE}:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
        assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_wrong_token(served: Served, route: Route) -> None:
    answer = ask(served, route, WRONG)
    if route.audience is Audience.DOCUMENT:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_api_key(served: Served, route: Route) -> None:
    answer = ask(served, route, served.key)
    assert answer.status < 500 or route.path == "/readyz"
    if not route.takes_api_keys:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    elif route.audience in {Audience.PERSON, Audience.ADMIN}:
        assert (answer.status, answer.code) == (403, "ROLE_REQUIRED")
    else:
        assert not is_refused_at_the_door(answer)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_person_without_roles(served: Served, route: Route) -> None:
    answer = ask(served, route, served.person)
    assert answer.status < 500 or route.path == "/readyz"
    if route.audience is Audience.ADMIN:
        assert (answer.status, answer.code) == (403, "ROLE_REQUIRED")
    elif route.path != "/api/v1/events":  # admins and keys only; the service says so
        assert not is_refused_at_the_door(answer)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_admin(served: Served, route: Route) -> None:
    answer = ask(served, route, served.admin)
    assert answer.status < 500 or route.path == "/readyz", answer.body
    assert not is_refused_at_the_door(answer)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_withdrawn_token_opens_nothing(served: Served, route: Route, withdrawn: str) -> None:
    answer = ask(served, route, withdrawn)
    if route.audience is Audience.DOCUMENT:
        assert not is_refused_at_the_door(answer)
    else:
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


@pytest.fixture(scope="module")
def withdrawn(served: Served) -> str:
    made = served.client.call(
        "POST", "/api/v1/api-keys", {"name": "gone", "issuerDids": ["did:adi:issuer001"]}, token=served.admin
    ).json()
    served.client.call("POST", f"/api/v1/api-keys/{made['apiKeyId']}/revoke", token=served.admin)
    return str(made["apiKey"])


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=name)
def test_head_is_get_without_a_body(served: Served, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    got = served.client.call("GET", path, token=served.admin)
    head = served.client.call("HEAD", path, token=served.admin)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_only_public_reads_speak_to_other_sites(served: Served, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    answer = served.client.call(route.method, path, headers=[("Origin", "https://elsewhere.example")])
    assert ("access-control-allow-origin" in answer.headers) == route.is_public_read
    assert "access-control-allow-credentials" not in answer.headers
    if route.is_public_read:
        preflight = served.client.call("OPTIONS", path, headers=[("Origin", "https://elsewhere.example")])
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_audience_is_what_the_contract_says(route: Route) -> None:
    letters = set(re.findall(r"\b[A-Z]\b", route.who))
    if letters == {"P"}:
        assert route.audience in {Audience.DOCUMENT, Audience.ANYONE}
    elif route.who == "A":
        assert route.audience is Audience.ADMIN
    elif "K" in letters:
        assert route.audience is Audience.CALLER
    else:
        assert route.audience in {Audience.PERSON, Audience.CALLER}
