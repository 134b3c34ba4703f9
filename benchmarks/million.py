"""A million credentials in one batch, and strangers who look at a thousand of them.

`BENCH_MILLION_ROWS` and `BENCH_MILLION_SAMPLE` say how many. Two worker processes issue them into PostgreSQL. Then a
server is started over that database, and of a random sample each credential is fetched by HTTP, verified with its
status by Digital Bazaar's libraries, and its receipt checked by a program that knows Node's cryptography alone.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from benchmarks.bulk import WORKERS, Bench, server_of_our_own, stated, worker
from benchmarks.bulk_office import add_holders, open_bench_office
from benchmarks.report import Result
from tests.interop.peer import DIGITAL_BAZAAR, DigitalBazaar, Peer, start_node
from tests.support.office import ISSUER, PUBLIC_URL, environment, furnish, the_operator
from tests.support.rows import Rows
from tests.support.server import NO_LIMITS
from tests.support.site import ServerProcess, launch_program

ROWS: Final = int(os.environ.get("BENCH_MILLION_ROWS", "1000000"))
SAMPLE: Final = int(os.environ.get("BENCH_MILLION_SAMPLE", "1000"))
RECEIPTS: Final = Path(__file__).parent / "node"


def run() -> Result:
    """Issue them, and have a sample judged."""
    with server_of_our_own() as server, server.database() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_bench_office(url, folder) as office:
            furnish(office)
            add_holders(url, ROWS)
            with ExitStack() as stack:
                workers = [stack.enter_context(worker(url, folder)) for _ in range(WORKERS)]
                bench = Bench(office, workers, server.process.pid if server.process is not None else None)
                outcome, batch_id = bench.issue(ROWS), bench.last_batch_id
            chosen = _choose(url, batch_id)
        judged = _judge(url, folder, batch_id, chosen)
        sizes = _sizes(url)
        facts = stated(server)
    return Result(
        bench="million",
        title=f"{ROWS:,} degree credentials in one batch on PostgreSQL, by two worker processes",
        figures={"sealwright, PostgreSQL, 2 workers": outcome.figures(), "what it takes": sizes, "the sample": judged},
        ratios={},
        targets=("flat per credential from 10,000 to 1,000,000; memory of the whole under 1 GiB",),
        notes=(
            f"PostgreSQL with {facts}.",
            f"{len(chosen):,} credentials, chosen at random, were fetched by HTTP; each was verified with its status "
            "list by @digitalbazaar/vc and its receipt by a program of its own that uses Node's cryptography alone. "
            "One that did not hold would have ended the bench.",
        ),
    )


def _choose(url: str, batch_id: str) -> list[str]:
    """Ids of a random sample."""
    uids = [str(uid) for (uid,) in Rows(url).read("SELECT uid FROM credentials WHERE batch_id = ?", (batch_id,))]
    assert len(uids) == ROWS
    return [str(UUID(uid)) for uid in random.Random(batch_id).sample(uids, min(SAMPLE, len(uids)))]


def _sizes(url: str) -> dict[str, float]:
    """Bytes that a credential takes in the database."""
    rows = Rows(url)
    table = rows.value("SELECT pg_table_size('credentials')")
    indexes = rows.value("SELECT pg_indexes_size('credentials')")
    document = rows.value("SELECT AVG(length(document)) FROM credentials")
    return {
        "document_bytes": round(float(document), 1),
        "table_bytes": round(table / ROWS, 1),
        "index_bytes": round(indexes / ROWS, 1),
    }


def _judge(url: str, folder: Path, batch_id: str, chosen: list[str]) -> dict[str, float]:
    """Have strangers look at each; raises at the first that does not hold."""
    begun = time.perf_counter()
    with _serving(url, folder) as stranger, ExitStack() as stack:
        bazaar = start_node(DIGITAL_BAZAAR, "peer.mjs")
        stack.callback(bazaar.stop)
        receipts = start_node(RECEIPTS, "receipts.mjs")
        stack.callback(receipts.stop)
        stranger.judge(batch_id, chosen, DigitalBazaar(bazaar), receipts)
    return {"credentials": len(chosen), "seconds": round(time.perf_counter() - begun, 1)}


class _Stranger:
    """Asks the server as anyone does; a token reads the documents, receipts are public."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._token = token

    def judge(self, batch_id: str, chosen: list[str], bazaar: DigitalBazaar, receipts: Peer) -> None:
        """Verify each credential and its receipt."""
        batch = json.loads(self._get(f"/api/v1/batches/{batch_id}"))
        address = f"/api/v1/anchors/{batch['transactionHash']}"
        receipt, key = json.loads(self._get(address)), self._get("/log/key").decode().strip()
        for uid in chosen:
            urn = quote(f"urn:uuid:{uid}", safe="")
            document = self._get(f"/api/v1/credentials/{urn}/document")
            verdict = bazaar.verify(json.loads(document), loopback=PUBLIC_URL)
            assert verdict["verified"], (uid, verdict)
            proof = json.loads(self._get(f"{address}/proofs/{urn}"))
            encoded = base64.b64encode(document).decode()
            assert receipts.ask("check", receipt=receipt, proof=proof, document=encoded, key=key) is True
        broken = {**proof, "leafIndex": proof["leafIndex"] ^ 1}
        with contextlib.suppress(Exception):
            receipts.ask("check", receipt=receipt, proof=broken, document=encoded, key=key)
            raise SystemExit("a broken proof was taken")

    def _get(self, path: str) -> bytes:
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body)
        return body


@contextmanager
def _serving(url: str, folder: Path) -> Iterator[_Stranger]:
    """A server at the public address of the bench's documents."""
    with open_bench_office(url, folder) as office:
        _, secret = office.acts.run(
            the_operator(office),
            lambda uow, me: office.api_keys.create(uow, me, name="stranger", issuer_dids=[ISSUER]),
            changes_registry=True,
        )
    port = urlsplit(PUBLIC_URL).port or 80
    values = {**os.environ, **environment(url, folder), **NO_LIMITS, "SEALWRIGHT_BIND": f"127.0.0.1:{port}"}
    log = folder / "server.log"
    server = ServerProcess(launch_program(("serve", "--json"), values, log), values, "", log, port)
    try:
        server.wait_ready()
        yield _Stranger(port, secret.text)
    finally:
        server.terminate()
