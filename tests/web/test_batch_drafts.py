"""Drafts of batches over HTTP: filled, mended, started, watched, stopped, and tried again."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from sealwright.web import incoming
from sealwright.web.api import batch_stream
from sealwright.web.api.shapes import batches as shapes
from sealwright.web.shape import compile_schema
from tests.conftest import DATABASES
from tests.support.office import HOLDER, ISSUER, add_person, the_operator
from tests.support.wallet import WalletKey
from tests.web.batches import (
    FRAME,
    PATH,
    call,
    carry_out,
    count_batches,
    draft,
    filled,
    lines,
    move,
    put,
    read,
    row,
    rows,
    served_on,
)
from tests.web.conftest import Served, token_for

FITS = {
    name: compile_schema(getattr(shapes, name))
    for name in ("BATCH", "ROWS_TAKEN", "ROW_PAGE", "KEPT_ROW", "RESULT_PAGE")
}


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_on(request, tmp_path_factory) as one:
        yield one


def test_the_whole_story(served: Served) -> None:
    good = rows(4)
    batch_id = draft(served, name="Graduates")
    assert move(served, batch_id, "start").code == "STATE_CONFLICT"
    wrong = [row("did:adi:nobody"), row(WalletKey().did, gpa="high"), good[0]]
    taken = put(
        served, batch_id, [lines([*good, *wrong])[:700], lines([*good, *wrong])[700:], b'{"holderDid": 5']
    ).json()
    assert FITS["ROWS_TAKEN"].is_valid(taken)
    assert (taken["rows"], taken["valid"], taken["invalid"]) == (8, 4, 4)
    assert [(one["row"], one["code"]) for one in taken["errors"]][:2] == [
        (4, "HOLDER_NOT_FOUND"),
        (5, "SCHEMA_VALIDATION_FAILED"),
    ]
    stands = read(served, batch_id)
    assert FITS["BATCH"].is_valid(stands)
    assert (stands["status"], stands["total"], stands["name"]) == ("draft", 8, "Graduates")

    faulty = call(served, "GET", f"{PATH}/{batch_id}/rows?faulty=true").json()
    assert FITS["ROW_PAGE"].is_valid(faulty)
    assert [one["row"] for one in faulty["data"]] == [4, 5, 6, 7]
    assert faulty["data"][3]["unreadable"] == '{"holderDid": 5'
    mended = call(served, "PATCH", f"{PATH}/{batch_id}/rows/5", {"claims": row()["claims"]})
    assert (mended.status, mended.json()["faults"]) == (200, [])
    assert FITS["KEPT_ROW"].is_valid(mended.json())

    started = move(served, batch_id, "start")
    assert (started.status, started.json()["status"]) == (202, "accepted")
    for verb in ("start", "resume"):
        assert move(served, batch_id, verb).code == "STATE_CONFLICT"
    assert put(served, batch_id, lines(good)).code == "STATE_CONFLICT"
    assert call(served, "PATCH", f"{PATH}/{batch_id}/rows/4", {"holderDid": HOLDER}).code == "STATE_CONFLICT"
    pending = call(served, "GET", f"{PATH}/{batch_id}/results?limit=2").json()["data"]
    assert [(one["status"], one["holderDid"]) for one in pending] == [("pending", one["holderDid"]) for one in good[:2]]
    carry_out(served, batch_id)

    stands = read(served, batch_id)
    assert (stands["status"], stands["issued"], stands["failed"], stands["remaining"]) == ("anchored", 5, 3, 0)
    pages, cursor = [], ""
    while True:
        page = call(served, "GET", f"{PATH}/{batch_id}/results?limit=3{cursor}").json()
        assert FITS["RESULT_PAGE"].is_valid(page)
        pages += page["data"]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert [one["index"] for one in pages] == list(range(8))
    assert [one["status"] for one in pages] == ["issued"] * 4 + ["failed", "issued", "failed", "failed"]
    assert pages[6]["error"]["code"] == "DUPLICATE_IN_BATCH"
    assert move(served, batch_id, "cancel").code == "STATE_CONFLICT"

    again = move(served, batch_id, "retry-failed")
    assert (again.status, again.json()["total"]) == (202, 2)
    assert again.json()["batchId"] != batch_id
    retried = carry_out(served, again.json()["batchId"])
    # Whoever an earlier row names is not tried again, so nobody gets a second credential by it.
    assert (retried.issued, retried.failed, retried.options.origin) == (0, 2, f"retry:{batch_id}")


def test_tables(served: Served) -> None:
    first, second = WalletKey().did, WalletKey().did
    head = "Holder DID;degree.type;degree.university;degree.graduationYear;degree.gpa;note\r\n"
    cells = [f"{first};BachelorDegree;Universität Łódź;2025;3.8;x", f"{second};BachelorDegree;=cmd();2025;much;y"]
    batch_id = draft(served, mapping={"Holder DID": "/holderDid"})
    table = (head + "\r\n".join(cells)).encode("utf-16")
    taken = put(served, batch_id, table, "text/csv")
    assert taken.status == 200, taken.body
    assert (taken.json()["rows"], taken.json()["invalid"]) == (2, 1)
    assert taken.json()["errors"][0] == {
        "row": 1,
        "column": "degree.gpa",
        "code": "SCHEMA_VALIDATION_FAILED",
        "detail": "must be a number",
    }
    kept = call(served, "GET", f"{PATH}/{batch_id}/rows").json()["data"]
    assert kept[0]["claims"]["degree"]["university"] == "Universität Łódź"
    plain = put(served, batch_id, (head + cells[0]).encode("windows-1252", "replace"), "text/csv; charset=windows-1252")
    assert (plain.status, plain.json()["rows"]) == (200, 1)
    assert put(served, batch_id, b"", "text/csv").code == "INVALID_BODY"
    assert read(served, batch_id)["total"] == 0


def test_csv_of_results_and_errors(served: Served) -> None:
    good = rows(2)
    batch_id = filled(served, [*good, row("=HYPERLINK(1)"), row("did:adi:nobody")])
    before = served.audit_size()
    errors = call(served, "GET", f"{PATH}/{batch_id}/errors.csv")
    assert served.audit_size() == before + 1
    assert errors.headers["content-type"] == "text/csv; charset=utf-8"
    assert errors.headers["content-disposition"] == f'attachment; filename="{batch_id}-errors.csv"'
    found = list(csv.DictReader(io.StringIO(errors.body.decode("utf-8-sig"))))
    assert [(one["error_row"], one["error_code"]) for one in found] == [("3", "INVALID_DID"), ("4", "HOLDER_NOT_FOUND")]
    assert found[0]["holderDid"] == "'=HYPERLINK(1)"
    mended = put(
        served, draft(served), errors.body.replace(b"did:adi:nobody", WalletKey().did.encode()), "text/csv"
    ).json()
    assert (mended["rows"], mended["invalid"]) == (2, 1)
    move(served, batch_id, "start")
    carry_out(served, batch_id)
    table = call(served, "GET", f"{PATH}/{batch_id}/results", headers=[("accept", "text/csv")]).body
    assert table.count(b"\r\n") == 5
    listed = list(csv.DictReader(io.StringIO(table.decode())))
    assert [one["status"] for one in listed] == ["issued", "issued", "failed", "failed"]
    assert listed[0]["credentialId"].startswith("urn:uuid:")
    assert listed[0]["statusListIndex"].isdigit()
    assert (listed[3]["row"], listed[3]["code"]) == ("4", "HOLDER_NOT_FOUND")


def test_mending_tells_duplicates_anew(served: Served) -> None:
    one, two = rows(2)
    batch_id = filled(served, [one, two, one, one])

    def duplicates() -> list[int]:
        listed = call(served, "GET", f"{PATH}/{batch_id}/rows").json()["data"]
        return [kept["row"] for kept in listed if [fault["code"] for fault in kept["faults"]] == ["DUPLICATE_IN_BATCH"]]

    assert duplicates() == [2, 3]
    moved = call(served, "PATCH", f"{PATH}/{batch_id}/rows/0", {"holderDid": two["holderDid"]}).json()
    assert moved["faults"] == []
    assert duplicates() == [1, 3]
    call(served, "PATCH", f"{PATH}/{batch_id}/rows/1", {"holderDid": WalletKey().did})
    assert duplicates() == [3]
    for path in ("rows/4", "rows/x", "rows/-1"):
        assert call(served, "PATCH", f"{PATH}/{batch_id}/{path}", {"holderDid": HOLDER}).code == "INVALID_FILTER"
    assert call(served, "PATCH", f"{PATH}/{batch_id}/rows/1", {}).code == "INVALID_BODY"
    assert call(served, "PATCH", f"{PATH}/{batch_id}/rows/1", {"proof": 1}).code == "UNKNOWN_FIELD"


def test_skipping_leaves_duplicates_out(served: Served) -> None:
    one, two = rows(2)
    batch_id = draft(served, onDuplicate="skip")
    taken = put(served, batch_id, lines([one, two, one])).json()
    assert (taken["rows"], taken["invalid"]) == (2, 0)


# -- moving ------------------------------------------------------------------------------------------


def test_pause_resume_cancel(served: Served) -> None:
    batch_id = filled(served, rows(3))
    assert move(served, batch_id, "pause").code == "STATE_CONFLICT"
    move(served, batch_id, "start")
    paused = move(served, batch_id, "pause").json()
    assert (paused["status"], paused["pausedBy"]) == ("paused", "caller")
    assert carry_out(served, batch_id).issued == 0
    assert move(served, batch_id, "pause").status == 202
    assert move(served, batch_id, "resume").json()["status"] == "running"
    canceled = move(served, batch_id, "cancel").json()
    assert (canceled["status"], canceled["issued"]) == ("canceled", 0)
    assert move(served, batch_id, "cancel").status == 202
    carry_out(served, batch_id)
    served.office.bulk.engine.conclude(batch_id)
    stands = read(served, batch_id)
    assert (stands["status"], stands["failed"], stands["remaining"], stands["transactionHash"]) == (
        "canceled",
        3,
        0,
        None,
    )
    told = call(served, "GET", f"{PATH}/{batch_id}/results").json()["data"]
    assert {one["error"]["code"] for one in told} == {"BATCH_CANCELED"}
    again = move(served, batch_id, "retry-failed").json()
    assert carry_out(served, again["batchId"]).issued == 3


def test_a_halt_lets_batches_rest(served: Served) -> None:
    batch_id = filled(served, rows(2))
    move(served, batch_id, "start")
    halting = served.office.halting
    act(served.office, lambda uow, me: halting.halt(uow, me, "test"))
    try:
        carry_out(served, batch_id)
        assert (read(served, batch_id)["status"], read(served, batch_id)["pausedBy"]) == ("paused", "halt")
        assert move(served, batch_id, "resume").code == "ISSUING_HALTED"
    finally:
        act(served.office, halting.resume)
    while served.office.bulk.engine.work_once():
        pass
    assert read(served, batch_id)["issued"] == 2


def act(office: Office, what: Callable[..., object]) -> None:
    office.acts.run(the_operator(office), what, changes_registry=True)


def test_keys_make_moves_once(served: Served) -> None:
    batch_id = filled(served, rows(1))
    key = [("idempotency-key", "start-once")]
    first = move(served, batch_id, "start", headers=key)
    size = served.audit_size()
    again = move(served, batch_id, "start", headers=key)
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
    assert served.audit_size() == size
    body = {**FRAME, "name": "once"}
    made = [call(served, "POST", PATH, body, headers=[("idempotency-key", "draft")]) for _ in range(2)]
    assert made[0].body == made[1].body
    carry_out(served, batch_id)


def test_revoking_a_whole_batch(served: Served) -> None:
    batch_id = filled(served, rows(3))
    move(served, batch_id, "start")
    carry_out(served, batch_id)
    assert move(served, batch_id, "revoke", {}).code == "MISSING_FIELD"
    answer = move(served, batch_id, "revoke", {"reason": "annulled"})
    assert answer.status == 202, answer.body
    revoking = answer.json()
    assert FITS["BATCH"].is_valid(revoking)
    assert revoking["kind"] == "revoke"
    while served.office.bulk.engine.work_once():
        pass
    stands = read(served, revoking["batchId"])
    assert (stands["status"], stands["revoked"], stands["remaining"]) == ("done", 3, 0)
    found = call(served, "GET", f"/api/v1/credentials?batchId={batch_id}").json()["data"]
    assert {one["status"] for one in found} == {"revoked"}
    told = call(served, "GET", f"{PATH}/{revoking['batchId']}/results").json()["data"]
    assert {one["credentialId"] for one in told} == {one["credentialId"] for one in found}
    assert {one["status"] for one in told} == {"revoked"}


# -- who may -----------------------------------------------------------------------------------------


def test_others_see_and_do_nothing(served: Served) -> None:
    batch_id = filled(served, rows(1))
    other = token_for(served.office, add_person(served.office, f"stranger-{batch_id}", AccountRole.ISSUER))
    for token in (other, served.holder_key):
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/results", None),
            ("GET", "/rows", None),
            ("GET", "/errors.csv", None),
            ("GET", "/events", None),
            ("POST", "/start", None),
            ("POST", "/pause", None),
            ("POST", "/resume", None),
            ("POST", "/cancel", None),
            ("POST", "/retry-failed", None),
            ("POST", "/revoke", {"reason": "r"}),
            ("PATCH", "/rows/0", {"holderDid": HOLDER}),
        ):
            hidden = call(served, method, f"{PATH}/{batch_id}{path}", body, token=token)
            missing = call(served, method, f"{PATH}/bat_nothing{path}", body, token=token)
            assert (hidden.status, hidden.code) == (404, "BATCH_NOT_FOUND"), path
            assert hidden.json()["detail"] == missing.json()["detail"]
        assert put(served, batch_id, lines(rows(1)), token=token).code == "BATCH_NOT_FOUND"
        listed = call(served, "GET", f"{PATH}?limit=100", token=token).json()["data"]
        assert batch_id not in {one["batchId"] for one in listed}
    assert read(served, batch_id)["total"] == 1
    everything = call(served, "GET", f"{PATH}?limit=100&status=draft&kind=issue&issuerDid={ISSUER}", token=served.admin)
    assert batch_id in {one["batchId"] for one in everything.json()["data"]}


# -- bodies that come slowly, too large, or not at all -----------------------------------------------


def test_rows_are_judged_by_kind_and_size(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id = filled(served, rows(1))
    for kind in ("application/json", "text/plain", "multipart/form-data"):
        assert put(served, batch_id, b"{}", kind).code == "UNSUPPORTED_MEDIA_TYPE"
    coded = call(
        served,
        "PUT",
        f"{PATH}/{batch_id}/rows",
        raw=b"x",
        content_type="text/csv",
        headers=[("content-encoding", "gzip")],
    )
    assert coded.code == "UNSUPPORTED_MEDIA_TYPE"
    declared = call(served, "PUT", f"{PATH}/{batch_id}/rows", raw=b"x", content_type="text/csv", length=2_000_000_000)
    assert (declared.status, declared.code) == (413, "PAYLOAD_TOO_LARGE")
    assert put(served, batch_id, b'{"holderDid":"' + b"x" * 70_000).code == "PAYLOAD_TOO_LARGE"
    assert read(served, batch_id)["total"] == 0
    monkeypatch.setattr(incoming, "PROGRESS_SECONDS", 0.05)
    stalled = call(
        served, "PUT", f"{PATH}/{batch_id}/rows", raw=lines(rows(1)), content_type="application/x-ndjson", stalls=True
    )
    assert (stalled.status, stalled.code) == (408, "REQUEST_TIMEOUT")
    assert stalled.headers["connection"] == "close"
    assert (
        call(served, "PUT", f"{PATH}/{batch_id}/rows?separator=x", raw=b"x", content_type="text/csv").code
        == "INVALID_FILTER"
    )


def test_whoever_hangs_up_leaves_a_draft_without_rows(served: Served) -> None:
    batch_id = filled(served, rows(2))
    part = lines(rows(1_500))
    messages = [
        {"type": "http.request", "body": part, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = scope_of("PUT", f"{PATH}/{batch_id}/rows", served.key)
    served.client._loop.run_until_complete(served.client._app(scope, receive, send))
    assert messages == []
    assert read(served, batch_id)["total"] == 0
    assert call(served, "GET", f"{PATH}/{batch_id}/rows").json()["data"] == []


def scope_of(method: str, path: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/x-ndjson"),
            *([(b"transfer-encoding", b"chunked")] if method == "PUT" else []),
        ],
        "client": ("203.0.113.7", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


# -- events ------------------------------------------------------------------------------------------


def listen(served: Served, path: str) -> list[str]:
    """Every event of a stream, until it ends by itself."""
    text = bytearray()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        text.extend(message.get("body", b""))

    served.client._loop.run_until_complete(served.client._app(scope_of("GET", path, served.key), receive, send))
    return [part for part in text.decode().split("\n\n") if part.startswith("event: ")]


def test_events_tell_the_way_and_the_end(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id = filled(served, rows(2))
    verbs = [lambda: move_by_desk(served, batch_id), lambda: carry_out(served, batch_id)]

    async def nap(_stream: batch_stream.BatchStream) -> None:
        await asyncio.get_running_loop().run_in_executor(None, verbs.pop(0))

    monkeypatch.setattr(batch_stream.BatchStream, "_nap", nap)
    events = listen(served, f"{PATH}/{batch_id}/events")
    assert [event.partition("\n")[0] for event in events] == ["event: progress", "event: progress", "event: done"]
    assert '"status":"draft"' in events[0]
    assert '"status":"accepted"' in events[1]
    assert '"status":"anchored"' in events[2]
    assert f'"batchId":"{batch_id}"' in events[2]
    assert served.office.event_feed.listeners == 0
    assert call(served, "GET", f"{PATH}/bat_nothing/events").code == "BATCH_NOT_FOUND"


def move_by_desk(served: Served, batch_id: str) -> None:
    office = served.office
    caller = office.access.authenticate(f"Bearer {served.key}", office.registry.current())
    office.acts.run(caller, lambda uow, me: office.bulk.desk.start(uow, me, batch_id))


def test_lists_page_and_refuse_what_was_not_given(served: Served) -> None:
    for _ in range(3):
        draft(served)
    first = call(served, "GET", f"{PATH}?limit=2").json()
    second = call(served, "GET", f"{PATH}?limit=2&cursor={first['nextCursor']}").json()
    assert len({one["batchId"] for one in (*first["data"], *second["data"])}) == 4
    for query in ("limit=0", "cursor=x", "limit=101"):
        assert call(served, "GET", f"{PATH}?{query}").code == "INVALID_PAGINATION"
    assert call(served, "GET", f"{PATH}?status=finished").code == "INVALID_FILTER"
    batch_id = draft(served)
    assert call(served, "GET", f"{PATH}/{batch_id}/results?cursor=7").code == "INVALID_PAGINATION"
    assert count_batches(served) > 3


def test_pages_writes_need_their_form_token(served: Served) -> None:
    batch_id = draft(served)
    refused = served.client.call(
        "PUT",
        f"{PATH}/{batch_id}/rows",
        raw=lines(rows(1)),
        content_type="application/x-ndjson",
        headers=[("cookie", "sealwright=none")],
    )
    assert (refused.status, refused.headers["connection"]) == (401, "close")
