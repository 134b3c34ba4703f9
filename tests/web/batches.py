"""What tests of batches over HTTP share: one office on each database, rows, and calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from sealwright.domain.batches import Batch
from tests.support.office import HOLDER
from tests.support.wallet import WalletKey
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, degree, serve

PATH = "/api/v1/batches"
ISSUE = "/api/v1/credentials/issue/batch"
FRAME = {name: degree()[name] for name in ("schemaId", "issuerDid", "expirationDate")}


@contextmanager
def served_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One office on the database that the fixture is asked for."""
    home = tmp_path_factory.mktemp("office")
    if request.param == "sqlite":
        with serve(home, **NO_LIMITS) as one:
            yield one
        return
    server = request.getfixturevalue("_postgres_session").get()
    with server.database() as url, serve(home, database_url=url, **NO_LIMITS) as one:
        yield one


def row(holder: str = HOLDER, **claims: Any) -> dict[str, Any]:
    """A row of a degree."""
    return {"holderDid": holder, "claims": {"degree": {**degree()["claims"]["degree"], **claims}}}


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of as many holders, whose DIDs need no registration."""
    return [row(WalletKey().did) for _ in range(count)]


def call(served: Served, method: str, path: str, body: object = None, *, token: str = "", **more: Any) -> Answer:
    """Call with the issuer's key."""
    return served.client.call(method, path, body, token=token or served.key, **more)


def inline(served: Served, credentials: Any, *, key: str = "", prefer: str = "", **more: Any) -> Answer:
    """Issue rows in one call."""
    headers = [*([("idempotency-key", key)] if key else []), *([("prefer", prefer)] if prefer else [])]
    return call(served, "POST", ISSUE, {**FRAME, "credentials": credentials, **more}, headers=headers)


def draft(served: Served, **more: Any) -> str:
    """Make a draft; gives its id."""
    answer = call(served, "POST", PATH, {**FRAME, **more})
    assert answer.status == 201, answer.body
    return str(answer.json()["batchId"])


def lines(credentials: Sequence[Any]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in credentials)


def put(
    served: Served, batch_id: str, raw: Any, kind: str = "application/x-ndjson", query: str = "", token: str = ""
) -> Answer:
    """Put rows into a draft."""
    return call(served, "PUT", f"{PATH}/{batch_id}/rows{query}", token=token, raw=raw, content_type=kind)


def move(served: Served, batch_id: str, verb: str, body: object = None, **more: Any) -> Answer:
    """Start, pause, resume, cancel or retry."""
    return call(served, "POST", f"{PATH}/{batch_id}/{verb}", body, **more)


def read(served: Served, batch_id: str) -> Any:
    """The batch as it stands."""
    answer = call(served, "GET", f"{PATH}/{batch_id}")
    assert answer.status == 200, answer.body
    return answer.json()


def filled(served: Served, credentials: Sequence[Any], **more: Any) -> str:
    """A draft with rows."""
    batch_id = draft(served, **more)
    answer = put(served, batch_id, lines(credentials))
    assert answer.status == 200, answer.body
    return batch_id


def carry_out(served: Served, batch_id: str) -> Batch:
    """What a worker does."""
    return served.office.bulk.engine.run_batch(batch_id)


def count_batches(served: Served) -> int:
    """How many batches the issuer has, of the newest hundred."""
    return len(call(served, "GET", f"{PATH}?limit=100").json()["data"])
