"""Credential schemas: content never changes, names are unique, lists page by cursor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import InvalidPagination, SchemaExists
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, schema


def test_a_schema_comes_back_whole(units: UnitOfWorkFactory) -> None:
    bare = schema("bare", description=None, author=None, credential_type=None, allowed_issuers=(), restricted=False)
    with units() as uow:
        uow.schemas.add(schema())
        uow.schemas.add(bare)
        uow.commit()
    with units(write=False) as uow:
        assert uow.schemas.get("degree-v1") == schema()
        assert uow.schemas.by_name("bare", "1") == bare
        assert uow.schemas.get("unknown") is None
        assert uow.schemas.by_name("bare", "2") is None


@pytest.mark.parametrize("other", [schema("degree-v1", name="other"), schema("other", name="degree-v1")])
def test_add_refuses_a_taken_id_or_name(units: UnitOfWorkFactory, other: object) -> None:
    with units() as uow:
        uow.schemas.add(schema())
        uow.commit()
    with units() as uow, pytest.raises(SchemaExists):
        uow.schemas.add(other)  # type: ignore[arg-type]


def test_update_changes_use_but_never_content(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.schemas.add(schema())
        uow.schemas.update(
            schema(active=False, restricted=False, allowed_issuers=("did:adi:x",), content=b"{}", sha256="00" * 32)
        )
        expected = replace(schema(), active=False, restricted=False, allowed_issuers=("did:adi:x",))
        assert uow.schemas.get("degree-v1") == expected


def test_list_pages_newest_first_and_by_activity(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(5):
            uow.schemas.add(schema(f"s{number}", created_at=NOW + timedelta(seconds=number // 3), active=number != 1))
        uow.commit()
    with units(write=False) as uow:
        first = uow.schemas.list(active=True, limit=3, cursor=None)
        second = uow.schemas.list(active=True, limit=3, cursor=first.next_cursor)
        assert [one.schema_id for one in (*first.items, *second.items)] == ["s4", "s3", "s2", "s0"]
        assert second.next_cursor is None
        assert [one.schema_id for one in uow.schemas.list(active=False, limit=3, cursor=None).items] == ["s1"]
        assert [one.schema_id for one in uow.schemas.all()] == ["s0", "s1", "s2", "s3", "s4"]


def test_list_refuses_the_cursor_of_dids(units: UnitOfWorkFactory) -> None:
    from sealwright.storage.cursors import dated_cursor

    with units(write=False) as uow, pytest.raises(InvalidPagination):
        uow.schemas.list(active=None, limit=3, cursor=dated_cursor("d", 1, "did:adi:x"))
