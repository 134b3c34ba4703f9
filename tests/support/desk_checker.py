"""The invariants of requests and grants (I4, I6, I8, I9), told from what lies in the tables and in the trail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from tests.support.rows import Rows, uid_text

Fault: TypeAlias = tuple[str, str, str]

_MOVES: Final = ("endorsed", "decided", "undone", "withdrawn")
_DECIDED: Final = {"approved": "request.approved", "rejected": "request.rejected", "pending": "request.reopened"}
_EVENTS: Final = {
    "requested": "request.created",
    "asked": "request.info_requested",
    "replied": "request.replied",
    "assigned": "request.assigned",
    "endorsed": "request.endorsed",
    "undone": "request.reopened",
    "withdrawn": "request.withdrawn",
}


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A stored request."""

    user_id: str
    credential_type: str
    state: str
    version: int
    grant_id: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of a request's history."""

    cause: str
    from_state: str | None
    to_state: str

    @property
    def event(self) -> str:
        """The audit row that stands for it."""
        return _DECIDED[self.to_state] if self.cause == "decided" else _EVENTS[self.cause]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A stored grant."""

    user_id: str
    credential_type: str
    status: str
    issuance: str
    request_id: str | None
    credential_id: str | None

    @property
    def in_force(self) -> bool:
        """As its row says; the clock is left out."""
        return self.status in ("active", "suspended")


@dataclass(frozen=True, slots=True)
class Desk:
    """Requests, histories and grants as they are stored, and the trail about them.

    Args:
        credentials: Grant id and state of each stored credential, by public id.
        trail: How often each event stands in the trail, by the id of what it speaks of.
    """

    requests: Mapping[str, RequestRow]
    history: Mapping[str, list[HistoryRow]]
    grants: Mapping[str, GrantRow]
    credentials: Mapping[str, tuple[str | None, str]]
    trail: Mapping[str, Counter[str]]

    @classmethod
    def read(cls, rows: Rows, names: Mapping[str, str]) -> Desk:
        """Read everything.

        Args:
            names: Public ids of credentials by uid.
        """
        history: dict[str, list[HistoryRow]] = defaultdict(list)
        for request_id, *line in rows.read(
            "SELECT request_id, cause, from_state, to_state FROM request_history ORDER BY request_id, position"
        ):
            history[request_id].append(HistoryRow(*line))
        trail: dict[str, Counter[str]] = defaultdict(Counter)
        for subject, action, count in rows.read(
            "SELECT object_id, action, COUNT(*) FROM audit_rows GROUP BY object_id, action"
        ):
            trail[subject][action] = count
        return cls(
            requests={
                row[0]: RequestRow(*row[1:])
                for row in rows.read(
                    "SELECT request_id, user_id, credential_type, state, version, grant_id FROM requests"
                )
            },
            history=history,
            grants={
                row[0]: GrantRow(*row[1:])
                for row in rows.read(
                    "SELECT grant_id, user_id, credential_type, status, issuance, request_id, credential_id FROM grants"
                )
            },
            credentials={
                names[uid_text(uid)]: (grant_id, status)
                for uid, grant_id, status in rows.read("SELECT uid, grant_id, status FROM credentials")
            },
            trail=trail,
        )

    def faults(self) -> Iterator[Fault]:
        """Everything that does not hold: invariant, subject, detail."""
        yield from self._one_of_each()
        for request_id, request in self.requests.items():
            yield from self._request(request_id, request)
        for grant_id, grant in self.grants.items():
            yield from self._grant(grant_id, grant)
        for name, (of_grant, _) in self.credentials.items():
            named = self.grants.get(of_grant) if of_grant is not None else None
            if of_grant is not None and (named is None or named.credential_id != name):
                yield "I6", name, "names a grant whose primary credential it is not"

    def explains(self, credential_id: str) -> bool:
        """Tell whether a credential exists because of a grant."""
        grant_id = self.credentials.get(credential_id, (None, ""))[0]
        return grant_id is not None and grant_id in self.grants

    def _one_of_each(self) -> Iterator[Fault]:
        held = Counter((one.user_id, one.credential_type) for one in self.grants.values() if one.in_force)
        waiting = Counter(
            (one.user_id, one.credential_type) for one in self.requests.values() if one.state == "pending"
        )
        for key, count in held.items():
            if count > 1:
                yield "I6", str(key), f"{count} grants are in force"
        for key, count in waiting.items():
            if count > 1:
                yield "I6", str(key), f"{count} requests wait"

    def _request(self, request_id: str, request: RequestRow) -> Iterator[Fault]:
        lines = self.history.get(request_id, [])
        moves = [line for line in lines if line.cause in _MOVES]
        told = Counter(line.event for line in lines)
        if told != self.trail.get(request_id, Counter()):
            yield "I4", request_id, f"its history says {dict(told)}, the trail {dict(self.trail.get(request_id, {}))}"
        if request.version != 1 + len(moves):
            yield "I9", request_id, f"has version {request.version} after {len(moves)} moves"
        last = moves[-1].to_state if moves else "pending"
        if request.state != last:
            yield "I9", request_id, f"is {request.state}, and its last move went to {last}"
        for before, after in pairwise(lines):
            if before.to_state != after.from_state:
                yield "I9", request_id, "a line of its history does not follow the one before it"
        approvals = sum(line.cause == "decided" and line.to_state == "approved" for line in lines)
        made = {name: one for name, one in self.grants.items() if one.request_id == request_id}
        if len(made) != approvals:
            yield "I9", request_id, f"{approvals} approvals made {len(made)} grants"
        if request.state == "approved" and request.grant_id not in made:
            yield "I9", request_id, "is approved, and names no grant of its own"
        for name, grant in made.items():
            if grant.in_force and (request.state != "approved" or request.grant_id != name):
                yield "I9", request_id, f"its grant {name} is in force after a decision that ended it"

    def _grant(self, grant_id: str, grant: GrantRow) -> Iterator[Fault]:
        trail = self.trail.get(grant_id, Counter())
        for event, wanted in (
            ("grant.created", 1),
            ("grant.revoked", int(grant.status == "revoked")),
            ("grant.expired", int(grant.status == "expired")),
        ):
            if trail[event] != wanted:
                yield "I4", grant_id, f"is {grant.status}, with {trail[event]} rows of {event}"
        if (grant.issuance == "issued") is not (grant.credential_id is not None):
            yield "I6", grant_id, f"is {grant.issuance}, and its credential is {grant.credential_id}"
        if grant.credential_id is None:
            return
        of_grant, status = self.credentials.get(grant.credential_id, (None, "missing"))
        if of_grant != grant_id:
            yield "I6", grant_id, "its credential does not name it"
        if grant.status == "revoked" and status != "revoked":
            yield "I8", grant_id, f"is revoked, and its credential is {status}"
        if grant.status == "active" and status != "valid":
            yield "I8", grant_id, f"is active, and its credential is {status}"
