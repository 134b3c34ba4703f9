"""The office of the bulk bench: an issuer, the degree schema, and as many holders as there are rows."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import psycopg

from sealwright.bootstrap import build
from sealwright.domain.batches import CHUNK_ROWS, Batch, BatchOptions, Chunk, ChunkRows, chunk_bounds
from sealwright.domain.people import Caller
from sealwright.services.batch_desk import BatchWish
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.settings import load_settings
from tests.support.office import HOLDER, ISSUER, environment, the_operator

_SQLITE: Final = "sqlite:///"
_CHUNKS_AT_ONCE: Final = 64
_encode: Final = msgspec.json.Encoder().encode


@contextmanager
def open_bench_office(url: str, home: Path) -> Iterator[Office]:
    """The office with the clock of the machine, without background work."""
    home.mkdir(parents=True, exist_ok=True)
    office = build(load_settings(environment(url, home), cwd=home))
    try:
        yield office
    finally:
        office.close()


def holder(number: int) -> str:
    """The DID of a row's holder, kept in this office."""
    return f"did:adi:student{number:07d}"


def add_holders(url: str, count: int) -> None:
    """Keep DIDs for so many holders, made of the one that is there; each with a name and no keys of its own."""
    numbers = (
        f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
        if url.startswith(_SQLITE)
        else f"WITH n(i) AS (SELECT generate_series(0, {count - 1}))"
    )
    name = (
        "'did:adi:student' || substr('0000000' || i, -7)"
        if url.startswith(_SQLITE)
        else "'did:adi:student' || lpad(i::text, 7, '0')"
    )
    with _connected(url) as run:
        columns = [column for column in run("SELECT * FROM dids LIMIT 1") if column != "did"]
        listed = ", ".join(columns)
        source = f"FROM n, dids WHERE did = '{HOLDER}'"
        run(f"INSERT INTO dids (did, {listed}) {numbers} SELECT {name}, {listed} {source}")
        run(f"INSERT INTO did_names (name, did) {numbers} SELECT {name}, {name} FROM n")


@contextmanager
def _connected(url: str) -> Iterator[Callable[[str], list[str]]]:
    if url.startswith(_SQLITE):
        with contextlib.closing(sqlite3.connect(url.removeprefix(_SQLITE))) as file:
            yield lambda text: [one[0] for one in file.execute(text).description or ()]
            file.commit()
        return
    with psycopg.connect(url) as server:
        yield lambda text: [one.name for one in server.execute(text.encode()).description or ()]


def rows_of(first: int, count: int) -> list[bytes]:
    """Rows as the intake keeps them, each with claims of its own."""
    return [
        _encode(
            {
                "holderDid": holder(number),
                "claims": {
                    "degree": {
                        "type": "BachelorDegree",
                        "name": f"Bachelor of Science No. {number}",
                        "university": "MIT",
                        "graduationYear": 1950 + number % 100,
                        "gpa": 2 + (number % 199 + 0.5) / 100,
                    }
                },
                "expirationDate": "2036-12-31T23:59:59Z",
            }
        )
        for number in range(first, first + count)
    ]


def add_batch(office: Office, rows: int) -> Batch:
    """A draft with so many rows; taking rows in is not what is timed."""
    wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, BatchOptions())
    batch: Batch = office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.create(uow, me, wish))
    bounds = list(enumerate(chunk_bounds(rows)))
    for start in range(0, len(bounds), _CHUNKS_AT_ONCE):
        with office.units() as uow:
            for number, (first, count) in bounds[start : start + _CHUNKS_AT_ONCE]:
                assert count <= CHUNK_ROWS
                content = b"\n".join(rows_of(first, count))
                uow.batches.add_chunk(Chunk(batch.batch_id, number, first, count), ChunkRows(content))
            uow.commit()
    counted = replace(batch, total=rows, version=batch.version + 1)

    def act(uow: UnitOfWork, _: Caller) -> None:
        uow.batches.update(counted)

    office.acts.run(the_operator(office), act)
    return counted


def start_batch(office: Office, batch: Batch) -> None:
    """From here on it is timed."""
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.engine.start(uow, me, batch))
