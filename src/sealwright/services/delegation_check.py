"""Holding delegations against their credentials, and their ledgers against themselves, for `verify-store`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.delegations import Delegation, LedgerRow, Used
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_filling import fault_of_unwritten
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.store_problems import Problem
from sealwright.services.stored_credentials import readable
from sealwright.vc.delegation.reading import terms_of_document
from sealwright.vc.errors import VcError

ROWS_A_READ: Final = 200
_IN_FORCE: Final = frozenset({CredentialStatus.VALID, CredentialStatus.SUSPENDED})
_FORGOTTEN: Final = "It was never written down as a delegation."
_SUMS: Final = "The sums of its ledger do not agree."


def delegation_problems(units: UnitOfWorkFactory, now: datetime) -> Iterator[Problem]:
    """Every delegation that does not hold, as it is found."""
    with units(write=False) as uow:
        strayed = uow.delegations.strayed(ROWS_A_READ)
    for delegation_id in strayed:
        yield Problem("delegation", delegation_id, "Its credential is not stored here.")
    for schema_id in sorted(DELEGATION_SCHEMAS):
        yield from _unwritten(units, schema_id, now)
    last: UUID | None = None
    while True:
        with units(write=False) as uow:
            part = uow.delegations.after(last, ROWS_A_READ)
            records = uow.credentials.get_many([one.uid for one in part])
            sums = uow.delegations.sums([one.delegation_id for one in part])
            found = [(one, fault) for one in part for fault in _faults(uow, one, records[one.uid], sums)]
        for one, fault in found:
            yield Problem("delegation", one.delegation_id, fault)
        if len(part) < ROWS_A_READ:
            return
        last = part[-1].uid


def _unwritten(units: UnitOfWorkFactory, schema_id: str, now: datetime) -> Iterator[Problem]:
    """Credentials in force that say that they delegate, and that nothing can rest on here."""
    last = UUID(int=0)
    while True:
        with units(write=False) as uow:
            uids = uow.delegations.unwritten(schema_id, last, ROWS_A_READ)
            records = uow.credentials.get_many(uids)
            live = [one for one in records.values() if one.status_at(now) in _IN_FORCE]
            found = [(one.credential_id, fault_of_unwritten(uow, one)) for one in live]
        for credential_id, fault in found:
            yield Problem("delegation", credential_id, f"Nothing rests on it. {fault or _FORGOTTEN}")
        if len(uids) < ROWS_A_READ:
            return
        last = uids[-1]


def _faults(
    uow: UnitOfWork, delegation: Delegation, record: CredentialRecord, sums: Mapping[str, Used]
) -> Iterator[str]:
    above = uow.delegations.chain(delegation.parent_id) if delegation.parent_id is not None else ()
    if tuple(one.delegation_id for one in above) != delegation.lineage:
        yield "The delegations above it are not those that it names."
    elif not _continues(delegation, above):
        yield "It does not begin where the delegation above it ends."
    terms = {did for one in (*above, delegation) for did in (one.delegator_did, one.delegate_did)}
    terms.update(delegation.lineage)
    if uow.delegations.indexed(delegation.uid, terms) != terms:
        yield "It is not found by all that it concerns."
    if not _is_of(delegation, record):
        yield "Its credential is another one's."
    elif record.document is not None and not _says(record.document, delegation, above):
        yield "Its credential says something else."
    fault = _ledger_fault(uow, delegation.delegation_id, sums[delegation.delegation_id])
    if fault is not None:
        yield fault


def _continues(delegation: Delegation, above: tuple[Delegation, ...]) -> bool:
    if not above:
        return True
    parent = above[-1]
    return parent.delegate_did == delegation.delegator_did and delegation.expires_at <= parent.expires_at


def _is_of(delegation: Delegation, record: CredentialRecord) -> bool:
    return (
        record.schema_id in DELEGATION_SCHEMAS
        and record.issuer_did == delegation.delegator_did
        and record.holder_did == delegation.delegate_did
        and record.expires_at == delegation.expires_at
    )


def _says(document: bytes, delegation: Delegation, above: tuple[Delegation, ...]) -> bool:
    """Whether the signed claims are the terms that acts are judged by. Its proof is checked with all credentials'."""
    try:
        terms = terms_of_document(readable(document))
    except VcError:
        return False
    return (
        terms.delegator == delegation.delegator_did
        and terms.delegate == delegation.delegate_did
        and terms.scope == delegation.scope
        and dict(terms.constraints) == dict(delegation.constraints)
        and terms.max_depth == delegation.max_depth
        and terms.parent == (above[-1].credential_id if above else None)
    )


def _ledger_fault(uow: UnitOfWork, delegation_id: str, sums: Used) -> str | None:
    """Add the kept rows up again, each behind the one before it, and the last one to what was ever counted."""
    last: LedgerRow | None = None
    while True:
        rows = uow.delegations.ledger(delegation_id, last, ROWS_A_READ)
        for row in rows:
            if last is not None and (row.no, row.spent_before) != _behind(last):
                return _SUMS
            last = row
        if uow.delegations.recorded({row.call_id for row in rows}) != {row.call_id for row in rows}:
            return "An act was counted that no call asked for."
        if len(rows) < ROWS_A_READ:
            break
    # Where every row is forgotten, there is nothing left to hold the sums against.
    return _SUMS if last is not None and _behind(last) != (sums.calls, sums.micros) else None


def _behind(row: LedgerRow) -> tuple[int, int]:
    return row.no + 1, row.spent_before + row.micros
