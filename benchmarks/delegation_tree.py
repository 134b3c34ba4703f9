"""Ending the root of a tree of 10,000 delegations over HTTP, and what that leaves of the tree, on both databases.

`BENCH_TREE_LEAVES` says how many hang at the bottom (9,580; with 400 above them and 20 above those, 10,000).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks import load
from benchmarks.report import Result
from sealwright.bootstrap import build
from sealwright.domain.dids import DIDKind
from sealwright.settings import load_settings
from tests.support import server
from tests.support.delegations import HUMAN, bring, delegated
from tests.support.office import the_operator

LEAVES: Final = int(os.environ.get("BENCH_TREE_LEAVES", "9580"))
SECOND_LEVEL: Final = 20
THIRD_LEVEL: Final = 400
BELOW: Final = SECOND_LEVEL + THIRD_LEVEL + LEAVES
AT_ONCE: Final = 20
PAUSES: Final = 5
SAMPLE: Final = 200
PAGE: Final = 100
AGENTS: Final = tuple(f"did:adi:bench-level:{number}" for number in range(4))
LIMITS: Final = {"maxSpendPerTransaction": 50, "maxSpendPerDay": 100, "authorizedMerchants": ["grocery-store-001"]}


class NotFallen(Exception):
    """Something below the root did not become what the root's end makes of it."""


def run() -> Result:
    """Measure suspending, reinstating and revoking the root on each database."""
    figures = {}
    for kind in ("sqlite", "postgresql"):
        with server.serve(kind, SEALWRIGHT_WORKERS="1") as running:
            figures[f"{BELOW:,} below the root, {kind}"] = Tree(running).measure()
    return Result(
        bench="delegation_tree",
        title=f"the root of a tree of {BELOW:,} delegations revoked over HTTP, durable",
        figures=figures,
        targets=("the whole tree in under one second, on both databases",),
        notes=(
            "Every delegation is a signed credential of its own, the lowest ones made over HTTP. What rests on an "
            "ended one falls by derivation, so that ending the root changes one row; the answer counts what falls.",
            f"`revoke_milliseconds` is from the question to the answer; `until_refused_milliseconds` ends when the "
            f"first of {SAMPLE} delegations spread over the lowest level was verified over HTTP and refused. All of "
            f"them are refused by the code of the ancestor; each was sound before.",
            f"Then all {BELOW + 1:,} are listed: none is effective, and only the root is revoked by itself.",
        ),
    )


class Tree:
    """A tree on a server that is running."""

    def __init__(self, running: server.RunningServer) -> None:
        self._server = running
        started = time.perf_counter()
        self._root, parents, self._key = self._office()
        self._grow(parents)
        self._growing = time.perf_counter() - started

    def measure(self) -> dict[str, float]:
        """Figures of one tree.

        Raises:
            NotFallen: A delegation was sound though its root was not, or the other way round.
        """
        leaves = self._leaves()
        self._require(leaves, None)
        pauses, returns = [], []
        for _ in range(PAUSES):
            seconds, moved = self._move("suspend")
            pauses.append(seconds)
            self._require_count(moved)
            self._require(leaves[:1], "DELEGATION_SUSPENDED")
            returns.append(self._move("reinstate")[0])
            self._require(leaves[:1], None)
        begin = time.perf_counter()
        revoking, moved = self._move("revoke")
        self._require(leaves[:1], "DELEGATION_REVOKED")
        refused = time.perf_counter() - begin
        self._require_count(moved)
        self._require(leaves, "DELEGATION_REVOKED")
        self._require_none_effective()
        return {
            "revoke_milliseconds": round(revoking * 1000, 1),
            "until_refused_milliseconds": round(refused * 1000, 1),
            "slowest_suspend_milliseconds": round(max(pauses) * 1000, 1),
            "slowest_reinstate_milliseconds": round(max(returns) * 1000, 1),
            "verified_before_and_after": len(leaves),
            "fallen": moved["invalidated"],
            "growing_seconds": round(self._growing, 1),
        }

    # -- growing ------------------------------------------------------------------------------------

    def _office(self) -> tuple[str, Sequence[str], str]:
        """Make the root and two levels in the server's own store; gives the root, the lowest, and a key for all."""
        office = build(load_settings(self._server.environment, cwd=Path.cwd()))
        try:
            if office.registry.current().did(HUMAN) is None:
                bring(office, HUMAN, DIDKind.HUMAN)
            for agent in AGENTS:
                bring(office, agent, DIDKind.AGENT)
            terms: dict[str, Any] = {"constraints": LIMITS, "expires": _end()}
            root = delegated(office, HUMAN, AGENTS[0], maxDepth=3, **terms)
            second = [
                delegated(office, AGENTS[0], AGENTS[1], root.credential_id, maxDepth=2, **terms)
                for _ in range(SECOND_LEVEL)
            ]
            third = [
                delegated(office, AGENTS[1], AGENTS[2], second[n % SECOND_LEVEL].credential_id, maxDepth=1, **terms)
                for n in range(THIRD_LEVEL)
            ]
            _, secret = office.acts.run(
                the_operator(office),
                lambda uow, me: office.api_keys.create(uow, me, name="tree", issuer_dids=(HUMAN, *AGENTS)),
                changes_registry=True,
            )
        finally:
            office.close()
        return root.delegation_id, [one.delegation_id for one in third], secret.text

    def _grow(self, parents: Sequence[str]) -> None:
        """Hang the lowest level over HTTP, some parents at a time, each from a connection of its own."""
        left = LEAVES
        groups = [parents[start : start + AT_ONCE] for start in range(0, len(parents), AT_ONCE)]
        for number, group in enumerate(groups):
            count = left // (len(groups) - number)
            requests = [self._request(parent) for parent in group]
            load.drive(self._server.host, self._server.port, requests, clients=AT_ONCE, count=count)
            left -= count

    def _request(self, parent: str) -> bytes:
        wish = {
            "delegatorDid": AGENTS[2],
            "delegateDid": AGENTS[3],
            "scope": ["purchase:groceries"],
            "constraints": LIMITS,
            "expirationDate": _end().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "parent": parent,
        }
        content = json.dumps(wish, separators=(",", ":")).encode()
        head = (
            "POST /api/v1/delegations HTTP/1.1\r\n"
            f"Host: {self._server.host}:{self._server.port}\r\n"
            f"Authorization: Bearer {self._key}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode("ascii") + content

    # -- asking -------------------------------------------------------------------------------------

    def _move(self, act: str) -> tuple[float, dict[str, Any]]:
        """Suspend, reinstate or revoke the root; gives the seconds until the answer, and the answer."""
        begin = time.perf_counter()
        moved = self._ask("POST", f"/api/v1/delegations/{self._root}/{act}", {"reason": "A bench."})
        return time.perf_counter() - begin, moved

    def _leaves(self) -> list[dict[str, Any]]:
        """Credentials of the lowest level, from all over it."""
        listed = [one for one in self._list(f"delegateDid={AGENTS[3]}") if one["effective"]]
        if len(listed) != LEAVES:
            raise NotFallen(f"{len(listed)} of {LEAVES} are effective before anything ended")
        step = max(1, LEAVES // SAMPLE)
        ids = [one["credentialId"] for one in listed[::step]][:SAMPLE]
        return [self._ask("GET", f"/api/v1/credentials/{one}")["credential"] for one in ids]

    def _list(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self._ask("GET", f"/api/v1/delegations?limit={PAGE}&{query}{cursor}")
            found += page["data"]
            if page["nextCursor"] is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def _require(self, leaves: Sequence[dict[str, Any]], code: str | None) -> None:
        """Verify credentials as strangers do: sound, or refused by this code of the delegation check."""
        for leaf in leaves:
            report = self._ask("POST", "/api/v1/credentials/verify", {"credential": leaf})
            told = next(check["code"] for check in report["checks"] if check["name"] == "delegation")
            if (report["verified"], told) != (code is None, code):
                raise NotFallen(f"{leaf['id']} is {report['verified']} by {told}, expected {code}")

    def _require_count(self, moved: dict[str, Any]) -> None:
        if moved["invalidated"] != BELOW:
            raise NotFallen(f"{moved['invalidated']} of {BELOW} are said to have fallen")

    def _require_none_effective(self) -> None:
        everything = self._list("")
        effective = [one["delegationId"] for one in everything if one["effective"]]
        revoked = [one["delegationId"] for one in everything if one["status"] == "revoked"]
        if (len(everything), effective, revoked) != (BELOW + 1, [], [self._root]):
            raise NotFallen(f"{len(everything)} listed, {len(effective)} effective, revoked: {revoked[:3]}")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._server.request(method, path, body, key=self._key)
        if answer.status != 200:
            raise NotFallen(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer.json()


def _end() -> datetime:
    """A month from now, at midnight: the same for all of a run, so that none outlives another."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)
