"""Long files sent to a running server: it keeps no more of them than it needs, and half a file is no batch.

`BATCH_UPLOAD_MB` says how long they are.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.faults.batch_planted import READ_WHOLE, BatchPlan
from tests.faults.batch_workers import row_bytes
from tests.faults.nursery import nursery
from tests.support.office import HOLDER
from tests.support.server import ISSUE_BODY, RunningServer
from tests.support.site import Site

pytestmark = pytest.mark.timeout(600)

MEGABYTES: Final = int(os.environ.get("BATCH_UPLOAD_MB", "60"))
GROWTH_AT_MOST: Final = 60 * 1024 * 1024
ROW_BYTES: Final = 4_000
LONG_ROW_BYTES: Final = 24_000
ANSWER_SECONDS: Final = 240
PATIENCE_SECONDS: Final = 30
LINES: Final = "application/x-ndjson"
TABLE: Final = "text/csv"
_HEAD: Final = b"holderDid,degree.type,degree.university,degree.graduationYear\n"


def _line(number: int, size: int) -> bytes:
    row = json.loads(row_bytes(number))
    row["claims"]["degree"]["university"] = f"{number} ".ljust(size - 200, "U")
    return json.dumps(row).encode() + b"\n"


def _cells(number: int, size: int) -> bytes:
    university = f"{number} ".ljust(size - 70, "U")
    return f"{HOLDER},BachelorDegree,{university},{1990 + number % 40}\n".encode()


@dataclass(frozen=True)
class File:
    """A file of so many rows, made while it is sent."""

    media_type: str
    rows: int
    row_bytes: int = ROW_BYTES

    def blocks(self) -> Iterator[bytes]:
        """The file, row by row."""
        make = _line
        if self.media_type == TABLE:
            yield _HEAD
            make = _cells
        for number in range(self.rows):
            yield make(number, self.row_bytes)

    def size(self) -> int:
        """Its bytes."""
        return sum(map(len, self.blocks()))


def _ask(server: RunningServer, method: str, path: str, body: object = None) -> Any:
    answer = server.request(method, path, body, key=server.api_key)
    return {**answer.json(), "httpStatus": answer.status}


def _draft(server: RunningServer) -> str:
    wish = {"schemaId": ISSUE_BODY["schemaId"], "issuerDid": ISSUE_BODY["issuerDid"], "allowDuplicates": True}
    made = _ask(server, "POST", "/api/v1/batches", wish)
    assert made["httpStatus"] == 201, made
    return str(made["batchId"])


def _send(server: RunningServer, batch_id: str, file: File, *, end_after: int | None = None) -> Any:
    """Send a file, or some of its bytes and then nothing more: whoever sent them has hung up."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=ANSWER_SECONDS)
    try:
        connection.putrequest("PUT", f"/api/v1/batches/{batch_id}/rows")
        connection.putheader("Authorization", f"Bearer {server.api_key}")
        connection.putheader("Content-Type", file.media_type)
        connection.putheader("Content-Length", str(file.size()))
        connection.endheaders()
        sent = 0
        for block in file.blocks():
            connection.send(block)
            sent += len(block)
            if end_after is not None and sent >= end_after:
                return None
        response = connection.getresponse()
        return {**json.loads(response.read()), "httpStatus": response.status}
    finally:
        connection.close()


@contextmanager
def _watched(server: RunningServer) -> Iterator[Callable[[], int]]:
    """Follows the resident memory of a server; gives what asks for the most that it had above what it began with."""
    before = server.resident_bytes()
    highest, stop = [before], threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            highest[0] = max(highest[0], server.resident_bytes())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lambda: highest[0] - before
    finally:
        stop.set()
        thread.join(10)


def _require_empty(site: Site, server: RunningServer, batch_id: str) -> None:
    """A draft that has no rows by anybody's count, and cannot be started."""
    found = _ask(server, "GET", f"/api/v1/batches/{batch_id}")
    assert (found["status"], found["total"]) == ("draft", 0)
    refused = _ask(server, "POST", f"/api/v1/batches/{batch_id}/start")
    assert (refused["httpStatus"], refused["code"]) == (409, "STATE_CONFLICT")
    assert site.rows.value("SELECT COUNT(*) FROM credentials WHERE batch_id = ?", (batch_id,)) == 0


def _kept(site: Site, batch_id: str) -> int:
    return int(site.rows.value("SELECT COUNT(*) FROM batch_rows WHERE batch_id = ?", (batch_id,)))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_long_files_go_through_and_half_of_one_is_nothing(site: Site) -> None:
    process = site.start(launch=nursery())
    server = process.wait_ready()
    media_type = TABLE if site.rows.is_sqlite else LINES
    # What is kept does not depend on the database, and tables are read by less: a third as long tells as much.
    megabytes = MEGABYTES // 3 if media_type == TABLE and MEGABYTES <= 60 else MEGABYTES
    short, long = File(media_type, 50), File(media_type, megabytes * 1_000_000 // ROW_BYTES)
    # What the first file has the server load and prove is not what a long one makes it keep.
    batch_id = _draft(server)
    assert _send(server, batch_id, short)["rows"] == short.rows
    with _watched(server) as growth:
        told = _send(server, batch_id, long)
        assert (told["rows"], told["valid"]) == (long.rows, long.rows), told
        print(f"{site.kind}, {media_type}: {growth() / 1_048_576:.1f} MiB more for {long.size() / 1e6:.0f} MB")
        assert growth() < GROWTH_AT_MOST

    # Whoever sends it hangs up in the middle, with some chunks of it kept: the draft has no rows any more.
    some = 3 * 1_024 * ROW_BYTES
    _send(server, batch_id, long, end_after=some)
    _until(lambda: _kept(site, batch_id) == 0)
    _require_empty(site, server, batch_id)

    # The server is killed in the middle: rows lie there that no start counts, and another file takes their place.
    sender = threading.Thread(target=_send_and_lose, args=(server, batch_id, long), daemon=True)
    sender.start()
    _until(lambda: _kept(site, batch_id) > 0)
    process.kill()
    sender.join(PATIENCE_SECONDS)
    after = site.start(launch=nursery()).wait_ready()
    assert _kept(site, batch_id) > 0
    _require_empty(site, after, batch_id)
    assert _send(after, batch_id, short)["rows"] == short.rows
    assert _kept(site, batch_id) == 1


def _send_and_lose(server: RunningServer, batch_id: str, file: File) -> None:
    try:
        _send(server, batch_id, file)
    except (OSError, http.client.HTTPException):
        return
    raise AssertionError("the server lived")


def test_a_server_that_reads_files_whole_is_found_out(sqlite_site: Site) -> None:
    server = sqlite_site.start(launch=nursery(BatchPlan(bug=READ_WHOLE))).wait_ready()
    batch_id = _draft(server)
    # Long rows are few, and so soon judged; all of the file lies there before the first of them is.
    file = File(LINES, MEGABYTES * 1_500_000 // LONG_ROW_BYTES, LONG_ROW_BYTES)
    with _watched(server) as growth:
        assert _send(server, batch_id, file)["rows"] == file.rows
        assert growth() > GROWTH_AT_MOST
