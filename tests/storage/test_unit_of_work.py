"""One transaction over all repositories: all or nothing, once, and nothing after its end."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest

from sealwright.domain.audit import AuditHead
from sealwright.domain.errors import SchemaExists, StateConflict, StoreUnavailable
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential, entry, ordered_uid, reservation, schema
from tests.support.one_connection import as_another_thread


def test_nothing_is_kept_without_commit(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.schemas.add(schema())
        uow.audit.append(entry())
    with contextlib.suppress(StateConflict), units() as uow:
        uow.schemas.add(schema())
        raise StateConflict("half-way")
    with units(write=False) as uow:
        assert uow.schemas.all() == ()
        assert uow.audit.head().sequence == 0


def test_nothing_can_be_done_after_commit(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.commit()
        with pytest.raises(StoreUnavailable):
            uow.schemas.add(schema())
        with pytest.raises(StoreUnavailable):
            uow.commit()


def test_a_refused_statement_leaves_the_rest_of_a_savepoint_usable(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.schemas.add(schema("first"))
        with pytest.raises(SchemaExists), uow.savepoint():
            uow.schemas.add(schema("first"))
        with uow.savepoint():
            uow.schemas.add(schema("second"))
        uow.commit()
    with units(write=False) as uow:
        assert [one.schema_id for one in uow.schemas.all()] == ["first", "second"]


def test_nothing_can_be_committed_after_a_statement_failed(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.schemas.add(schema())
        uow.commit()
    with units() as uow:
        uow.office.put("before", "1")
        with pytest.raises(SchemaExists):
            uow.schemas.add(schema())
        with pytest.raises(StoreUnavailable):
            uow.office.put("after", "1")
        with pytest.raises(StoreUnavailable):
            uow.commit()
    with units(write=False) as uow:
        assert uow.office.get("before") is None


def test_one_bad_item_does_not_fail_its_neighbors(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number, external_id in enumerate(["urn:x:1", "urn:x:1", "urn:x:2"]):
            with contextlib.suppress(StateConflict), uow.savepoint():
                uow.reservations.add_many([reservation(ordered_uid(number), external_id=external_id)])
                uow.credentials.add_many([credential(ordered_uid(number), external_id=external_id)])
                uow.audit.append(entry(external_id))
        uow.commit()
    with units(write=False) as uow:
        assert [uow.credentials.get(str(ordered_uid(n))) is not None for n in range(3)] == [True, False, True]
        assert uow.audit.head().sequence == 2


def test_savepoints_nest(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        with uow.savepoint():
            uow.schemas.add(schema("outer"))
            with contextlib.suppress(StateConflict), uow.savepoint():
                uow.schemas.add(schema("inner"))
                uow.audit.append(entry())
                raise StateConflict("inner only")
        uow.commit()
    with units(write=False) as uow:
        assert [one.schema_id for one in uow.schemas.all()] == ["outer"]
        assert uow.audit.head().sequence == 0


def test_a_reading_unit_of_work_cannot_write(units: UnitOfWorkFactory) -> None:
    with units(write=False) as uow, pytest.raises(StoreUnavailable):
        uow.office.put("name", "value")


def test_a_reading_unit_of_work_sees_one_moment(units: UnitOfWorkFactory) -> None:
    with units(write=False) as reader:
        before: AuditHead = reader.audit.head()
        with as_another_thread(), units() as writer:
            writer.audit.append(entry())
            writer.schemas.add(schema())
            writer.commit()
        assert reader.audit.head() == before
        assert reader.schemas.all() == ()
    with units(write=False) as reader:
        assert reader.audit.head().sequence == 1


def test_moments_come_back_aware_and_in_whole_seconds(units: UnitOfWorkFactory) -> None:
    for number, moment in enumerate([datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]):
        with units() as uow:
            uow.credentials.add_many([credential(ordered_uid(number), expires_at=moment)])
            uow.commit()
        with units(write=False) as uow:
            found = uow.credentials.get(str(ordered_uid(number)))
            assert found is not None
            assert found.expires_at == moment


def test_a_moment_without_zone_is_a_defect(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(ValueError, match="without a zone"):
        uow.credentials.add_many([credential(ordered_uid(1), issued_at=NOW.replace(tzinfo=None))])
