"""Questions whether agents may act, counted against one budget: 32 agents of one tree over HTTP, on both databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks import load
from benchmarks.report import Result
from sealwright.bootstrap import build
from sealwright.domain.delegations import Used
from sealwright.domain.dids import DIDKind
from sealwright.services.office import Office
from sealwright.settings import load_settings
from tests.support import server
from tests.support.delegations import HUMAN, bring, delegated
from tests.support.office import the_operator

AGENTS: Final = 32
CLIENTS: Final = 16
WARM_SECONDS: Final = 3.0
SECONDS: Final = 10.0
ASSISTANT: Final = "did:adi:bench-assistant"
LIMITS: Final = {
    "maxSpendPerTransaction": 50,
    "maxSpendPerDay": 100_000_000,
    "maxCallsPerDay": 100_000_000,
    "authorizedMerchants": ["grocery-store-001"],
}


class NotExact(Exception):
    """The ledger does not hold what was answered."""


def run() -> Result:
    """Measure the authorize route on each database, one worker process and two."""
    figures = {}
    for kind in ("sqlite", "postgresql"):
        for workers, clients in (("1", CLIENTS), ("2", CLIENTS), ("2", AGENTS)):
            name = f"{kind}, {workers} worker{'s' if workers != '1' else ''}, {clients} connections"
            figures[name] = measure(kind, workers, clients=clients)
    return Result(
        bench="authorize",
        title="acts of 32 agents of one tree, authorized and counted over HTTP, durable",
        figures=figures,
        targets=("800 a second on two cores with p99 under 30 ms, on both databases",),
        notes=(
            "Every agent is two hops below the person whose budgets all of them share; each answer was an allowed act, "
            "counted against both hops, with a row of the record and an audit row, in one durable commit.",
            "Afterwards the ledger of the root was held against the answers: exactly as many acts, exactly their sum.",
            "Each connection has one question under way; with 16 of them, two agents take turns on each. The load "
            "generator and PostgreSQL work on the same cores as the server.",
        ),
    )


def measure(kind: str, workers: str, *, clients: int = CLIENTS, seconds: float = SECONDS) -> dict[str, float]:
    """Figures of one server.

    Raises:
        NotExact: More or less was counted than was answered.
    """
    with server.serve(kind, SEALWRIGHT_WORKERS=workers) as running:
        root, requests = _furnished(running)
        warm = load.drive(
            running.host, running.port, requests, clients=clients, seconds=WARM_SECONDS, expected=b"HTTP/1.1 200"
        )
        found = load.drive(
            running.host, running.port, requests, clients=clients, seconds=seconds, expected=b"HTTP/1.1 200"
        )
        _require_exact(running, root, len(warm.latencies) + len(found.latencies))
    return {
        "per_second": round(found.per_second, 1),
        "p50_milliseconds": round(found.percentile_milliseconds(0.50), 2),
        "p95_milliseconds": round(found.percentile_milliseconds(0.95), 2),
        "p99_milliseconds": round(found.percentile_milliseconds(0.99), 2),
        "allowed": len(found.latencies),
    }


def _furnished(running: server.RunningServer) -> tuple[str, Sequence[bytes]]:
    """One person, one assistant, and the agents below it; gives the root's id and a question of each agent."""
    office = _office(running)
    try:
        if office.registry.current().did(HUMAN) is None:
            bring(office, HUMAN, DIDKind.HUMAN)
        bring(office, ASSISTANT, DIDKind.AGENT)
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        root = delegated(office, HUMAN, ASSISTANT, constraints=LIMITS, maxDepth=1, expires=ends)
        agents = [f"did:adi:bench-agent:{number:02d}" for number in range(AGENTS)]
        for agent in agents:
            bring(office, agent, DIDKind.AGENT)
            delegated(office, ASSISTANT, agent, root.credential_id, constraints=LIMITS, expires=ends)
        _, secret = office.acts.run(
            the_operator(office),
            lambda uow, me: office.api_keys.create(uow, me, name="shop", issuer_dids=(server.ISSUER,)),
            changes_registry=True,
        )
    finally:
        office.close()
    return root.delegation_id, [_request(running, secret.text, agent) for agent in agents]


def _require_exact(running: server.RunningServer, root: str, answered: int) -> None:
    office = _office(running)
    try:
        with office.units(write=False) as uow:
            counted = uow.delegations.sums([root])[root]
    finally:
        office.close()
    if counted != Used(answered * 1_250_000, answered):
        raise NotExact(f"{answered} acts were allowed, and {counted} is counted")


def _office(running: server.RunningServer) -> Office:
    """The running server's store, opened beside it."""
    return build(load_settings(running.environment, cwd=Path.cwd()))


def _request(running: server.RunningServer, key: str, agent: str) -> bytes:
    question = {
        "agentDid": agent,
        "action": "purchase:groceries",
        "context": {"amount": 1.25, "merchant": "grocery-store-001"},
        "record": True,
    }
    content = json.dumps(question, separators=(",", ":")).encode()
    head = (
        "POST /api/v1/delegations/authorize HTTP/1.1\r\n"
        f"Host: {running.host}:{running.port}\r\n"
        f"Authorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode("ascii") + content
