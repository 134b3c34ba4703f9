"""Random and mutated calls: always an answer of the catalog, never a 5xx, never slow."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwright.domain.people import AccountRole
from sealwright.web.problems import CATALOG
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES
from tests.support.office import add_person
from tests.web.client import Answer
from tests.web.conftest import Served, token_for

QUIET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Routes that change how the office stands would change what the other tests see.
CALM = [route for route in ROUTES if not route.path.startswith("/admin/") and route.method != "DELETE"]
WITH_BODY = [route for route in CALM if route.body is not None and route.body.example]

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["did:adi:issuer001", "did:", "\x00", "../..", "<b>", "=1+1", "urn:uuid:x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def anybody(served: Served) -> str:
    """The token of an admin with a vote, whom every route lets in."""
    return token_for(served.office, add_person(served.office, "anybody", AccountRole.ADMIN, AccountRole.VOTER))


@pytest.fixture(scope="module")
def reader(served: Served) -> str:
    """The same for somebody who only reads: what others send may well make them give up a role."""
    return token_for(served.office, add_person(served.office, "reader", AccountRole.ADMIN, AccountRole.VOTER))


def holds(answer: Answer) -> None:
    assert answer.status < 500, answer.body
    if answer.status >= 400 and answer.headers.get("content-type") == "application/problem+json":
        problem = answer.json()
        assert CATALOG[problem["code"]].status == answer.status
        assert all(isinstance(fault["pointer"], str) for fault in problem["errors"])


def address(route: Route, segments: list[str]) -> str:
    parts = iter(segments)
    return re.sub(r"\{\w+\}", lambda _: next(parts), route.path)


@QUIET
@given(route=st.sampled_from(WITH_BODY), data=st.data())
def test_mutated_bodies_have_answers(served: Served, anybody: str, route: Route, data: st.DataObject) -> None:
    assert route.body is not None
    body: dict[str, Any] = json.loads(json.dumps(route.body.example))
    for _ in range(data.draw(st.integers(1, 3))):
        node: Any = body
        while isinstance(node, dict) and node:
            name = data.draw(st.sampled_from(sorted(node)))
            if isinstance(node[name], dict) and node[name] and data.draw(st.booleans()):
                node = node[name]
                continue
            node[name] = data.draw(VALUES)
            break
    path = address(route, ["did:adi:nobody", "x"])
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    holds(served.client.call(route.method, path, raw=raw, token=anybody))


@QUIET
@given(route=st.sampled_from(WITH_BODY), raw=st.binary(max_size=60))
def test_random_bytes_have_answers(served: Served, anybody: str, route: Route, raw: bytes) -> None:
    holds(served.client.call(route.method, address(route, ["x", "y"]), raw=raw, token=anybody))


@QUIET
@given(
    route=st.sampled_from([route for route in CALM if "{" in route.path and route.method == "GET"]),
    segments=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/?#"), min_size=1, max_size=20),
        min_size=5,
        max_size=5,
    ),
)
def test_random_paths_have_answers(served: Served, reader: str, route: Route, segments: list[str]) -> None:
    answer = served.client.call("GET", address(route, [s.replace("%", "%25") for s in segments]), token=reader)
    if not route.path.startswith(("/1.0/", "/api/v1/dids/resolve/")):
        holds(answer)
    assert answer.status in {200, 400, 404, 410, 422, 501}


@QUIET
@given(
    route=st.sampled_from([route for route in CALM if route.query.parameters]),
    query=st.lists(st.tuples(st.sampled_from(["limit", "cursor", "status", "active", "kind", "x"]), TEXTS), max_size=3),
)
def test_random_queries_have_answers(served: Served, anybody: str, route: Route, query: list[tuple[str, str]]) -> None:
    from urllib.parse import quote_plus

    text = "&".join(f"{name}={quote_plus(value.encode('utf-8', 'replace'))}" for name, value in query)
    holds(served.client.call(route.method, f"{address(route, ['did:adi:issuer001'])}?{text}", token=anybody))
