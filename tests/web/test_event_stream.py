"""Events over the wire: the list, and the stream with its comments, resumption, limits and ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealwright.domain.people import AccountRole
from sealwright.services import event_feed
from sealwright.services.event_feed import LISTENERS_OF_ONE
from sealwright.services.office import Office
from sealwright.web.api import event_stream
from tests.support.office import ISSUER, add_person, the_operator
from tests.web.conftest import NO_LIMITS, Served, key_for, serve, token_for

STREAM = "/api/v1/events/stream"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patched:
        # As quick as the loop turns, so that nothing here waits for the clock on the wall.
        patched.setattr(event_feed, "POLL_SECONDS", 0.01)
        patched.setattr(event_stream, "_NAP_SECONDS", 0.01)
        patched.setattr(event_stream, "LOOK_AGAIN_SECONDS", 0.0)
        with serve(tmp_path_factory.mktemp("streams"), **NO_LIMITS) as one:
            yield one


class Listener:
    """Somebody who listens: what was sent so far, and the way to hang up."""

    def __init__(self, served: Served, token: str, path: str = STREAM, **headers: str) -> None:
        self.loop = served.client._loop
        self.status = 0
        self.text = ""
        self.headers: dict[str, str] = {}
        self.takes = asyncio.Event()
        self.takes.set()
        self._hung_up = asyncio.Event()
        sent = [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {token}".encode())]
        sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": sent,
            "client": ("203.0.113.9", 50000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        self.task = self.loop.create_task(served.client._app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message["body"].decode()

    def until(self, is_so: Callable[[Listener], bool]) -> Listener:
        """Let the loop turn until something is so; ten seconds at most."""

        async def turn() -> None:
            async with asyncio.timeout(10):
                while not is_so(self):
                    await asyncio.sleep(0.005)

        self.loop.run_until_complete(turn())
        return self

    def until_end(self) -> Listener:
        """Wait until the stream is over."""
        return self.until(lambda one: one.task.done())

    def hang_up(self) -> None:
        """Close the connection, and wait until the office has noticed."""
        self.loop.call_soon(self._hung_up.set)
        self.until_end()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was told, each with the id and name of its frame."""
        told = []
        for frame in self.text.split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if not line.startswith(":"))
            if "data" in fields:
                event = json.loads(fields["data"])
                assert (event["id"], event["type"]) == (fields["id"], fields["event"])
                told.append(event)
        return told


def is_open(one: Listener) -> bool:
    return "retry" in one.text


def test_stream_tells_what_happens_to_whom_it_concerns(served: Served) -> None:
    admin = Listener(served, served.admin).until(is_open)
    issuers, holders = (Listener(served, key).until(is_open) for key in (served.key, served.holder_key))
    assert (admin.status, admin.headers["content-type"]) == (200, "text/event-stream")
    assert admin.headers["cache-control"] == "no-store"
    issued = served.issue()
    admin.until(lambda one: bool(one.events))
    issuers.until(lambda one: bool(one.events))
    for one in (admin, issuers):
        assert [event["type"] for event in one.events] == ["credential.issued"]
        assert one.events[0]["data"]["object"]["id"] == issued["credentialId"]
    listed = served.client.call("GET", "/api/v1/events?limit=1", token=served.key).json()["data"]
    assert listed == issuers.events
    # Of what concerns others not even a trace, though it has long gone by.
    add_person(served.office, "nobody")
    admin.until(lambda one: one.events[-1]["type"] == "user.created")
    assert holders.events == []
    assert len(issuers.events) == 1
    for one in (admin, issuers, holders):
        one.hang_up()
    assert served.office.event_feed.listeners == 0


def test_stream_goes_on_behind_the_last_event_that_was_had(served: Served) -> None:
    office = served.office
    names = [add_person(office, f"p{number}") for number in range(3)]
    ids = [one["id"] for one in served.client.call("GET", "/api/v1/events?limit=3", token=served.admin).json()["data"]]
    late = Listener(served, served.admin, last_event_id=ids[2]).until(lambda one: len(one.events) == 2)
    assert [event["data"]["object"]["id"] for event in late.events] == names[1:]
    late.hang_up()
    # One kind alone, and an id that is none.
    kind = Listener(served, served.admin, f"{STREAM}?kind=did.created", last_event_id=ids[2]).until(is_open)
    add_person(office, "p9")
    kind.hang_up()
    assert kind.events == []
    for wrong in ("evt_" + "a" * 26, "7", ids[0].upper(), "evt_"):
        refused = Listener(served, served.admin, last_event_id=wrong).until_end()
        assert (refused.status, json.loads(refused.text)["code"]) == (422, "INVALID_FILTER")


def test_stream_goes_back_seven_days_at_most(served: Served) -> None:
    add_person(served.office, "before")
    first = served.client.call("GET", "/api/v1/events?limit=1", token=served.admin).json()["data"][0]["id"]
    add_person(served.office, "long-ago")
    served.clock.move(days=8)
    admin = token_for(served.office, add_person(served.office, "admin2", AccountRole.ADMIN))
    late = Listener(served, admin, last_event_id=first).until(lambda one: bool(one.events))
    late.hang_up()
    assert {event["timestamp"][:10] for event in late.events} == {"2026-03-09"}


def test_stream_of_whoever_is_withdrawn_ends(served: Served) -> None:
    office = served.office
    key = key_for(office, ISSUER)
    listener = Listener(served, key).until(is_open)
    record = next(one for one in office.api_keys.list(the_operator(office)) if key.startswith(one.prefix))
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.api_keys.revoke(uow, me, record.api_key_id),
        changes_registry=True,
    )
    served.issue()
    listener.until_end()
    assert listener.events == []
    assert served.office.event_feed.listeners == 0


def test_stream_is_for_admins_reviewers_and_issuers(served: Served) -> None:
    for token, status, code in (
        (served.person, 403, "ROLE_REQUIRED"),
        ("swk_wrong", 401, "UNAUTHENTICATED"),
    ):
        refused = Listener(served, token).until_end()
        assert (refused.status, json.loads(refused.text)["code"]) == (status, code)
        answer = served.client.call("GET", "/api/v1/events", token=token)
        assert (answer.status, answer.code) == (status, code)
    head = served.client.call("HEAD", STREAM, token=served.admin)
    assert (head.status, head.body) == (200, b"")
    assert served.office.event_feed.listeners == 0


def test_streams_are_bounded_for_each_and_for_all(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [Listener(served, served.key).until(is_open) for _ in range(LISTENERS_OF_ONE)]
    refused = Listener(served, served.key).until_end()
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    monkeypatch.setattr(event_feed, "LISTENERS_AT_MOST", len(mine))
    full = Listener(served, served.admin).until_end()
    assert (full.status, "retry-after" in full.headers) == (503, True)
    mine.pop().hang_up()
    again = Listener(served, served.admin).until(is_open)
    for one in (*mine, again):
        one.hang_up()


def test_a_listener_who_stops_reading_is_given_up_and_costs_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwright.web.live.SEND_SECONDS", 0.05)
    slow = Listener(served, served.admin).until(is_open)
    quick = Listener(served, served.admin).until(is_open)
    slow.takes.clear()
    add_person(served.office, "slow")
    quick.until(lambda one: bool(one.events))
    slow.until_end()
    quick.hang_up()
    assert slow.events == []


def test_hanging_up_is_no_fault_of_ours(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    crashes: list[Exception] = []
    for module in ("app", "guard"):
        monkeypatch.setattr(f"sealwright.web.{module}.log_crash", lambda error, **_: crashes.append(error))
    Listener(served, served.admin).until(is_open).hang_up()
    assert crashes == []


def test_quiet_streams_have_comments(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "COMMENT_EVERY_SECONDS", 0.02)
    quiet = Listener(served, served.admin).until(lambda one: one.text.count("\n:\n\n") >= 1)
    quiet.hang_up()
    assert quiet.events == []


def test_streams_end_with_the_process(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(served, served.admin).until(is_open)
    monkeypatch.setattr(served.office.event_feed, "is_ending", True)
    listener.until_end()
    refused = Listener(served, served.admin).until_end()
    assert refused.status == 503


def test_reviewers_see_their_scope_alone(served: Served) -> None:
    office: Office = served.office
    rita = token_for(office, add_person(office, "rita", AccountRole.ISSUER))
    # Approved, but with no credential type in the scope yet: there is nothing to see.
    assert served.client.call("GET", "/api/v1/events", token=rita).code == "ROLE_REQUIRED"
