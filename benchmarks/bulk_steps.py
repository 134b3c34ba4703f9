"""What each step of a row costs a worker, one by one, in microseconds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from benchmarks.bulk_office import add_batch, rows_of
from benchmarks.rounds import repeat
from sealwright.domain.batches import BatchKind, BatchStatus, CredentialUids
from sealwright.domain.credentials import StatusPlace
from sealwright.domain.ids import credential_urn
from sealwright.protocols.transparency.merkle import issued_leaf
from sealwright.services.bulk_issuing import _record
from sealwright.services.bulk_judging import Judged
from sealwright.services.bulk_rows import read_row
from sealwright.services.office import Office
from sealwright.storage.credential_rows import TypeSet, values_of
from sealwright.vc.status.permutation import permuted_index
from tests.support.office import the_operator

SECONDS: Final = 0.3
_SECRET: Final = bytes(32)
_LIST: Final = "slt_abcdefghijklmnopqrstuvwxyz"


def steps(office: Office) -> dict[str, dict[str, float]]:
    """Median microseconds of each step, in the order in which a row takes them."""
    carrier: Any = office.bulk.engine.carriers[BatchKind.ISSUE]
    batch = replace(add_batch(office, 1), at=office.clock.now(), status=BatchStatus.ACCEPTED)
    footing = carrier.stand(batch, the_operator(office), office.registry.current())
    line, parts = footing.line, footing.line.parts
    (raw,) = rows_of(7, 1)
    row = read_row(raw)
    uids, place = CredentialUids(_SECRET, parts.at), StatusPlace(_LIST, 4711)
    uid = uids.of(7)
    urn = credential_urn(uid)

    def document() -> Any:
        return line.document(urn, row.holder, row.claims, row.expiration, place)

    unsigned = document()
    data = line.data_to_sign(unsigned)
    signature = footing.sign(data)
    signed = line.signed(dict(unsigned), signature)
    judged = Judged(row.holder, row.claims, row.expiration, None)
    digest = hashlib.sha256(signed)
    record = _record(parts, batch.batch_id, uid, judged, place, signed, digest.hexdigest())
    types = TypeSet.of(parts.schema.type)
    order = line.order(row.holder, row.claims, row.expiration)
    acts: dict[str, Callable[[], object]] = {
        "read the row": lambda: read_row(raw),
        "claims against the schema": lambda: line.claims(row),
        "id": lambda: credential_urn(uids.of(7)),
        "status index": lambda: permuted_index(_SECRET, 7, 131_072),
        "build the document": document,
        "canonicalize and hash": lambda: line.data_to_sign(unsigned),
        "sign": lambda: footing.sign(data),
        "verify the signature": lambda: line.verifier.verify(signature, data),
        "proof and bytes": lambda: line.signed(dict(unsigned), signature),
        "digest and leaf": lambda: issued_leaf(urn, hashlib.sha256(signed).digest()),
        "record": lambda: _record(parts, batch.batch_id, uid, judged, place, signed, record.document_sha256),
        "row for the database": lambda: values_of(record, lambda one: one, types),
    }
    found = {name: _median(act) for name, act in acts.items()}
    total = sum(found.values())
    found["verified whole, one in 64"] = _median(lambda: line.check(signed, order, uid, place, parts.at)) / 64
    total += found["verified whole, one in 64"]
    found["all steps of a row together"] = total
    return {f"step: {name}": {"microseconds": round(value, 2)} for name, value in found.items()}


def _median(act: Callable[[], object]) -> float:
    run = repeat(act)
    run(SECONDS / 3)
    times = sorted(run(SECONDS))
    return times[len(times) // 2] / 1000
