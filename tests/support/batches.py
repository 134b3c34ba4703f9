"""Batches for tests: made of lines, in chunks of four rows, and whether what came of one is whole."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from sealwright.domain.audit import AuditFilter
from sealwright.domain.batches import Batch, BatchOptions, Chunk, ChunkRows, RowFault, credential_uid
from sealwright.domain.credentials import CredentialFilter, CredentialRecord
from sealwright.domain.people import Caller
from sealwright.protocols.transparency.merkle import failed_leaf, issued_leaf, merkle_root
from sealwright.services.batch_desk import BatchWish
from sealwright.services.bulk import Bulk
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.support.office import DEGREE_CLAIMS, HOLDER, ISSUER, the_operator

# Any power of two makes complete subtrees of the Merkle tree, as the real chunks of 1,024 do.
ROWS: Final = 4


def line(holder: str = HOLDER, claims: Any = DEGREE_CLAIMS, **more: Any) -> bytes:
    """A row as rows are kept."""
    members = {"holderDid": holder, "claims": claims, **more}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def make_batch(
    office: Office,
    lines: Sequence[bytes],
    caller: Caller | None = None,
    *,
    chunk_rows: int = ROWS,
    faults: Sequence[RowFault] = (),
    schema: str = UNIVERSITY_DEGREE,
    issuer: str = ISSUER,
    **options: Any,
) -> Batch:
    """Make a batch of these rows and start it."""
    wish = BatchWish(issuer, schema, BatchOptions(allow_duplicates=True, **options))

    def act(uow: UnitOfWork, me: Caller) -> Batch:
        made = office.bulk.desk.create(uow, me, wish)
        for number, first in enumerate(range(0, len(lines), chunk_rows)):
            some = lines[first : first + chunk_rows]
            found = tuple(fault for fault in faults if first <= fault.row < first + len(some))
            uow.batches.add_chunk(
                Chunk(made.batch_id, number, first, len(some), faults=found), ChunkRows(b"\n".join(some))
            )
        counted = replace(made, total=len(lines), version=made.version + 1)
        uow.batches.update(counted)
        return office.bulk.engine.start(uow, me, counted)

    return office.acts.run(caller or the_operator(office), act)


def chunks_of(office: Office, batch: Batch) -> tuple[Chunk, ...]:
    """The chunks as they are stored."""
    with office.units(write=False) as uow:
        return uow.batches.chunks(batch.batch_id)


def present(office: Office, batch: Batch) -> Batch:
    """The batch as it is stored."""
    with office.units(write=False) as uow:
        found = uow.batches.get(batch.batch_id)
    assert found is not None
    return found


def credentials_of(office: Office, batch: Batch) -> dict[int, CredentialRecord]:
    """Credential by row, found by the ids that follow from the batch's secret."""
    assert batch.at is not None
    with office.units() as uow:
        secret = office.bulk.desk.rows.secret(uow, batch.batch_id)
    uids = {credential_uid(secret, batch.at, row): row for row in range(batch.total)}
    with office.units(write=False) as uow:
        found = uow.credentials.get_many(list(uids))
    return {uids[uid]: record for uid, record in found.items()}


def codes_of(office: Office, batch: Batch) -> dict[int, str]:
    """Why rows failed, by row."""
    return {fault.row: fault.code for chunk in chunks_of(office, batch) for fault in chunk.faults}


def assert_whole(office: Office, batch: Batch) -> Batch:
    """The invariant of batches: every row has one outcome, nothing is lost or doubled, and the root recomputes."""
    ended = present(office, batch)
    chunks, issued, failed = chunks_of(office, batch), credentials_of(office, batch), codes_of(office, batch)
    assert ended.status.value == ("anchored" if issued else "done")
    assert (ended.issued, ended.failed, ended.remaining) == (len(issued), len(failed), 0)
    assert sorted([*issued, *failed]) == list(range(ended.total))
    _assert_no_strays(office, ended, issued)
    leaves = [_leaf(issued.get(row), failed.get(row, "")) for row in range(ended.total)]
    assert ended.merkle_root == merkle_root(leaves).hex()
    assert ended.transaction_hash == (f"0x{ended.merkle_root}" if issued else None)
    places = [record.place for record in issued.values() if record.place is not None]
    assert len(set(places)) == len(places)
    _assert_runs_apart(chunks)
    _assert_audited(office, ended, chunks)
    return ended


def _leaf(record: CredentialRecord | None, code: str) -> bytes:
    if record is None:
        return failed_leaf(code)
    assert record.document is not None
    digest = hashlib.sha256(record.document).digest()
    assert digest.hex() == record.document_sha256
    return issued_leaf(record.credential_id, digest)


def _assert_no_strays(office: Office, batch: Batch, issued: dict[int, CredentialRecord]) -> None:
    wanted = CredentialFilter(batch_id=batch.batch_id)
    with office.units(write=False) as uow:
        stored = uow.credentials.list(wanted, now=office.clock.now(), limit=1_000, cursor=None).items
    assert {one.uid for one in stored} == {one.uid for one in issued.values()}


def _assert_runs_apart(chunks: Sequence[Chunk]) -> None:
    taken = [(run.list_id, run.first + place) for chunk in chunks for run in chunk.run for place in range(run.count)]
    assert len(set(taken)) == len(taken)


def _assert_audited(office: Office, batch: Batch, chunks: Sequence[Chunk]) -> None:
    with office.units(write=False) as uow:
        page = uow.audit.list(AuditFilter(object_id=batch.batch_id), limit=1_000, cursor=None)
    mine = [json.loads(row.body) for row in page.items]
    told = {row["data"]["chunk"]: row["data"] for row in mine if row["action"] == "credential.issued"}
    assert len(told) == sum(row["action"] == "credential.issued" for row in mine) == len(chunks)
    for chunk in chunks:
        data = told[chunk.number]
        assert chunk.root is not None
        assert (data["merkleRoot"], data["issued"]) == (chunk.root.hex(), chunk.issued)
    assert [row["action"] for row in mine].count("batch.completed") == 1


# -- workers that die ---------------------------------------------------------------------------------


class Killed(BaseException):
    """The worker's process has ended here; nothing of it runs on."""


class MortalUnits:
    """Units of work of a process that dies at its n-th call of storage; from then on it does nothing more.

    Args:
        dies_at: Counts every call, and every commit twice: before it, and after it has happened.
    """

    def __init__(self, units: UnitOfWorkFactory, dies_at: int | None = None) -> None:
        self._units = units
        self._dies_at = dies_at
        self.calls = 0

    def step(self) -> None:
        """One more call."""
        self.calls += 1
        if self._dies_at is not None and self.calls >= self._dies_at:
            raise Killed

    @contextmanager
    def __call__(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        self.step()
        with self._units(write=write) as uow:
            yield _Watched(uow, self.step)


class _Watched:
    def __init__(self, target: Any, step: Callable[[], None]) -> None:
        self._target = target
        self._step = step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return _Watched(found, self._step)

        def call(*args: Any, **members: Any) -> Any:
            self._step()
            answer = found(*args, **members)
            if name == "commit":
                self._step()
            return answer

        return call


def worker(office: Office, units: UnitOfWorkFactory | None = None) -> Bulk:
    """Another worker's engine over the same database."""
    engine = copy.copy(office.bulk.engine)
    issuing = copy.copy(engine._issuing)
    issuing._lines = {}
    engine._issuing = issuing
    if units is not None:
        engine._units = issuing._units = units
    engine.carriers = {**engine.carriers, next(iter(engine.carriers)): issuing}
    return engine
