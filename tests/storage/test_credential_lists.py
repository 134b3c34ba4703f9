"""Lists of credentials: every filter alone and together against a plain reading of the same records."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus
from sealwright.domain.errors import InvalidPagination
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.cursors import sequence_cursor
from tests.storage.builders import NOW, credential, ordered_uid

ISSUERS = ("did:adi:i0", "did:adi:i1", "did:adi:i2")
HOLDERS = ("did:adi:h0", "did:adi:h1", "did:adi:h2", "did:adi:h3")


def _records() -> list[CredentialRecord]:
    states = itertools.cycle([CredentialStatus.VALID, CredentialStatus.SUSPENDED, CredentialStatus.REVOKED])
    ends = itertools.cycle([None, NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)])
    return [
        credential(
            ordered_uid(n),
            issuer_did=ISSUERS[n % 3],
            holder_did=HOLDERS[n % 4],
            schema_id=f"s{n % 5}" if n % 7 else None,
            types=("VerifiableCredential", f"T{n % 2}", f"U{n % 3}"),
            batch_id=f"bat_{n % 2}" if n % 3 == 0 else None,
            status=next(states),
            expires_at=next(ends),
        )
        for n in range(120)
    ]


def _matches(record: CredentialRecord, wanted: CredentialFilter) -> bool:
    visible = wanted.visible_issuers is None and wanted.visible_holders is None
    visible = visible or record.issuer_did in (wanted.visible_issuers or ())
    visible = visible or record.holder_did in (wanted.visible_holders or ())
    return (
        visible
        and wanted.issuer_did in (None, record.issuer_did)
        and wanted.holder_did in (None, record.holder_did)
        and wanted.schema_id in (None, record.schema_id)
        and wanted.batch_id in (None, record.batch_id)
        and wanted.status in (None, record.status_at(NOW))
        and (wanted.credential_type is None or wanted.credential_type in record.types)
    )


def _walk(uow: UnitOfWork, wanted: CredentialFilter, limit: int) -> list[CredentialRecord]:
    found: list[CredentialRecord] = []
    cursor = None
    while True:
        page = uow.credentials.list(wanted, now=NOW, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


FILTERS = [
    pytest.param(CredentialFilter(), id="everything"),
    pytest.param(CredentialFilter(issuer_did=ISSUERS[1]), id="one issuer"),
    pytest.param(CredentialFilter(holder_did=HOLDERS[1]), id="one holder"),
    pytest.param(CredentialFilter(schema_id="s2"), id="one schema"),
    pytest.param(CredentialFilter(credential_type="T1"), id="a type in several sets"),
    pytest.param(CredentialFilter(credential_type="U0"), id="a type that is not the first"),
    pytest.param(CredentialFilter(credential_type="Unknown"), id="a type that nobody has"),
    pytest.param(CredentialFilter(batch_id="bat_1"), id="one batch"),
    *(pytest.param(CredentialFilter(status=status), id=f"status {status}") for status in CredentialStatus),
    pytest.param(CredentialFilter(visible_issuers=frozenset(ISSUERS[:2])), id="some issuers visible"),
    pytest.param(CredentialFilter(visible_holders=frozenset(HOLDERS[2:])), id="some holders visible"),
    pytest.param(
        CredentialFilter(visible_issuers=frozenset(ISSUERS[:1]), visible_holders=frozenset(HOLDERS[:1])),
        id="an issuer or a holder visible",
    ),
    pytest.param(CredentialFilter(visible_issuers=frozenset(), visible_holders=frozenset()), id="nothing visible"),
    pytest.param(CredentialFilter(visible_issuers=frozenset()), id="no issuer visible"),
    pytest.param(
        CredentialFilter(issuer_did=ISSUERS[0], visible_issuers=frozenset(ISSUERS[:1]), visible_holders=frozenset()),
        id="a visible issuer asked for",
    ),
    pytest.param(
        CredentialFilter(
            issuer_did=ISSUERS[2], visible_issuers=frozenset(ISSUERS[:1]), visible_holders=frozenset(HOLDERS[:2])
        ),
        id="another issuer asked for by a holder",
    ),
    pytest.param(
        CredentialFilter(holder_did=HOLDERS[3], visible_issuers=frozenset(ISSUERS[:1]), visible_holders=frozenset()),
        id="a hidden holder asked for by an issuer",
    ),
    pytest.param(
        CredentialFilter(
            issuer_did=ISSUERS[2], holder_did=HOLDERS[3], visible_issuers=frozenset(ISSUERS[:2]), visible_holders=None
        ),
        id="neither side visible",
    ),
    pytest.param(
        CredentialFilter(
            credential_type="T0",
            status=CredentialStatus.VALID,
            visible_issuers=frozenset(ISSUERS[1:]),
            visible_holders=frozenset(HOLDERS),
        ),
        id="everything together",
    ),
]


@pytest.mark.parametrize("wanted", FILTERS)
def test_a_list_shows_what_a_plain_reading_shows(units: UnitOfWorkFactory, wanted: CredentialFilter) -> None:
    records = _records()
    with units() as uow:
        uow.credentials.add_many(records)
        uow.commit()
    expected = [record for record in reversed(records) if _matches(record, wanted)]
    with units(write=False) as uow:
        assert _walk(uow, wanted, 100) == expected
        assert _walk(uow, wanted, 7) == expected


def test_very_many_visible_dids_are_asked_in_turns(units: UnitOfWorkFactory) -> None:
    records = _records()
    with units() as uow:
        uow.credentials.add_many(records)
        uow.commit()
    many = frozenset(f"did:adi:x{n}" for n in range(450))
    wanted = CredentialFilter(visible_issuers=many | {ISSUERS[0]}, visible_holders=many | {HOLDERS[1]})
    expected = [record for record in reversed(records) if _matches(record, wanted)]
    with units(write=False) as uow:
        assert _walk(uow, wanted, 20) == expected
        assert _walk(uow, replace(wanted, credential_type="T1"), 20) == [one for one in expected if "T1" in one.types]


def test_pages_are_stable_under_inserts(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(n)) for n in range(10)])
        uow.commit()
    with units(write=False) as uow:
        first = uow.credentials.list(CredentialFilter(), now=NOW, limit=4, cursor=None)
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(50))])
        uow.commit()
    with units(write=False) as uow:
        second = uow.credentials.list(CredentialFilter(), now=NOW, limit=4, cursor=first.next_cursor)
    assert [one.uid for one in second.items] == [ordered_uid(n) for n in (5, 4, 3, 2)]


@pytest.mark.parametrize("cursor", ["", "x", "AWM", "not/base64", sequence_cursor(5)])
def test_a_list_refuses_foreign_cursors(units: UnitOfWorkFactory, cursor: str) -> None:
    with units(write=False) as uow, pytest.raises(InvalidPagination):
        uow.credentials.list(CredentialFilter(), now=NOW, limit=4, cursor=cursor)
