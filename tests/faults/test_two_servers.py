"""Two server processes over one store: one truth about places, rates, revocations and keys, over the wire."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import Caller, issue_wish
from tests.faults.judging import judge
from tests.faults.nursery import nursery
from tests.faults.planted import Plan
from tests.support.history import History, Outcome
from tests.support.server import ISSUE_BODY, ISSUER, Answer, RunningServer
from tests.support.site import Launch, Site, launch_program

pytestmark = pytest.mark.timeout(180)

ISSUE = "/api/v1/credentials/issue"
ROUNDS = 10
LIMIT = 25
Pair = tuple[RunningServer, RunningServer]


def start_pair(site: Site, launch: Launch = launch_program, *, port: int | None = None, **settings: str) -> Pair:
    """Two servers of one site; `port` is where the first one listens."""
    one = site.start(launch=launch, port=port, **settings)
    other = site.start(launch=launch, **settings)
    return one.wait_ready(), other.wait_ready()


@pytest.fixture(scope="module")
def pair(shared_site: Site) -> Pair:
    """Two servers, started as anyone does it."""
    return start_pair(shared_site, port=shared_site.public_port)


def issue(server: RunningServer, **members: Any) -> dict[str, Any]:
    """Issue a degree; the answer."""
    answer = server.request("POST", ISSUE, {**ISSUE_BODY, **members}, key=server.api_key)
    assert answer.status == 201, answer.body
    issued: dict[str, Any] = answer.json()
    return issued


def test_places_are_unique_whoever_gives_them(shared_site: Site, pair: Pair) -> None:
    history, randomness = History(), random.Random(3)
    wishes = [issue_wish(history, randomness, revocable=True) for _ in range(240)]

    def carry_out(number: int) -> None:
        caller = Caller(shared_site.api_key)
        for at, wish in enumerate(wishes[number::8]):
            caller.carry_out(pair[(number + at) % 2].port, wish, history)
        caller.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(carry_out, range(8)))
    assert {wish.outcome for wish in wishes} == {Outcome.OK}
    verdict = judge(shared_site, history, shared_site.processes[0], fetch_at_most=60)
    # Other tests of this module have issued, too, and are no part of this history.
    assert verdict.invariants <= {"I3"}, str(verdict)
    assert verdict.counts["acknowledged"] == 240


def test_a_place_used_twice_is_found_out(site: Site) -> None:
    site.rows.run("DROP INDEX uq_reservations_place")
    history, randomness = History(), random.Random(4)
    server = site.start(launch=nursery(Plan(bug="uses an index again")))
    server.wait_ready()
    caller = Caller(site.api_key)
    for _ in range(4):
        caller.carry_out(server.port, issue_wish(history, randomness, revocable=True), history)
    assert "I2" in judge(site, history, server).invariants


# -- revocation -----------------------------------------------------------------------------------------


def revocations_not_seen(pair: Pair) -> list[str]:
    """Revoke at one server and ask the other at once; what it says wrongly."""
    wrong = []
    for number in range(ROUNDS):
        here, there = pair if number % 2 else pair[::-1]
        issued = issue(here, proofType=("Ed25519Signature2020", "eddsa-rdfc-2022")[number // 2 % 2])
        url = issued["statusListCredential"].split("/status/", 1)[1]
        before = there.request("GET", f"/status/{url}")
        if not report(there, issued)["verified"] or bit(before, issued["statusListIndex"]):
            wrong.append(f"{number}: a good credential is refused")
        revoke = {"credentialId": issued["credentialId"], "reason": "two servers"}
        assert here.request("POST", "/api/v1/credentials/revoke", revoke, key=here.api_key).status == 200
        after = there.request("GET", f"/status/{url}")
        failed = [check["code"] for check in report(there, issued)["checks"] if check["outcome"] == "failed"]
        if failed != ["REVOKED"]:
            wrong.append(f"{number}: verify says {failed}")
        if not bit(after, issued["statusListIndex"]):
            wrong.append(f"{number}: the list does not show it")
        if after.headers["etag"] == before.headers["etag"]:
            wrong.append(f"{number}: the list keeps its tag")
        if not there.request("GET", f"/api/v1/credentials/{issued['credentialId']}/status").json()["revoked"]:
            wrong.append(f"{number}: the status does not show it")
    return wrong


def report(server: RunningServer, issued: dict[str, Any]) -> dict[str, Any]:
    """What a server says of a credential."""
    answer = server.request("POST", "/api/v1/credentials/verify", {"credential": issued["credential"]})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def bit(answer: Answer, index: int) -> bool:
    """One bit of a served list, unpacked by hand."""
    assert answer.status == 200, answer.body
    packed = answer.json()["credentialSubject"]["encodedList"]
    # The later standard writes a multibase prefix in front of what the earlier one has bare.
    text = packed.removeprefix("u") if answer.json()["credentialSubject"]["type"] == "BitstringStatusList" else packed
    bits = gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def test_a_revocation_in_one_is_seen_by_the_other_at_the_next_request(pair: Pair) -> None:
    assert revocations_not_seen(pair) == []


def test_a_server_that_remembers_lists_is_found_out(sqlite_site: Site) -> None:
    assert revocations_not_seen(start_pair(sqlite_site, nursery(Plan(bug="remembers status lists"))))


# -- API keys -------------------------------------------------------------------------------------------


def keys_still_taken(site: Site, pair: Pair) -> list[int]:
    """Revoke keys at one server and use them at the other at once; the rounds in which that worked."""
    taken = []
    for number in range(ROUNDS):
        here, there = pair if number % 2 else pair[::-1]
        wanted = {"name": f"round {number}", "issuerDids": [ISSUER]}
        made = here.request("POST", "/api/v1/api-keys", wanted, key=site.tokens["admin"])
        assert made.status == 201, made.body
        secret = made.json()["apiKey"]
        assert there.request("POST", ISSUE, ISSUE_BODY, key=secret).status == 201
        path = f"/api/v1/api-keys/{made.json()['apiKeyId']}/revoke"
        assert here.request("POST", path, key=site.tokens["admin"]).status == 200
        if there.request("POST", ISSUE, ISSUE_BODY, key=secret).status != 401:
            taken.append(number)
    return taken


def test_a_key_revoked_in_one_is_refused_by_the_other_at_the_next_request(shared_site: Site, pair: Pair) -> None:
    assert keys_still_taken(shared_site, pair) == []


# -- rates ----------------------------------------------------------------------------------------------


def answers_over_the_limit(site: Site, pair: Pair, api_key: str, calls: int) -> Counter[int]:
    """Issue through both servers from many threads within a minute; how often each status came."""

    def call(number: int) -> int:
        answer = pair[number % 2].request("POST", ISSUE, ISSUE_BODY, key=api_key)
        if answer.status == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert json.loads(answer.body)["code"] == "RATE_LIMIT_EXCEEDED"
        return answer.status

    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(call, range(calls)))


def test_rates_are_counted_over_both_and_kept_over_a_restart(site: Site) -> None:
    limit = {"SEALWRIGHT_RATE_ISSUE_PER_MINUTE": str(LIMIT)}
    pair = start_pair(site, nursery(), **limit)
    assert answers_over_the_limit(site, pair, site.api_key, 40) == {201: LIMIT, 429: 40 - LIMIT}
    wanted = {"name": "slow", "issuerDids": [ISSUER], "issuePerMinute": 7}
    slow = pair[0].request("POST", "/api/v1/api-keys", wanted, key=site.tokens["admin"]).json()["apiKey"]
    # A key has its own count and may have its own limit.
    assert answers_over_the_limit(site, pair, slow, 12) == {201: 7, 429: 5}
    for process in site.processes:
        process.kill()
    again = site.start(launch=nursery(), **limit).wait_ready()
    assert again.request("POST", ISSUE, ISSUE_BODY, key=slow).status == 429


def test_servers_that_count_alone_are_found_out(sqlite_site: Site) -> None:
    limit = {"SEALWRIGHT_RATE_ISSUE_PER_MINUTE": str(LIMIT)}
    pair = start_pair(sqlite_site, nursery(Plan(bug="counts rates alone")), **limit)
    assert answers_over_the_limit(sqlite_site, pair, sqlite_site.api_key, 60)[201] == 2 * LIMIT


def test_logs_of_both_are_quiet(shared_site: Site, pair: Pair) -> None:
    assert [Path(process.log).read_text() for process in shared_site.processes] == ["", ""]
