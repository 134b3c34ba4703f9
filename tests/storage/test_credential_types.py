"""The catalog on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.catalog import TypeUsage
from sealwright.domain.enrollment import IssuerProfile, IssuerState
from sealwright.domain.errors import TypeExists, VersionConflict
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import SeriesState
from sealwright.domain.votes import ProposalKind, ProposalStatus, SeriesEdit
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential_type, entry_of_history, grant, person, request
from tests.storage.workflow_builders import add_types, plan, proposal, series, workflow


def test_a_type_comes_back_whole(units: UnitOfWorkFactory) -> None:
    degree = credential_type()
    with units() as uow:
        before = uow.office.epoch()
        uow.types.add(degree)
        uow.commit()
    with units(write=False) as uow:
        assert uow.types.get("degree") == degree
        assert uow.types.get("none") is None
        assert uow.office.epoch() == before + 1


def test_values_and_look_alike_labels_are_unique(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.types.add(credential_type("a", label="Médico"))
        uow.commit()
    for value, label in (("a", "Other"), ("b", " ｍÉDICO ")):
        with units() as uow, pytest.raises(TypeExists):
            uow.types.add(credential_type(value, label=label))
    with units() as uow:
        uow.types.add(credential_type("b", label="Other"))
        with pytest.raises(TypeExists):
            uow.types.update(credential_type("b", label="médico", version=2))


def test_update_replaces_the_version_before(units: UnitOfWorkFactory) -> None:
    changed = credential_type(active=False, version=2, description=None, validity_days=None)
    with units() as uow:
        uow.types.add(credential_type())
        uow.types.update(changed)
        with pytest.raises(VersionConflict):
            uow.types.update(changed)
        assert uow.types.all() == (changed,)
        uow.types.delete("degree")
        assert uow.types.all() == ()


def test_by_schema_prefers_the_oldest(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.types.add(credential_type("young", created_at=NOW + timedelta(1)))
        uow.types.add(credential_type("old", active=False))
        uow.types.add(credential_type("other", schema_id="x"))
        found = uow.types.by_schema("degree-v1")
        assert found is not None
        assert found.value == "old"
        assert uow.types.by_schema("unknown") is None


def test_usage_counts_what_refers_to_a_type(units: UnitOfWorkFactory) -> None:
    profile = IssuerProfile(
        "usr_ada", "Org", "a@example.org", IssuerState.SUSPENDED, NOW, NOW, allowed_credentials=("degree", "x")
    )
    with units() as uow:
        uow.types.add(credential_type())
        uow.types.add(credential_type("degree_two", label="two"))
        uow.people.add(person(scopes=("degree",)))
        uow.people.add(person("usr_bob", email="b@example.org", scopes=("degree", "y"), wallets=(), holder_did=None))
        uow.requests.add(request(), entry_of_history())
        uow.grants.add(grant())
        uow.grants.add(grant("grt_two", "usr_bob"))
        uow.enrollment.put_issuer(profile)
        assert uow.types.usage("degree") == TypeUsage(requests=1, grants=2, scopes=2)
        assert uow.types.usage("degree_two") == TypeUsage()


def test_usage_counts_roles_of_instances_of_open_series_and_of_pending_edits(units: UnitOfWorkFactory) -> None:
    add_types(units, "degree", "degree_two")
    edit = SeriesEdit(plan(("degree",), ("degree", "degree_two")))
    with units() as uow:
        uow.workflows.add(workflow(("degree",), ("degree", "degree_two"), ("degree_two",), ()))
        uow.commit()
    with units() as uow:
        uow.series.add(series("ser_open", ("degree",)))
        uow.series.add(series("ser_ended", ("degree",), state=SeriesState.ENDED))
        once = Schedule(Recurrence.ONE_TIME, NOW)
        uow.series.add(series("ser_once", ("degree",), schedule=once))
        pending = proposal(workflow(()), kind=ProposalKind.EDIT, edit=edit)
        uow.proposals.add(pending)
        assert uow.types.usage("degree").workflow_roles == 2 + 1 + 2
        assert uow.types.usage("degree_two").workflow_roles == 2 + 1
        assert uow.types.usage("degree_").workflow_roles == 0
        uow.proposals.update(replace(pending, status=ProposalStatus.REJECTED, version=2))
        assert uow.types.usage("degree_two").workflow_roles == 2
