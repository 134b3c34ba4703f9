"""Time the two transactions that every issued credential takes: reserve, then store.

Run ``python benchmarks/storage.py [--url URL]… [--seconds N]``. Without a URL it makes an SQLite file and,
where one can be started, a PostgreSQL server of its own. It prints, for batches of 1, 16 and 64, the
median time of the pair per credential, and the processor time of this process per credential (on
PostgreSQL the server's backends come on top, and are shown apart where the system tells).
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import (
    CredentialRecord,
    CredentialStatus,
    IdempotencyScope,
    Reservation,
    ReservationState,
    StatusListRecord,
    StatusPlace,
)
from sealwright.domain.ids import new_credential_uid, new_id
from sealwright.domain.people import Actor, ActorKind
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support import postgres

BATCHES = (1, 16, 64)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER = "did:adi:" + "ab" * 32
DOCUMENT = os.urandom(1400)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round stores, made before the clock starts."""

    uids: tuple[UUID, ...]
    scopes: tuple[IdempotencyScope, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds per credential."""

    reserve: float
    store: float
    client: float
    server: float | None


def new_list() -> StatusListRecord:
    """Open a list of the least size that a herd needs."""
    return StatusListRecord(new_id("slt"), ISSUER, os.urandom(32), 131_072, 114_688, 0, 1, True, NOW, NOW)


def make_round(size: int) -> Round:
    """Make ids and idempotency keys for a batch."""
    scopes = (
        IdempotencyScope(
            "api_key:key_abcdefghijklmnopqrstuvwxyz", "POST /api/v1/credentials", os.urandom(16).hex(), b"d" * 32
        )
        for _ in range(size)
    )
    return Round(tuple(new_credential_uid() for _ in range(size)), tuple(scopes))


def reserve(units: UnitOfWorkFactory, one: Round) -> list[StatusPlace]:
    """Carry out the first transaction."""
    with units() as uow:
        uow.office.epoch(shared_lock=True)
        places = [
            StatusPlace(run.record.list_id, run.first + offset)
            for run in uow.status_lists.take(ISSUER, len(one.uids), new_list)
            for offset in range(run.count)
        ]
        uow.reservations.add_many(
            [
                Reservation(uid, None, ISSUER, place, b"o" * 32, f"{ISSUER}#key-1", "Ed25519Signature2020", NOW, scope)
                for uid, place, scope in zip(one.uids, places, one.scopes, strict=True)
            ]
        )
        items = [(scope, str(uid)) for scope, uid in zip(one.scopes, one.uids, strict=True)]
        uow.idempotency.begin_many(items, NOW, NOW + timedelta(days=7))
        uow.commit()
    return places


def store(units: UnitOfWorkFactory, one: Round, places: list[StatusPlace]) -> None:
    """Carry out the second transaction."""
    records = [credential(uid, place) for uid, place in zip(one.uids, places, strict=True)]
    with units() as uow:
        moved = uow.reservations.settle_many(one.uids, ReservationState.ISSUED)
        if len(moved) != len(one.uids):
            raise SystemExit("reservations were lost")
        uow.credentials.add_many(records)
        uow.idempotency.finish_many(one.scopes)
        uow.audit.append(*(event(record) for record in records))
        uow.commit()


def credential(uid: UUID, place: StatusPlace) -> CredentialRecord:
    """Make the record of a credential of the usual size."""
    return CredentialRecord(
        uid=uid,
        external_id=None,
        issuer_did=ISSUER,
        holder_did=f"did:adi:{uid.hex}{uid.hex}",
        schema_id="university-degree-v1",
        types=("VerifiableCredential", "UniversityDegreeCredential"),
        proof_type="Ed25519Signature2020",
        verification_method=f"{ISSUER}#key-1",
        revocable=True,
        suspendable=False,
        place=place,
        status=CredentialStatus.VALID,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=365),
        document=DOCUMENT,
        document_sha256=hashlib.sha256(DOCUMENT).hexdigest(),
    )


def event(record: CredentialRecord) -> AuditEntry:
    """Make the audit entry of an issue."""
    return AuditEntry(
        actor=Actor(ActorKind.API_KEY, "key_abcdefghijklmnopqrstuvwxyz", "api_key"),
        action="credential.issued",
        object_type="credential",
        object_id=record.credential_id,
        at=NOW,
        after={"status": "valid"},
        data={"issuerDid": record.issuer_did, "schemaId": record.schema_id, "documentSha256": record.document_sha256},
    )


def measure(database: Database, size: int, seconds: float) -> Figures:
    """Time rounds of one size for about that many seconds, after a few to warm up."""
    units = make_unit_of_work_factory(database)
    for _ in range(8):
        warm = make_round(size)
        store(units, warm, reserve(units, warm))
    reserving, storing = [], []
    gc.disable()
    started, client, server = time.perf_counter(), 0.0, server_seconds(database)
    while time.perf_counter() - started < seconds:
        one = make_round(size)
        before = time.process_time()
        first = time.perf_counter()
        places = reserve(units, one)
        second = time.perf_counter()
        store(units, one, places)
        storing.append(time.perf_counter() - second)
        reserving.append(second - first)
        client += time.process_time() - before
    gc.enable()
    per = 1e6 / size
    spent = server_seconds(database)
    on_server = None if spent is None or server is None else (spent - server) / len(storing) * per
    return Figures(
        statistics.median(reserving) * per, statistics.median(storing) * per, client / len(storing) * per, on_server
    )


def server_seconds(database: Database) -> float | None:
    """Processor seconds of the PostgreSQL backends of our pool; None where the system does not tell."""
    if database.is_sqlite:
        return None
    with database.readers.connect() as connection:
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        pids = [row[0] for row in connection.exec_driver_sql(ours)]
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return None
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(url: str, seconds: float) -> None:
    """Measure one database and print its lines."""
    database = open_database(url)
    migrate(database)
    name = "SQLite" if database.is_sqlite else "PostgreSQL"
    for size in BATCHES:
        found = measure(database, size, seconds)
        server = "" if found.server is None else f"   server {found.server:7.1f}"
        print(
            f"{name:10} batch {size:3}   reserve {found.reserve:7.1f}   store {found.store:7.1f}   "
            f"both {found.reserve + found.store:7.1f} µs   client cpu {found.client:7.1f}{server}"
        )
    database.close()


@contextmanager
def usual_databases() -> Iterator[list[str]]:
    """An SQLite file, and a PostgreSQL server where one can be started."""
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{folder}/bench.sqlite"]
        try:
            server = postgres.obtain()
        except postgres.NoPostgres as error:
            print(f"no PostgreSQL: {error}")
            yield urls
            return
        try:
            with server.database() as url:
                yield [*urls, url]
        finally:
            server.stop()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}; microseconds per credential, medians of the pair of transactions")
    if asked.url:
        for url in asked.url:
            run(url, asked.seconds)
        return
    with usual_databases() as urls:
        for url in urls:
            run(url, asked.seconds)


if __name__ == "__main__":
    main()
