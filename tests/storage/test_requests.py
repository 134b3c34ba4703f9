"""Requests, their history and their counters, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import RequestPendingExists, UnknownCredentialType, UserNotFound, VersionConflict
from sealwright.domain.requests import RequestState
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database
from sealwright.storage.inspection import count_drift
from tests.storage.builders import NOW, credential_type, entry_of_history, person, request


@pytest.fixture(autouse=True)
def _desk(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_ada"))
        uow.people.add(person("usr_bob", wallets=(), email="bob@example.org"))
        uow.types.add(credential_type("degree"))
        uow.types.add(credential_type("license"))
        uow.commit()


def test_a_request_comes_back_whole_with_its_history(units: UnitOfWorkFactory) -> None:
    asked, first = request(), entry_of_history()
    with units() as uow:
        uow.requests.add(asked, first)
        uow.commit()
    with units(write=False) as uow:
        assert uow.requests.get("req_one") == asked
        assert uow.requests.get("req_none") is None
        assert uow.requests.history("req_one") == (first,)
        assert uow.requests.pending_of("usr_ada", "degree") == asked
        assert uow.requests.pending_of("usr_ada", "license") is None


def test_a_second_pending_request_for_a_type_is_refused(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        with pytest.raises(RequestPendingExists):
            uow.requests.add(request("req_two"), entry_of_history("req_two"))
        uow.requests.add(request("req_three", credential_type="license"), entry_of_history("req_three"))
        uow.requests.add(request("req_four", "usr_bob"), entry_of_history("req_four"))
        uow.commit()
    with units(write=False) as uow:
        assert uow.requests.counts(None) == {
            "degree": {RequestState.PENDING: 2},
            "license": {RequestState.PENDING: 1},
        }


def test_requests_are_counted_by_person_and_type(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        uow.requests.add(request("req_old", state=RequestState.REJECTED), entry_of_history("req_old"))
        uow.requests.add(request("req_three", credential_type="license"), entry_of_history("req_three"))
        uow.requests.add(request("req_four", "usr_bob"), entry_of_history("req_four"))
        uow.commit()
    with units(write=False) as uow:
        assert uow.requests.how_many([]) == {}
        assert uow.requests.how_many(["usr_ada", "usr_ada", "usr_nobody"]) == {
            ("usr_ada", "degree"): 2,
            ("usr_ada", "license"): 1,
        }


def test_a_request_needs_its_type_and_its_person(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(UnknownCredentialType):
        uow.requests.add(request(credential_type="nothing"), entry_of_history())
    with units() as uow, pytest.raises(UserNotFound):
        uow.requests.add(request(user_id="usr_nobody"), entry_of_history())


def test_update_replaces_the_version_before_and_moves_counters(units: UnitOfWorkFactory, database: Database) -> None:
    decided = request(
        state=RequestState.APPROVED,
        version=2,
        resolved_at=NOW + timedelta(hours=1),
        resolved_by="usr_reviewer",
        needs_info=False,
        grant_id="grt_one",
    )
    move = entry_of_history(cause="decided", from_state=RequestState.PENDING, to_state=RequestState.APPROVED)
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        uow.commit()
    with units() as uow:
        assert uow.requests.get_for_update("req_one") == request()
        uow.requests.update(decided, move)
        uow.commit()
    with units() as uow, pytest.raises(VersionConflict):
        uow.requests.update(decided, None)
    with units() as uow, pytest.raises(VersionConflict):
        uow.requests.update(request("req_unknown", version=2), None)
    with units(write=False) as uow:
        assert uow.requests.get("req_one") == decided
        assert uow.requests.history("req_one") == (entry_of_history(), move)
        assert uow.requests.counts({"degree"}) == {"degree": {RequestState.APPROVED: 1}}
        assert uow.requests.counts({"license"}) == {}
    assert count_drift(database) == 0


def test_annotate_keeps_the_version(units: UnitOfWorkFactory, database: Database) -> None:
    marked = request(assignee_user_id=None, needs_info=False, message="Thank you.")
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        uow.commit()
    with units() as uow:
        uow.requests.annotate(marked, None)
        uow.commit()
    with units() as uow, pytest.raises(VersionConflict):
        uow.requests.annotate(replace(marked, version=2), None)
    with units(write=False) as uow:
        assert uow.requests.get("req_one") == marked
        assert len(uow.requests.history("req_one")) == 1
    assert count_drift(database) == 0


def test_reopening_is_refused_beside_a_pending_one(units: UnitOfWorkFactory) -> None:
    rejected = request(state=RequestState.REJECTED, resolved_at=NOW, version=2)
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        uow.requests.update(rejected, None)
        uow.requests.add(request("req_two"), entry_of_history("req_two"))
        with pytest.raises(RequestPendingExists):
            uow.requests.update(request(version=3), None)
        uow.commit()
    with units(write=False) as uow:
        assert [one.request_id for one in uow.requests.of_person("usr_ada")] == ["req_two", "req_one"]


def test_what_a_savepoint_takes_back_is_not_counted(units: UnitOfWorkFactory, database: Database) -> None:
    def add_and_fail(uow: UnitOfWork) -> None:
        with uow.savepoint():
            uow.requests.add(request(), entry_of_history())
            assert uow.requests.counts(None)
            raise ZeroDivisionError

    with units() as uow:
        with pytest.raises(ZeroDivisionError):
            add_and_fail(uow)
        with uow.savepoint():
            uow.requests.add(request("req_two"), entry_of_history("req_two"))
        uow.commit()
    with units(write=False) as uow:
        assert uow.requests.counts(None) == {"degree": {RequestState.PENDING: 1}}
    assert count_drift(database) == 0


def test_drift_is_seen(units: UnitOfWorkFactory, database: Database) -> None:
    with units() as uow:
        uow.requests.add(request(), entry_of_history())
        uow.commit()
    assert count_drift(database) == 0
    with database.writers.connect() as connection:
        connection.exec_driver_sql("UPDATE request_counters SET requests = requests + 3 WHERE measure = 'sorted'")
        connection.commit()
    assert count_drift(database) == 1
    with database.writers.connect() as connection:
        connection.exec_driver_sql("DELETE FROM request_counters WHERE credential_type = '*'")
        connection.commit()
    assert count_drift(database) == 2
