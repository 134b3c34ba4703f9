"""The invariants that hold after every fault, told from what clients heard and what lies in the tables.

It runs once the system has settled: nothing is under way, each unknown call was retried with its key, and abandoned
reservations were swept. It reads the tables by SQL and shares no code with what it judges, but for our verifier.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.batch_invariants import Batches
from tests.support.claim_checker import Work
from tests.support.database_faults import database_faults
from tests.support.desk_checker import Desk
from tests.support.history import (
    ASK,
    BATCH,
    CLAIM,
    COMPLETE,
    DECIDE,
    ISSUE,
    LOSE,
    REVOKE,
    START,
    Acknowledged,
    History,
    Outcome,
    Trouble,
    Wish,
)
from tests.support.rows import Rows
from tests.support.tables_read import CredentialRow, Tables

GENESIS: Final = bytes(32)
# What must not stand in an answer of 500 or more: traces, statements, drivers, folders, secrets.
TELLTALES: Final = (
    b"Traceback",
    b'File "',
    b".py",
    b"sqlite",
    b"psycopg",
    b"SELECT ",
    b"INSERT ",
    b"UPDATE ",
    b"reservations",
    b"audit_rows",
    b"/tmp/",
    b"/var/",
    b"Bearer ",
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, and by what."""

    invariant: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found, and over how much."""

    violations: tuple[Violation, ...]
    counts: dict[str, int]

    @property
    def invariants(self) -> set[str]:
        """The invariants that do not hold."""
        return {one.invariant for one in self.violations}

    def __bool__(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        told = "\n".join(f"  {one}" for one in self.violations[:20])
        return f"{len(self.violations)} violations over {self.counts}\n{told}"


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who is asked beside the tables.

    Args:
        fetch: Status and body of a credential's document by id, over the wire.
        verify: Names of the checks that a document does not pass, by our verifier; none for a good one.
        audit: The sentence of the trail's own verifier if it is not sound, exported checkpoints included; else None.
        stranger: Whether software that is not ours finds a document good; None where there is none to ask.
    """

    fetch: Callable[[str], tuple[int, bytes]]
    verify: Callable[[bytes], list[str]]
    audit: Callable[[], str | None]
    stranger: Callable[[bytes], bool] | None = None


@dataclass(slots=True)
class Checker:
    """Holds one history against one store.

    Args:
        fetch_at_most: How many acknowledged documents are fetched over the wire; all are compared with their rows.
        ask_stranger_at_most: How many documents are shown to software that is not ours.
    """

    history: History
    rows: Rows
    witnesses: Witnesses
    fetch_at_most: int = 2_000
    ask_stranger_at_most: int = 25
    verify_at_most: int = 100_000
    found: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> Verdict:
        """Check everything."""
        tables = Tables.read(self.rows)
        acknowledged = {
            one.credential_id: one for wish in self.history.of(ISSUE) if (one := wish.acknowledged()) is not None
        }
        batches = Batches.read(self.rows, tables, self.history)
        acknowledged |= {one.credential_id: one for told in batches.told for one in told.credentials}
        self.counts["acknowledged"] = len(acknowledged)
        desk = Desk.read(self.rows, {row.uid: row.name for row in tables.credentials.values()})
        self._outcomes()
        self._documents(tables, acknowledged)
        self._places(tables, acknowledged)
        self._reservations(tables, acknowledged, desk)
        self._desk(desk)
        self._decisions(desk)
        self._work(Work.read(self.rows))
        self._batches(batches)
        self._keys(tables)
        self._audit_rows(tables, batches)
        self._chain(tables)
        self._bits(tables)
        self._troubles()
        self._database()
        return Verdict(tuple(self.found), dict(self.counts))

    def _wrong(self, invariant: str, subject: object, detail: str) -> None:
        self.found.append(Violation(invariant, str(subject), detail))

    def _outcomes(self) -> None:
        """P9: one key, one answer; after the retries nothing is unknown."""
        for wish in self.history.wishes:
            if wish.outcome is Outcome.UNKNOWN:
                self._wrong("P9", wish.key, f"never settled; the last status was {wish.status}")
            if len({hashlib.sha256(body).digest() for body in wish.answers}) > 1:
                self._wrong("P9", wish.key, "one key brought different answers")

    # -- I1 -----------------------------------------------------------------------------------------

    def _documents(self, tables: Tables, acknowledged: dict[str, Acknowledged]) -> None:
        for number, (name, one) in enumerate(acknowledged.items()):
            row = tables.credentials.get(name)
            if row is None:
                self._wrong("I1", name, "was acknowledged and is not stored")
                continue
            if row.document != one.document:
                self._wrong("I1", name, "the stored bytes are not those that were answered")
            if number % self._stride(len(acknowledged), self.fetch_at_most) == 0:
                self.counts["fetched"] += 1
                if self.witnesses.fetch(name) != (200, one.document):
                    self._wrong("I1", name, "what is fetched is not what was answered")
            if number % self._stride(len(acknowledged), self.verify_at_most) == 0:
                self._judge(row)
            if number % self._stride(len(acknowledged), self.ask_stranger_at_most) == 0:
                self._ask_stranger(row)

    def _judge(self, row: CredentialRow) -> None:
        self.counts["verified"] += 1
        wanted = {"revoked": ["revocation"], "suspended": ["suspension"]}.get(row.status, [])
        failed = self.witnesses.verify(row.document)
        if failed != wanted:
            self._wrong("I1", row.name, f"a {row.status} credential fails {failed}")

    def _ask_stranger(self, row: CredentialRow) -> None:
        if self.witnesses.stranger is None:
            return
        self.counts["judged_by_strangers"] += 1
        if self.witnesses.stranger(row.document) is not (row.status == "valid"):
            self._wrong("I1", row.name, f"strangers judge a {row.status} credential otherwise")

    @staticmethod
    def _stride(how_many: int, at_most: int) -> int:
        return max(1, -(-how_many // max(1, at_most)))

    # -- I2 -----------------------------------------------------------------------------------------

    def _places(self, tables: Tables, acknowledged: dict[str, Acknowledged]) -> None:
        # Of a batch the chunk's run is the reservation, and its places are those of its credentials.
        of_batches = [one.place for one in tables.credentials.values() if one.batch_id is not None]
        reserved = [one.place for one in tables.reservations.values()]
        used = Counter(place for place in (*reserved, *of_batches) if place is not None)
        for place, count in used.items():
            if count > 1:
                self._wrong("I2", place, f"was used {count} times")
        heard = Counter((one.list_url, one.index) for one in acknowledged.values() if one.index is not None)
        for answered, count in heard.items():
            if count > 1:
                self._wrong("I2", answered, f"was answered {count} times")
        for row in tables.credentials.values():
            own = tables.reservations.get(row.uid)
            if row.batch_id is None and (own is None or own.place != row.place):
                self._wrong("I2", row.name, "its row and its reservation name different places")
            if set(_entries(row)) != ({row.place} if row.place is not None else set()):
                self._wrong("I2", row.name, "the entry in the document is not that of the row")

    # -- I3 -----------------------------------------------------------------------------------------

    def _reservations(self, tables: Tables, acknowledged: dict[str, Acknowledged], desk: Desk) -> None:
        known = acknowledged.keys() | {name for name in tables.credentials if desk.explains(name)}
        by_uid = {row.uid: row for row in tables.credentials.values()}
        self.counts["reservations"] = len(tables.reservations)
        for uid, one in tables.reservations.items():
            self.counts[one.state] += 1
            row = by_uid.get(uid)
            if one.state == "reserved":
                self._wrong("I3", uid, "is still reserved after the sweep")
            elif one.state == "issued" and (row is None or row.name not in known):
                self._wrong("I3", uid, "was issued, and nobody was ever told")
            elif one.state == "void":
                if row is not None:
                    self._wrong("I3", uid, "is void, and its credential lives")
                if one.place is not None and not tables.bit(one.place, "revocation"):
                    self._wrong("I3", uid, "is void, and its bit is not set")
        for row in tables.credentials.values():
            own = tables.reservations.get(row.uid)
            if row.batch_id is not None:
                if own is not None:
                    self._wrong("I3", row.name, "is of a batch, and was reserved alone too")
                if row.name not in known:
                    self._wrong("I3", row.name, "was issued by a batch, and nobody was ever told")
            elif own is None or own.state != "issued":
                self._wrong("I3", row.name, "lives without an issued reservation")

    def _keys(self, tables: Tables) -> None:
        """What was refused has no effect, and a key has at most one."""
        effects = Counter(one.key for one in tables.reservations.values() if one.key and one.state == "issued")
        for wish in self.history.of(ISSUE):
            wanted = 1 if wish.outcome is Outcome.OK else 0
            if effects.get(wish.key, 0) != wanted:
                self._wrong("P9", wish.key, f"{wish.outcome.value}, and has {effects.get(wish.key, 0)} credentials")
        for wish in self.history.of(REVOKE, Outcome.REFUSED):
            self._wrong("P9", wish.key, f"a revocation that nobody else asked for was refused with {wish.status}")

    # -- I6, I9 -------------------------------------------------------------------------------------

    def _desk(self, desk: Desk) -> None:
        """Requests and grants: one decision, one row; one grant in force; states that follow from the history."""
        self.counts["requests"], self.counts["grants"] = len(desk.requests), len(desk.grants)
        for invariant, subject, detail in desk.faults():
            self._wrong(invariant, subject, detail)

    def _decisions(self, desk: Desk) -> None:
        """One winner of each version, one row and one grant for what was answered, and nothing for what was refused."""
        asked: dict[str, Counter[str]] = {}
        for wish in self.history.of(ASK):
            if wish.outcome is Outcome.OK:
                asked[json.loads(wish.answers[0])["id"]] = Counter({"request.created": 1})
            elif wish.outcome is Outcome.REFUSED:
                self._wrong("P9", wish.key, f"a request that nothing spoke against was refused with {wish.status}")
        winners: Counter[tuple[str, int]] = Counter()
        rivals: set[tuple[str, int]] = set()
        for wish in self.history.of(DECIDE):
            said = json.loads(wish.body)
            contest = (wish.subject, said["expected_version"])
            if wish.has_rival:
                rivals.add(contest)
            if wish.outcome is Outcome.REFUSED:
                self.counts["races_lost"] += 1
                if not wish.has_rival or wish.status != 409:
                    self._wrong("P9", wish.key, f"a decision was refused with {wish.status}")
            elif wish.outcome is Outcome.OK:
                self.counts[said["status"]] += 1
                winners[contest] += 1
                asked.setdefault(wish.subject, Counter())[f"request.{said['status']}"] += 1
                self._granted(desk, wish, said["status"])
        signed = Counter(of_grant for of_grant, _ in desk.credentials.values() if of_grant is not None)
        for name, count in signed.items():
            if count > 1:
                self._wrong("I6", name, f"was signed {count} times")
        for contest, count in winners.items():
            if count != 1:
                self._wrong("P8", contest, f"{count} decisions of one version were answered as done")
        for contest in rivals - winners.keys():
            self._wrong("P8", contest, "two reviewers decided, and neither won")
        for request_id, told in asked.items():
            if desk.trail.get(request_id, Counter()) != told:
                trail = dict(desk.trail.get(request_id, {}))
                self._wrong("I4", request_id, f"clients were told {dict(told)}, the trail says {trail}")

    def _granted(self, desk: Desk, wish: Wish, verdict: str) -> None:
        """What an answered decision says of the grant is so: made for this request, and signed while it is active."""
        if verdict == "approved":
            name = json.loads(wish.answers[0])["grant_id"]
            grant = desk.grants.get(name)
            if grant is None or grant.request_id != wish.subject:
                self._wrong("I1", wish.subject, f"its approval was answered with {name}, which is no grant of it")
            elif grant.status == "active" and grant.issuance != "issued":
                self._wrong("I9", name, f"is active, and its credential is {grant.issuance}")

    def _work(self, work: Work) -> None:
        """Claims, steps and payouts: one holder, one payout, nothing by a grant that was gone; and as was answered."""
        self.counts["claims"] = len(work.claims)
        for invariant, subject, detail in work.faults():
            self._wrong(invariant, subject, detail)
        for act in (CLAIM, START, COMPLETE, LOSE):
            for wish in self.history.of(act):
                if wish.outcome is Outcome.OK:
                    self.counts[act] += 1
                    if fault := work.against(act, wish.subject, json.loads(wish.answers[0])):
                        self._wrong("I1", wish.subject, fault)
                elif wish.outcome is Outcome.REFUSED:
                    self.counts["work_refused"] += 1
                    if act == LOSE or wish.status not in (403, 409):
                        self._wrong("P9", wish.key, f"{act} was refused with {wish.status}")

    # -- I7 -----------------------------------------------------------------------------------------

    def _batches(self, batches: Batches) -> None:
        """Results are items, what is answered as issued lives, and a key has one batch."""
        self.counts["batches"] = len(batches.told)
        self.counts["batch_rows_failed"] = sum(one.answer.failed for one in batches.told)
        for invariant, subject, detail in batches.faults():
            self._wrong(invariant, subject, detail)
        for wish in self.history.of(BATCH, Outcome.REFUSED):
            self._wrong("P9", wish.key, f"a batch that nothing spoke against was refused with {wish.status}")

    # -- I4 -----------------------------------------------------------------------------------------

    def _audit_rows(self, tables: Tables, batches: Batches) -> None:
        issued = Counter(row.subject for row in tables.audit if row.action == "credential.issued")
        revoked = Counter(row.subject for row in tables.audit if row.action == "credential.revoked")
        digests = {
            row.subject: row.data.get("documentSha256") for row in tables.audit if row.action == "credential.issued"
        }
        self.counts["audit_rows"] = len(tables.audit)
        for name, row in tables.credentials.items():
            if row.batch_id is not None:
                # One row for each chunk says it, and adds up (I7).
                if issued[name]:
                    self._wrong("I4", name, "is of a batch, and has an audit row of its own")
            elif issued[name] != 1:
                self._wrong("I4", name, f"was issued with {issued[name]} audit rows")
            elif digests[name] != hashlib.sha256(row.document).hexdigest():
                self._wrong("I4", name, "its audit row speaks of other bytes")
            if revoked[name] != (1 if row.status == "revoked" else 0):
                self._wrong("I4", name, f"is {row.status}, with {revoked[name]} audit rows of a revocation")
        for name in (issued.keys() | revoked.keys()) - tables.credentials.keys() - batches.stored.keys():
            self._wrong("I4", name, "an audit row has no effect")
        for wish in self.history.of(REVOKE, Outcome.OK):
            if revoked[wish.subject] != 1:
                self._wrong("I4", wish.subject, "its revocation was answered and is not on record")

    # -- I5 -----------------------------------------------------------------------------------------

    def _chain(self, tables: Tables) -> None:
        before, at = GENESIS, 0
        for position, row in enumerate(tables.audit, 1):
            if (row.sequence, row.previous) != (position, before):
                self._wrong("I5", row.sequence, "does not follow the row before it")
                break
            if hashlib.sha256(row.previous + row.body).digest() != row.hash:
                self._wrong("I5", row.sequence, "its hash is not that of its content")
            if row.at < at:
                self._wrong("I5", row.sequence, "is dated before the row that it follows")
            before, at = row.hash, row.at
        if tables.head != (len(tables.audit), before):
            self._wrong("I5", "head", "does not point at the last row")
        told = self.witnesses.audit()
        if told is not None:
            self._wrong("I5", "trail", told)

    # -- I8 -----------------------------------------------------------------------------------------

    def _bits(self, tables: Tables) -> None:
        for row in tables.credentials.values():
            if row.place is None:
                continue
            if tables.bit(row.place, "revocation") is not (row.status == "revoked"):
                self._wrong("I8", row.name, f"is {row.status}, and its bit says otherwise")
            if tables.bit(row.place, "suspension") and row.status == "valid":
                self._wrong("I8", row.name, "is valid, and its suspension bit is set")
        for wish in self.history.of(REVOKE, Outcome.OK):
            self.counts["revocations"] += 1
            revoked = tables.credentials.get(wish.subject)
            if revoked is None or revoked.status != "revoked":
                self._wrong("I8", wish.subject, "its revocation was answered, and it is not revoked")
        self.counts["sightings"] = len(self.history.sightings)
        for sighting in self.history.sightings:
            if sighting.still_good:
                self._wrong("I8", sighting.credential_id, "passed after its revocation was answered")
        set_bits = Counter(
            {name: bin(int.from_bytes(bits, "big")).count("1") for name, bits in tables.revocation.items()}
        )
        places = [one.place for one in tables.reservations.values()]
        places += [one.place for one in tables.credentials.values() if one.batch_id is not None]
        explained = Counter(place[0] for place in places if place is not None and tables.bit(place, "revocation"))
        for name in set_bits.keys() | explained.keys():
            if set_bits[name] != explained[name]:
                self._wrong("I8", name, f"{set_bits[name]} bits are set, {explained[name]} of them are explained")

    # -- I11, I12 -----------------------------------------------------------------------------------

    def _troubles(self) -> None:
        self.counts["answers_5xx"] = len(self.history.troubles)
        for trouble in self.history.troubles:
            for detail in _unfit(trouble):
                self._wrong("I11", trouble.status, detail)

    def _database(self) -> None:
        for detail in database_faults(self.rows):
            self._wrong("I12", "database", detail)


def _entries(row: CredentialRow) -> Iterator[tuple[str, int]]:
    """The places that a document names, by list id and index."""
    found = json.loads(row.document).get("credentialStatus", [])
    for entry in found if isinstance(found, list) else [found]:
        list_id = str(entry["statusListCredential"]).split("/status/", 1)[1].split("/", 1)[0]
        yield list_id, int(entry["statusListIndex"])


def _unfit(trouble: Trouble) -> Iterator[str]:
    """What is wrong with an answer of 500 or more."""
    for word in TELLTALES:
        if word in trouble.body:
            yield f"the body tells {word.decode()!r}"
    try:
        problem: Any = json.loads(trouble.body)
    except ValueError:
        yield "the body is no problem object"
        return
    if not isinstance(problem, dict) or problem.get("status") != trouble.status or not problem.get("code"):
        yield "the body is no problem object"
    elif problem.get("retryable") is not True:
        yield f"{problem['code']} does not say that it can be retried"
    if trouble.status == 503 and "retry-after" not in trouble.headers:
        yield "a 503 without Retry-After"
