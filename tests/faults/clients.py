"""Clients that issue, revoke, ask, decide and look, over the wire, through servers that die under them."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from nacl.signing import SigningKey

from sealwright.vc.keys.multikey import PublicKey
from tests.faults.work_clients import WORK_SHARE, WorkClient, WorkPeople, carrier
from tests.support.batch_invariants import STRANGER
from tests.support.history import ASK, BATCH, DECIDE, ISSUE, REVOKE, History, Outcome, Sighting, Wish
from tests.support.office import HOLDER
from tests.support.server import ISSUE_BODY

ISSUE_PATH: Final = "/api/v1/credentials/issue"
BATCH_PATH: Final = "/api/v1/credentials/issue/batch"
REVOKE_PATH: Final = "/api/v1/credentials/revoke"
ANSWER_SECONDS: Final = 20
SETTLE_SECONDS: Final = 45
SUITES: Final = ("Ed25519Signature2020", "Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022")

# How many of the acts are those of the review desk: asking, approving, rejecting.
DESK_SHARE: Final = 0.5
# How many issue a batch within one call.
BATCH_SHARE: Final = 0.05
BATCH_ROWS: Final = (3, 10)
_LOST: Final = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: status, headers by lower-case name, body, and the seconds that it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Caller:
    """One kept-alive connection to each server; not for several threads."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        self._open: dict[int, http.client.HTTPConnection] = {}

    def ask(
        self, port: int, method: str, path: str, body: bytes | None = None, *, key: str | None = None, token: str = ""
    ) -> Heard:
        """Make one call, with the issuer's key unless a token is given.

        Raises:
            OSError, HTTPException: No answer came.
        """
        connection = self._open.get(port)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
            self._open[port] = connection
        headers = {"Authorization": f"Bearer {token or self._api_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        begun = time.monotonic()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except _LOST:
            connection.close()
            del self._open[port]
            raise
        names = {name.lower(): value for name, value in response.getheaders()}
        return Heard(response.status, names, content, time.monotonic() - begun)

    def carry_out(self, port: int, wish: Wish, history: History) -> Heard | None:
        """Make a wish's call and note what came of it; None when no answer came."""
        try:
            path = wish.path or (ISSUE_PATH if wish.act == ISSUE else REVOKE_PATH)
            heard = self.ask(port, "POST", path, wish.body, key=wish.key, token=wish.token)
        except _LOST:
            history.lost(wish)
            return None
        history.note(wish, heard.status, heard.headers, heard.body)
        return heard

    def close(self) -> None:
        """Hang up."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()


_NUMBERS: Final = itertools.count(1)


def issue_wish(history: History, randomness: random.Random, **members: Any) -> Wish:
    """A degree that nobody else asks for, under a key of its own, by one of the suites, one in ten not revocable."""
    claims = {
        "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": randomness.randint(1990, 2026)}
    }
    body = {**ISSUE_BODY, "claims": claims, "proofType": randomness.choice(SUITES), **members}
    if "revocable" not in body and randomness.random() < 0.1:
        body["revocable"] = False
    return history.begin(Wish(ISSUE, f"issue-{next(_NUMBERS)}", json.dumps(body).encode()))


def batch_wish(history: History, randomness: random.Random, **members: Any) -> Wish:
    """A few degrees in one call, under a key of its own; some rows fail, for their holder or as doubles."""
    count = randomness.randint(*BATCH_ROWS)
    holders = [
        randomness.choice((HOLDER, STRANGER)) if randomness.random() < 0.3 else key_holder() for _ in range(count)
    ]
    rows = [
        {
            "holderDid": holder,
            "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 1990 + number}},
        }
        for number, holder in enumerate(holders)
    ]
    body = {
        **{name: ISSUE_BODY[name] for name in ("schemaId", "issuerDid", "expirationDate")},
        "proofType": randomness.choice(SUITES),
        "allowDuplicates": randomness.random() < 0.5,
        "includeCredentials": True,
        "credentials": rows,
        **members,
    }
    key = f"batch-{next(_NUMBERS)}"
    return history.begin(Wish(BATCH, key, json.dumps(body).encode(), path=BATCH_PATH))


def key_holder() -> str:
    """The DID of a holder who is only a key, and never stood anywhere before."""
    return f"did:key:{PublicKey('Ed25519', bytes(SigningKey.generate().verify_key)).multikey}"


def revoke_wish(history: History, credential_id: str) -> Wish:
    """A revocation, under a key of its own."""
    body = json.dumps({"credentialId": credential_id, "reason": "a fault test"}).encode()
    return history.begin(Wish(REVOKE, f"revoke-{next(_NUMBERS)}", body, credential_id))


@dataclass(frozen=True, slots=True)
class DeskPeople:
    """Tokens of those who ask, of two reviewers who may decide on all of it, and the types that are asked for."""

    askers: tuple[str, ...] = field(repr=False)
    reviewers: tuple[str, str] = field(repr=False)
    types: tuple[str, ...]


@dataclass(slots=True)
class _Asker:
    """Somebody who asks, is approved or rejected, and asks again; one request of theirs at a time."""

    token: str = field(repr=False)
    request_id: str = ""
    state: str = ""
    version: int = 0


class DeskClient:
    """Walks askers of its own through the desk, one step a call; not for several threads.

    What died under a step is asked again with its key, as long as it takes; now and then the asker gives up and the
    step stays unknown, to be settled in the end.
    """

    def __init__(
        self, people: DeskPeople, number: int, of: int, history: History, ports: Callable[[], Sequence[int]]
    ) -> None:
        self._people = people
        self._askers = [_Asker(token) for token in people.askers[number::of]]
        self._history = history
        self._ports = ports
        # Two reviewers, who may come to one request at the same moment.
        self._callers = (Caller(""), Caller(""))
        self._pool = ThreadPoolExecutor(2)

    def go_on(self, randomness: random.Random) -> bool:
        """Take one step with one asker; False when nobody is left."""
        if not self._askers:
            return False
        asker = randomness.choice(self._askers)
        if asker.state == "pending":
            wishes = self._decisions(asker, randomness)
        elif asker.state == "approved":
            wishes = [self._decision(asker, "rejected", self._people.reviewers[1])]
        else:
            wishes = [ask_wish(self._history, asker.token, randomness.choice(self._people.types))]
        patience = 0 if randomness.random() < 0.1 else 40
        tries = [
            self._pool.submit(self._try, caller, wish, patience)
            for caller, wish in zip(self._callers, wishes, strict=False)
        ]
        for one in tries:
            one.result()
        won = next((wish for wish in wishes if wish.outcome is Outcome.OK), None)
        if won is None or any(wish.outcome is Outcome.UNKNOWN for wish in wishes):
            self._askers.remove(asker)
            return True
        said = json.loads(won.answers[0])
        asker.request_id, asker.state, asker.version = said["id"], said["status"], said["version"]
        return True

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown()
        for caller in self._callers:
            caller.close()

    def _decisions(self, asker: _Asker, randomness: random.Random) -> list[Wish]:
        """One reviewer decides, or both at once and each in their own way."""
        reviewers = randomness.sample(self._people.reviewers, 2 if randomness.random() < 0.35 else 1)
        verdicts = [randomness.choice(("approved", "approved", "rejected")) for _ in reviewers]
        return [
            self._decision(asker, verdict, reviewer, has_rival=len(reviewers) > 1)
            for verdict, reviewer in zip(verdicts, reviewers, strict=True)
        ]

    def _decision(self, asker: _Asker, verdict: str, reviewer: str, *, has_rival: bool = False) -> Wish:
        return decide_wish(self._history, asker.request_id, verdict, asker.version, reviewer, has_rival=has_rival)

    def _try(self, caller: Caller, wish: Wish, patience: int) -> None:
        for number in range(patience + 1):
            ports = self._ports()
            if ports:
                caller.carry_out(ports[(number + len(wish.key)) % len(ports)], wish, self._history)
            if wish.outcome is not Outcome.UNKNOWN:
                return
            time.sleep(0.1 if patience else 0)


def ask_wish(history: History, token: str, credential_type: str) -> Wish:
    """A request for a credential type, under a key of its own."""
    body = json.dumps({"credential_type": credential_type}).encode()
    return history.begin(Wish(ASK, f"ask-{next(_NUMBERS)}", body, path="/improvers/credential-requests", token=token))


def decide_wish(
    history: History, request_id: str, verdict: str, version: int, reviewer: str, *, has_rival: bool = False
) -> Wish:
    """A decision on one version of a request, under a key of its own."""
    body = json.dumps({"status": verdict, "note": "a fault test", "expected_version": version}).encode()
    path = f"/issuers/credential-requests/{request_id}/decision"
    key = f"decide-{next(_NUMBERS)}"
    return history.begin(Wish(DECIDE, key, body, request_id, path=path, token=reviewer, has_rival=has_rival))


@dataclass(slots=True)
class Load:
    """Clients in threads: they go on until told to stop, whatever becomes of the servers.

    Args:
        ports: Where servers are, or may be again; asked anew for each call.
        desk: Who asks for credential types and who decides, each client having askers of its own; None: nobody.
        work: Who works on what is open to them by their grants, each client having workers of its own; None: nobody.
        work_share: How many of the acts are those of people at work.
        batch_share: How many of the issuer's acts are batches.
        pause_seconds: The longest pause between two calls of one client.
        slowest: Seconds of the slowest answer.
    """

    api_key: str
    history: History
    ports: Callable[[], Sequence[int]]
    clients: int = 4
    desk: DeskPeople | None = None
    work: WorkPeople | None = None
    work_share: float = WORK_SHARE
    batch_share: float = BATCH_SHARE
    pause_seconds: float = 0.02
    seed: int = 0
    slowest: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        self._threads = [
            threading.Thread(target=self._client, args=(random.Random(self.seed * 1000 + number), number), daemon=True)
            for number in range(self.clients)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, each client after the call that is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 10)
            assert not thread.is_alive(), "a client hangs"

    def _client(self, randomness: random.Random, number: int) -> None:
        caller = Caller(self.api_key)
        desk = DeskClient(self.desk, number, self.clients, self.history, self.ports) if self.desk is not None else None
        work = WorkClient(self.work, number, self.clients, self.history) if self.work is not None else None
        send = carrier(
            lambda port, wish: caller.carry_out(port, wish, self.history), self.ports, lambda: self._stop.wait(0.1)
        )
        mine: list[str] = []
        revoked: list[str] = []
        while not self._stop.is_set():
            chance = randomness.random()
            is_busy = work is not None and randomness.random() < self.work_share and work.go_on(randomness, send)
            if not is_busy and desk is not None and randomness.random() < DESK_SHARE:
                is_busy = desk.go_on(randomness)
            if not is_busy and randomness.random() < self.batch_share:
                self._batch(caller, randomness, mine)
                is_busy = True
            if is_busy:
                pass
            elif chance < 0.12 and mine:
                self._revoke(caller, randomness, mine, revoked)
            elif chance < 0.2 and revoked:
                self._look(caller, randomness, randomness.choice(revoked))
            else:
                self._issue(caller, randomness, mine)
            self._stop.wait(randomness.uniform(0, self.pause_seconds))
        if work is not None:
            # However few acts there was time for, what a lost credential does was tried.
            work.leave(randomness, send)
        caller.close()
        if desk is not None:
            desk.close()

    def _issue(self, caller: Caller, randomness: random.Random, mine: list[str]) -> None:
        wish = issue_wish(self.history, randomness)
        self._try(caller, randomness, wish)
        found = wish.acknowledged()
        if found is not None and found.index is not None:
            mine.append(found.credential_id)

    def _batch(self, caller: Caller, randomness: random.Random, mine: list[str]) -> None:
        wish = batch_wish(self.history, randomness)
        self._try(caller, randomness, wish)
        if wish.outcome is Outcome.OK:
            # One of a batch may be revoked like any other.
            mine += [row["credentialId"] for row in json.loads(wish.answers[0])["results"][:1] if row["credentialId"]]

    def _revoke(self, caller: Caller, randomness: random.Random, mine: list[str], revoked: list[str]) -> None:
        subject = mine.pop(randomness.randrange(len(mine)))
        wish = revoke_wish(self.history, subject)
        self._try(caller, randomness, wish)
        if wish.outcome is Outcome.OK:
            revoked.append(subject)

    def _try(self, caller: Caller, randomness: random.Random, wish: Wish) -> None:
        """Once, and half of the time again at once when nothing was learned, as impatient clients do."""
        self._carry_out(caller, randomness, wish)
        if wish.outcome is Outcome.UNKNOWN and randomness.random() < 0.5:
            self._carry_out(caller, randomness, wish)

    def _carry_out(self, caller: Caller, randomness: random.Random, wish: Wish) -> None:
        ports = self.ports()
        if not ports:
            self._stop.wait(0.05)
            return
        heard = caller.carry_out(randomness.choice(ports), wish, self.history)
        if heard is None:
            # Nobody is there, most likely: no reason to spin.
            self._stop.wait(0.02)
        else:
            self.slowest = max(self.slowest, heard.seconds)

    def _look(self, caller: Caller, randomness: random.Random, credential_id: str) -> None:
        """Ask for the state of what was revoked before, at any server."""
        ports = self.ports()
        if not ports:
            return
        try:
            heard = caller.ask(randomness.choice(ports), "GET", f"/api/v1/credentials/{credential_id}/status")
        except _LOST:
            return
        if heard.status == 200:
            self.history.see(Sighting(credential_id, still_good=json.loads(heard.body)["revoked"] is not True))


def settle(history: History, api_key: str, ports: Sequence[int]) -> None:
    """Retry what is unknown with its key, until there is an answer or the time is up."""
    deadline = time.monotonic() + SETTLE_SECONDS

    def ask_again(numbered: tuple[int, Wish]) -> None:
        number, wish = numbered
        caller = Caller(api_key)
        while wish.outcome is Outcome.UNKNOWN and time.monotonic() < deadline:
            heard = caller.carry_out(ports[number % len(ports)], wish, history)
            if heard is None or wish.outcome is Outcome.UNKNOWN:
                time.sleep(0.25)
        caller.close()

    unknown = [wish for wish in history.wishes if wish.outcome is Outcome.UNKNOWN]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask_again, enumerate(unknown)))
