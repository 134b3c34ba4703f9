"""Stored credentials: the same bytes back, found by every id they have."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.credentials import CredentialFilter, CredentialStatus, ReasonCode
from sealwright.domain.errors import StateConflict, StoreUnavailable
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential, ordered_uid, place


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_credentials_come_back_whole(units: UnitOfWorkFactory, count: int) -> None:
    records = [
        credential(
            ordered_uid(n),
            place=place(index=n),
            external_id=f"https://example.org/c/{n}" if n % 2 else None,
            expires_at=NOW + timedelta(days=1),
            types=("VerifiableCredential", f"T{n % 3}"),
            revocable=True,
            suspendable=n % 2 == 0,
            revoked_at=NOW,
            reason_code=ReasonCode.SUPERSEDED,
            reason="replaced",
            grant_id="grt_1",
            batch_id="bat_1",
            transaction_hash="00ff",
        )
        for n in range(count - 1)
    ]
    records.append(credential(ordered_uid(999), schema_id=None, document=None))
    with units() as uow:
        uow.credentials.add_many(records)
        uow.commit()
    with units(write=False) as uow:
        assert [uow.credentials.get(str(one.uid)) for one in records] == records


@pytest.mark.parametrize("spelling", ["urn:uuid:{uid}", "{uid}", "https://example.org/c/1"])
def test_get_takes_every_id_of_a_credential(units: UnitOfWorkFactory, spelling: str) -> None:
    record = credential(ordered_uid(1), external_id="https://example.org/c/1")
    with units() as uow:
        uow.credentials.add_many([record])
        assert uow.credentials.get(spelling.format(uid=record.uid)) == record
        assert uow.credentials.get_for_update(spelling.format(uid=record.uid)) == record
        assert uow.credentials.get(f"urn:uuid:{ordered_uid(2)}") is None
        assert uow.credentials.get_for_update("nothing") is None


def test_get_for_update_only_reads_in_a_reading_unit_of_work(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(1))])
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.get_for_update(str(ordered_uid(1))) is not None


def test_add_refuses_an_id_that_is_taken(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(1), external_id="urn:x:1")])
        uow.commit()
    with units() as uow, pytest.raises(StateConflict):
        uow.credentials.add_many([credential(ordered_uid(2), external_id="urn:x:1")])
    with units() as uow, pytest.raises(StoreUnavailable):
        uow.credentials.add_many([credential(ordered_uid(1))])


def test_set_status_records_the_state_and_its_reason(units: UnitOfWorkFactory) -> None:
    record = credential(ordered_uid(1))
    with units() as uow:
        uow.credentials.add_many([record])
        uow.credentials.set_status(
            record.uid,
            CredentialStatus.REVOKED,
            revoked_at=NOW,
            reason_code=ReasonCode.MISCONDUCT,
            reason="free text",
        )
        assert uow.credentials.get(str(record.uid)) == replace(
            record,
            status=CredentialStatus.REVOKED,
            revoked_at=NOW,
            reason_code=ReasonCode.MISCONDUCT,
            reason="free text",
        )
        with pytest.raises(StateConflict):
            uow.credentials.set_status(
                ordered_uid(2), CredentialStatus.VALID, revoked_at=None, reason_code=None, reason=None
            )


def test_count_active_leaves_out_ended_ones_and_other_issuers(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many(
            [
                credential(ordered_uid(1)),
                credential(ordered_uid(2), expires_at=NOW + timedelta(seconds=1)),
                credential(ordered_uid(3), expires_at=NOW),
                credential(ordered_uid(4), status=CredentialStatus.REVOKED),
                credential(ordered_uid(5), status=CredentialStatus.SUSPENDED),
                credential(ordered_uid(6), issuer_did="did:adi:other"),
            ]
        )
        assert uow.credentials.count_active(credential().issuer_did, NOW) == 2
        assert uow.credentials.count_active("did:adi:nobody", NOW) == 0


def test_after_walks_all_in_order_of_id(units: UnitOfWorkFactory) -> None:
    records = [credential(ordered_uid(n)) for n in range(5)]
    with units() as uow:
        uow.credentials.add_many(list(reversed(records)))
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.after(None, 2) == (records[0], records[1])
        assert uow.credentials.after(records[1].uid, 10) == tuple(records[2:])
        assert uow.credentials.after(records[4].uid, 10) == ()


def test_types_of_a_rolled_back_unit_of_work_are_written_again(units: UnitOfWorkFactory) -> None:
    record = credential(ordered_uid(1), types=("VerifiableCredential", "New"))
    with units() as uow:
        uow.credentials.add_many([record])
    with units() as uow:
        uow.credentials.add_many([record])
        uow.commit()
    with units(write=False) as uow:
        found = uow.credentials.list(CredentialFilter(credential_type="New"), now=NOW, limit=5, cursor=None)
        assert found.items == (record,)


def test_types_of_a_rolled_back_savepoint_are_written_again(units: UnitOfWorkFactory) -> None:
    record = credential(ordered_uid(1), types=("VerifiableCredential", "New"))
    with units() as uow:
        with contextlib.suppress(StateConflict), uow.savepoint():
            uow.credentials.add_many([record])
            raise StateConflict("roll back")
        uow.commit()
    with units() as uow:
        uow.credentials.add_many([record])
        uow.commit()
    with units(write=False) as uow:
        found = uow.credentials.list(CredentialFilter(credential_type="New"), now=NOW, limit=5, cursor=None)
        assert found.items == (record,)
