"""Mass acts as tests make them: wishes, batches of credentials, and what must hold of what was revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sealwright.domain.batches import Batch, BatchOptions, Selection
from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus, ReasonCode
from sealwright.domain.people import Caller
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_rows import BatchRow
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.mass_values import MassWish, ReissueWish
from sealwright.services.office import Office
from sealwright.services.status_moves import Cause
from tests.support.office import DEGREE_CLAIMS, HOLDER, ISSUER, the_operator
from tests.support.review import audit_rows

COMPROMISED = Cause("The key was copied.", ReasonCode.KEY_COMPROMISE)


def issued_batch(office: Office, count: int, **options: object) -> Batch:
    """A batch of degrees for one holder, carried out."""
    members = {"holderDid": HOLDER, "claims": DEGREE_CLAIMS}
    rows = [BatchRow.of(members) for _ in range(count)]
    chosen = BatchOptions(allow_duplicates=True, **options)  # type: ignore[arg-type]
    wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, chosen)
    batch = office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.begin(uow, me, wish, rows))
    return office.bulk.engine.run_batch(batch.batch_id)


def mass_wish(**selection: object) -> MassWish:
    """A wish to revoke what the issuer's lost key signed."""
    return MassWish(ISSUER, Selection(**selection), COMPROMISED)  # type: ignore[arg-type]


def reissue_wish(**more: Any) -> ReissueWish:
    """A wish to have the issuer's credentials issued anew."""
    selection = more.pop("selection", Selection())
    return ReissueWish(ISSUER, selection, more.pop("expiration", None), COMPROMISED, **more)


def revoke_all(office: Office, caller: Caller | None = None, **selection: object) -> Batch:
    """Revoke by filter, and carry it out."""
    batch = office.bulk.mass.revoke(caller or the_operator(office), mass_wish(**selection))
    return office.bulk.engine.run_batch(batch.batch_id)


def reissue_all(office: Office, **more: Any) -> tuple[Batch, ...]:
    """Have credentials issued anew, carry that out, and end what was replaced; gives the batches that issued."""
    started = office.bulk.mass.reissue(the_operator(office), reissue_wish(**more))
    done = []
    for batch in started:
        office.bulk.mass.gathering.fill(batch.batch_id)
        done.append(office.bulk.engine.run_batch(batch.batch_id))
        ending = batch.options.selection.ending_batch if batch.options.selection is not None else None
        if ending is not None:
            office.bulk.mass.gathering.follow(ending)
            office.bulk.engine.run_batch(ending)
    return tuple(done)


def stored(office: Office, **wanted: object) -> list[CredentialRecord]:
    """Every credential, oldest first."""
    found: list[CredentialRecord] = []
    cursor: str | None = None
    with office.units(write=False) as uow:
        while True:
            chosen = CredentialFilter(**wanted)  # type: ignore[arg-type]
            page = uow.credentials.list(chosen, now=office.clock.now(), limit=100, cursor=cursor)
            found.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return sorted(found, key=lambda record: record.uid)


def by_status(office: Office) -> dict[str, int]:
    """How many credentials lie in each state."""
    found: dict[str, int] = {}
    for record in stored(office):
        found[record.status.value] = found.get(record.status.value, 0) + 1
    return found


def revoked_in_trail(office: Office) -> list[dict[str, Any]]:
    """The audit rows of revocations, in order."""
    return [row for row in audit_rows(office) if row["action"] == "credential.revoked"]


def assert_revoked_once(office: Office, uids: Sequence[UUID] | None = None) -> None:
    """Every revoked credential has its bit and one audit row, and nothing else has either; ``uids`` are all of them."""
    records = {record.credential_id: record for record in stored(office)}
    revoked = {name for name, record in records.items() if record.status is CredentialStatus.REVOKED}
    assert sorted(row["object"]["id"] for row in revoked_in_trail(office)) == sorted(revoked)
    if uids is not None:
        assert revoked == {record.credential_id for record in records.values() if record.uid in set(uids)}
    with office.units(write=False) as uow:
        lists = {one.list_id: uow.status_lists.bits(one.list_id) for one in uow.status_lists.all()}
    for name, record in records.items():
        assert record.place is not None
        bits = lists[record.place.list_id]
        assert bits is not None
        index = record.place.index
        assert bool(bits.revocation[index >> 3] & (0x80 >> (index & 7))) is (name in revoked), name
    told = sum(byte.bit_count() for bits in lists.values() if bits is not None for byte in bits.revocation)
    assert told == len(revoked)
