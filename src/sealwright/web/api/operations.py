"""Operations: health, metrics, the API document and its pages. None of them asks for a sign-in of people."""

from __future__ import annotations

import asyncio
import hmac
from typing import Final

from sealwright.domain.errors import NotSignedIn
from sealwright.web.api.shapes import answers, examples
from sealwright.web.call import Call, ok
from sealwright.web.logs import log_crash
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

READY_SECONDS: Final = 0.9
CHECKS: Final = ("database", "migrations", "keys", "audit", "queue")


async def healthz(_call: Call) -> Reply:
    """GET /healthz: the process answers."""
    return ok({"status": "ok"})


async def readyz(call: Call) -> Reply:
    """GET /readyz: everything that serving needs answers, within a second."""
    try:
        # Not in the executor of the handlers: a hung database may have taken all of its threads.
        async with asyncio.timeout(READY_SECONDS):
            checks = dict(await asyncio.to_thread(call.office.health))
    except TimeoutError:
        checks = dict.fromkeys(CHECKS, False)
    except Exception as error:  # noqa: BLE001 - whatever breaks, the answer is "not ready"
        log_crash(error, request_id=call.exchange.request_id, route=call.route.path)
        checks = dict.fromkeys(CHECKS, False)
    is_ready = all(checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return json_reply(body, 200 if is_ready else 503)


def metrics(call: Call) -> Reply:
    """GET /metrics."""
    token = call.office.limits.metrics_token
    if token is not None:
        sent = (call.exchange.header(b"authorization") or "").removeprefix("Bearer ")
        if not hmac.compare_digest(sent.encode("utf-8"), token.encode("utf-8")):
            raise NotSignedIn("The metrics token is needed.")
    return Reply(200, call.office.metrics.render(), b"text/plain; version=1.0.0; charset=utf-8")


_TAG: Final = "Operations"


def _route(path: str, summary: str, handler: Handler, *answered: Answered, codes: tuple[str, ...] = ()) -> Route:
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        summary,
        handler,
        answered,
        _TAG,
        bucket=Bucket.NONE,
        codes=codes,
        open_before_setup=True,
    )


ROUTES: Final = (
    _route(
        "/healthz", "Whether the process answers", healthz, Answered(200, "It does.", answers.HEALTH, examples.HEALTH)
    ),
    _route(
        "/readyz",
        "Whether the office can serve",
        readyz,
        Answered(200, "It can.", answers.READINESS, examples.READINESS),
        Answered(503, "It cannot; the checks say why.", answers.READINESS, None),
    ),
    _route(
        "/metrics",
        "Counters and timings; with the metrics token where one is set",
        metrics,
        Answered(200, "Prometheus text.", {"type": "string"}, None, "text/plain; version=1.0.0; charset=utf-8"),
        codes=("UNAUTHENTICATED",),
    ),
)
