"""Failing without harm: a store that is gone, a call that hangs, a crash; no trace of it leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.web import body
from sealwright.web.api import operations
from sealwright.web.app import build_app
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES
from tests.web.client import Client
from tests.web.conftest import Served, degree

ISSUE = "/api/v1/credentials/issue"
CANARY = "canary-91ab3f"


@contextmanager
def with_parts(served: Served, routes: tuple[Route, ...] = ROUTES, **parts: Any) -> Iterator[Client]:
    """The same office with some parts broken on purpose, behind a door of its own."""
    with Client(build_app(replace(served.office, **parts), routes=routes)) as client:
        yield client


class Broken:
    """Stands in for any part; whatever is asked of it fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self._error

        return fail


class GoneGate:
    """A gate whose store does not answer."""

    def fresh_epoch(self) -> Future[int]:
        future: Future[int] = Future()
        future.set_exception(StoreUnavailable("The database does not answer."))
        return future

    def hit(self, _bucket: str, _limit: int) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(StoreUnavailable("The database does not answer."))
        return future


def test_lost_store_is_503_with_retry_after(served: Served) -> None:
    with with_parts(served, gate=GoneGate()) as client:
        answer = client.call("POST", ISSUE, degree(), token=served.key)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.json()["retryable"] is True
    assert "retry-after" in answer.headers


def test_verification_goes_on_without_the_rate_store(served: Served) -> None:
    credential = served.issue()["credential"]
    limits = replace(served.office.limits, rate_public_per_minute=5)
    with with_parts(served, gate=GoneGate(), limits=limits) as client:
        answer = client.call("POST", "/api/v1/credentials/verify", {"credential": credential})
    assert answer.json()["verified"] is True


@pytest.mark.parametrize("error", [RuntimeError(CANARY), KeyError(CANARY), RecursionError(CANARY), MemoryError(CANARY)])
def test_crash_in_a_service_tells_nothing(served: Served, error: Exception, capfd: pytest.CaptureFixture[str]) -> None:
    with with_parts(served, issuing=Broken(error), shelf=Broken(error)) as client:
        issued = client.call("POST", ISSUE, degree(), token=served.key)
        listed = client.call("GET", "/api/v1/credentials", token=served.key)
    for answer in (issued, listed):
        assert (answer.status, answer.code) == (500, "INTERNAL")
        assert CANARY.encode() not in answer.body
        assert b"Traceback" not in answer.body
    logged = capfd.readouterr()
    assert CANARY not in logged.out + logged.err
    assert served.key not in logged.out + logged.err


def test_call_that_hangs_is_given_up(served: Served) -> None:
    class Slow:
        def list(self, *_: Any, **__: Any) -> Any:
            time.sleep(0.5)

    routes = tuple(replace(route, deadline_seconds=0.05) for route in ROUTES)
    with with_parts(served, routes, shelf=Slow()) as client:
        answer = client.call("GET", "/api/v1/credentials", token=served.key)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")


def test_body_that_does_not_come_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "READ_SECONDS", 0.05)
    answer = served.client.call("POST", ISSUE, raw=b"{", token=served.key, stalls=True)
    assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
    assert answer.headers["connection"] == "close"


def test_readiness_answers_in_time_though_the_database_hangs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "READY_SECONDS", 0.05)
    with with_parts(served, health=lambda: time.sleep(0.5)) as client:
        answer = client.call("GET", "/readyz")
        alive = client.call("GET", "/healthz")
    assert answer.status == 503
    assert not any(answer.json()["checks"].values())
    assert alive.status == 200


def test_readiness_that_breaks_is_not_ready(served: Served) -> None:
    def broken() -> dict[str, bool]:
        raise RuntimeError(CANARY)

    with with_parts(served, health=broken) as client:
        answer = client.call("GET", "/readyz")
    assert answer.status == 503
    assert CANARY.encode() not in answer.body


def test_answers_never_hold_secrets_or_claims_of_refused_calls(served: Served) -> None:
    claims = {"degree": {"type": CANARY, "university": [CANARY], "gpa": CANARY, CANARY: CANARY}}
    for path, sent in (
        (ISSUE, {**degree(), "claims": claims}),
        (ISSUE, {**degree(), "proofType": CANARY, "issuerDid": CANARY, "revocable": CANARY}),
        ("/credentials/issue", {"credential": {"@context": [CANARY], "credentialSubject": claims}}),
        ("/api/v1/schemas", {"name": CANARY, "type": [CANARY], "schema": {"const": CANARY}}),
    ):
        answer = served.client.call("POST", path, sent, token=served.admin)
        assert 400 <= answer.status < 500
        texts = [error["detail"] for error in answer.json()["errors"]] + [answer.json()["detail"]]
        assert all(CANARY not in text for text in texts), answer.body
        assert served.admin.encode() not in answer.body
