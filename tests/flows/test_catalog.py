"""The catalog: types made with a schema of their own, changed, retired, and deleted only while unused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.catalog import CredentialType, RevocationPolicy, Visibility
from sealwright.domain.errors import (
    InvalidTypeValue,
    IssuerNotFound,
    MalformedBody,
    PreconditionFailed,
    RoleRequired,
    SchemaNotFound,
    TypeExists,
    TypeInUse,
    TypeNotFound,
    VersionConflict,
)
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.catalog import PLATFORM_DID, TypeMembers
from sealwright.services.office import Office
from sealwright.vc.errors import UnsupportedProofType
from tests.support.desk import DPW, VERIFIER, act, furnish_desk, join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, open_office


@pytest.fixture
def office(database_url: str, tmp_path: Path, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", MovableClock(), furnish_desk) as opened:
        yield opened


@pytest.fixture
def admin(office: Office) -> Caller:
    return join(office, "ada", AccountRole.ADMIN)


def create(office: Office, caller: Caller, value: str, **members: Any) -> CredentialType:
    wish: TypeMembers = {"label": value.title(), **members}  # type: ignore[typeddict-item]
    return act(office, caller, lambda uow, me: office.catalog.create(uow, me, value, wish))


def test_two_types_are_there_from_the_start_signed_by_the_platform(office: Office, admin: Caller) -> None:
    types = {one.value: one for one in office.catalog.visible(None)}
    assert set(types) == {DPW, VERIFIER}
    with office.units(write=False) as uow:
        platform = uow.office.get(PLATFORM_DID)
        assert platform is not None
        record = uow.dids.get(platform)
    assert record is not None
    assert record.signing_method("Ed25519Signature2020") is not None
    assert {one.issuer_did for one in types.values()} == {platform}
    assert types[DPW].label_in("es") == "Certificación del Departamento de Obras Públicas"
    furnish_desk(office)
    assert len(office.catalog.all(admin)) == 2


def test_a_type_without_schema_gets_one_that_states_it(office: Office, admin: Caller) -> None:
    office.catalog.prepare("tree_steward", {"label": "Tree steward"})
    made = create(office, admin, "tree_steward", label="Tree steward", validity_days=365, two_person=True)
    assert made.schema_id == "did:adi:schema:tree-steward-v1"
    schema = office.schemas.get(made.schema_id)
    assert (schema.credential_type, schema.type) == ("tree_steward", ("TreeStewardCredential",))
    office.schemas.check(made.schema_id, {"qualification": "tree_steward"})
    assert (made.two_person, made.validity_days, made.version) == (True, 365, 1)
    assert made.revocation_policy is RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE
    # Deleting leaves the schema; the same value made again uses it.
    act(office, admin, lambda uow, me: office.catalog.delete(uow, me, "tree_steward"))
    assert create(office, admin, "tree_steward").schema_id == made.schema_id


def test_default_policy_is_the_offices(database_url: str, tmp_path: Path) -> None:
    with open_office(database_url, tmp_path / "home", SEALWRIGHT_DEFAULT_REVOCATION_POLICY="retain_all") as office:
        furnish_desk(office)
        made = create(office, join(office, "ada", AccountRole.ADMIN), "x1")
        assert made.revocation_policy is RevocationPolicy.RETAIN_ALL


NO_TYPES: tuple[tuple[str, dict[str, Any], type[Exception]], ...] = (
    ("all", {}, InvalidTypeValue),
    ("Upper", {}, InvalidTypeValue),
    ("x" * 65, {}, InvalidTypeValue),
    (DPW, {}, TypeExists),
    ("x", {"label": "DEPARTMENT of Public Works Certification "}, TypeExists),
    ("x", {"label": "SFLUV ｖｅｒｉｆｉｅｒ"}, TypeExists),
    ("x", {"label": "Tree\u202estnega"}, MalformedBody),
    ("x", {"label": "Tree\u200bsteward"}, MalformedBody),
    ("x", {"label": "   "}, MalformedBody),
    ("x", {"label": "x" * 121}, MalformedBody),
    ("x", {"labels": {"es": "\u2066Árbol"}}, MalformedBody),
    ("x", {"labels": {"../es": "Árbol"}}, MalformedBody),
    ("x", {"checklist": ["same", "same"]}, MalformedBody),
    ("x", {"validity_days": 0}, MalformedBody),
    ("x", {"schema_id": "did:adi:schema:nothing-v1"}, SchemaNotFound),
    ("x", {"issuer_did": "did:adi:nobody"}, IssuerNotFound),
    ("x", {"proof_type": "Telepathy2020"}, UnsupportedProofType),
)


def test_what_cannot_be_a_type_is_refused(office: Office, admin: Caller) -> None:
    for value, members, refusal in NO_TYPES:
        with pytest.raises(refusal):
            create(office, admin, value, **members)
    assert len(office.catalog.all(admin)) == 2


def test_changes_count_versions_and_respect_them(office: Office, admin: Caller) -> None:
    def update(members: TypeMembers, **versions: int) -> CredentialType:
        return act(office, admin, lambda uow, me: office.catalog.update(uow, me, DPW, members, **versions))

    changed = update({"visibility": Visibility.PRIVATE, "target_hours": None, "checklist": ["Seen"]}, if_match=1)
    assert (changed.version, changed.visibility, changed.target_hours) == (2, Visibility.PRIVATE, None)
    assert changed.checklist == ("Seen",)
    assert update({"visibility": Visibility.PRIVATE}).version == 2
    with pytest.raises(PreconditionFailed):
        update({"label": "Other"}, if_match=1)
    with pytest.raises(VersionConflict) as late:
        update({"label": "Other"}, expected_version=1)
    assert late.value.extra["current"] == {"status": "active", "version": 2}
    with pytest.raises(TypeExists):
        update({"label": "sfluv VERIFIER"})
    with pytest.raises(TypeNotFound):
        act(office, admin, lambda uow, me: office.catalog.update(uow, me, "nothing", {"label": "x"}))


def test_retired_types_stay_and_used_ones_are_not_deleted(office: Office, admin: Caller) -> None:
    join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))
    with pytest.raises(TypeInUse) as refused:
        act(office, admin, lambda uow, me: office.catalog.delete(uow, me, DPW))
    assert refused.value.extra["usage"] == {"requests": 0, "grants": 0, "scopes": 1, "workflow_roles": 0}
    retired = act(office, admin, lambda uow, me: office.catalog.retire(uow, me, DPW))
    assert (retired.active, retired.version) == (False, 2)
    assert act(office, admin, lambda uow, me: office.catalog.retire(uow, me, DPW)).version == 2
    assert [one.value for one in office.catalog.all(admin, active=True)] == [VERIFIER]
    assert act(office, admin, lambda uow, me: office.catalog.reactivate(uow, me, DPW)).active is True
    act(office, admin, lambda uow, me: office.catalog.delete(uow, me, VERIFIER))
    with pytest.raises(TypeNotFound):
        office.catalog.get(admin, VERIFIER)
    with office.units(write=False) as uow:
        actions = [record.action for record in uow.audit.read(0, 1_000)]
    assert [one for one in actions if one.startswith("credential_type.")] == [
        *("credential_type.created", "credential_type.created", "credential_type.retired"),
        *("credential_type.updated", "credential_type.deleted"),
    ]


def test_people_see_public_types_and_reviewers_all(office: Office, admin: Caller) -> None:
    create(office, admin, "hidden", visibility=Visibility.PRIVATE)
    create(office, admin, "linked", visibility=Visibility.UNLISTED)
    ann, ines = join(office, "ann"), join(office, "ines", AccountRole.ISSUER)
    assert {one.value for one in office.catalog.visible(ann)} == {DPW, VERIFIER}
    assert {one.value for one in office.catalog.visible(ines)} == {DPW, VERIFIER, "hidden", "linked"}
    assert office.catalog.get(ann, "linked").value == "linked"
    with pytest.raises(TypeNotFound):
        office.catalog.get(ann, "hidden")
    for forbidden in (lambda: office.catalog.all(ines), lambda: office.catalog.usage(ines, DPW)):
        with pytest.raises(RoleRequired):
            forbidden()
    with pytest.raises(RoleRequired):
        create(office, ines, "mine")
