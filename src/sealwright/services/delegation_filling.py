"""Taking up delegations that an earlier program signed as ordinary credentials, and wrote no row for.

They are read in the order of their uids, in which a parent stands before what rests on it, a part at a time; each part
is one transaction with the place up to which was read, so that whoever is killed goes on from there. What is none by
today's rules stays an ordinary credential: nothing rests on it, and `verify-store` tells of it while it is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.audit import AuditEntry, AuditFilter
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delegations import HOPS_MOST, Delegation
from sealwright.domain.ids import new_id
from sealwright.domain.people import Actor
from sealwright.services.catalog_builtin import AGENT_DELEGATION
from sealwright.services.delegation_standing import terms_of
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.stored_credentials import readable
from sealwright.vc.delegation.narrowing import loop_fault, narrowing_faults, own_faults
from sealwright.vc.delegation.reading import terms_of_document
from sealwright.vc.delegation.terms import DelegationTerms
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.registry import disclosure_suite

FILLED_TO: Final = "delegations_filled_to"
ROWS_A_TURN: Final = 200
_BEGINNING: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many delegations were taken up, and how many credentials of their schema are none."""

    delegations: int = 0
    skipped: int = 0


def fill_delegations(units: UnitOfWorkFactory, clock: Clock, actor: Actor) -> Filled:
    """Write the rows of every delegation that has none and can have one; nearly free where there is nothing to do.

    Raises:
        StoreUnavailable, AuditUnavailable: What was taken up before stays so.
    """
    with units(write=False) as uow:
        if _newest(uow) <= _filled_to(uow):
            return Filled()
    total, is_over = Filled(), False
    while not is_over:
        with units() as uow:
            # Keeps others who fill out, and reservations too, which are for the next part.
            uow.office.raise_epoch()
            newest, begin = _newest(uow), _filled_to(uow)
            found = uow.delegations.unwritten(AGENT_DELEGATION, begin, ROWS_A_TURN)
            part = _fill(uow, clock, found)
            is_over = len(found) < ROWS_A_TURN
            uow.office.put(FILLED_TO, str(max(newest, begin) if is_over else found[-1]))
            if found:
                uow.audit.append(_caught_up(actor, clock, part))
            uow.commit()
        total = Filled(total.delegations + part.delegations, total.skipped + part.skipped)
    return total


def fault_of_unwritten(uow: UnitOfWork, record: CredentialRecord) -> str | None:
    """Why a credential of the schema of delegations is none that holds here: a sentence; None where it could be one."""
    try:
        _delegation(uow, record)
    except _NoDelegation as why:
        return str(why)
    return None


def _newest(uow: UnitOfWork) -> UUID:
    return uow.delegations.newest_credential(AGENT_DELEGATION) or _BEGINNING


def _filled_to(uow: UnitOfWork) -> UUID:
    return UUID(uow.office.get(FILLED_TO) or str(_BEGINNING))


def _fill(uow: UnitOfWork, clock: Clock, uids: tuple[UUID, ...]) -> Filled:
    records = uow.credentials.get_many(uids)
    over: list[str] = []
    made = 0
    for uid in uids:
        try:
            delegation = _delegation(uow, records[uid])
        except _NoDelegation:
            continue
        uow.delegations.add(delegation)
        made += 1
        if delegation.expires_at <= clock.now():
            over.append(delegation.delegation_id)
    if over:
        # Their end came long ago: nobody is told of it now.
        uow.delegations.tell_expired(over)
    return Filled(made, len(uids) - made)


class _NoDelegation(Exception):
    """A credential is no delegation by today's rules; the text says why."""


def _delegation(uow: UnitOfWork, record: CredentialRecord) -> Delegation:
    """A credential as the delegation that it is; raises _NoDelegation."""
    terms = _terms(record)
    above: tuple[Delegation, ...] = ()
    if terms.parent is not None:
        above = uow.delegations.chain(terms.parent)
        if not above:
            raise _NoDelegation("It rests on a delegation that is not kept here.")
    _require_narrow(terms_of(above), terms)
    return Delegation(
        delegation_id=new_id("dlg"),
        uid=record.uid,
        lineage=tuple(one.delegation_id for one in above),
        delegator_did=terms.delegator,
        delegate_did=terms.delegate,
        scope=terms.scope,
        constraints=terms.constraints,
        max_depth=terms.max_depth,
        created_at=record.issued_at,
        expires_at=_end_of(record),
        made_by=_maker(uow, record),
        verification_method=record.verification_method,
        credential_status=record.status,
        suspendable=record.suspendable,
    )


def _terms(record: CredentialRecord) -> DelegationTerms:
    """What a credential says that could be a delegation by its form."""
    if record.external_id is not None or record.document is None:
        raise _NoDelegation("It has no id of this office's, or was erased.")
    if not record.revocable or disclosure_suite(record.proof_type) is not None:
        raise _NoDelegation("It cannot be revoked, or can be shown without its limits.")
    try:
        terms = terms_of_document(readable(record.document))
    except VcError as error:
        raise _NoDelegation(f"Its claims are not those of a delegation: {error.detail}") from error
    if (terms.delegator, terms.delegate) != (record.issuer_did, record.holder_did):
        raise _NoDelegation("Its delegator and delegate are not its issuer and holder.")
    return terms


def _require_narrow(hops: Sequence[DelegationTerms], terms: DelegationTerms) -> None:
    faults = list(own_faults(terms))
    if hops:
        faults.extend(narrowing_faults(hops[-1], terms))
        loop = loop_fault(hops, terms)
        if loop is not None:
            faults.append(loop)
    if faults:
        raise _NoDelegation(faults[0].detail)
    if len(hops) >= HOPS_MOST:
        raise _NoDelegation(f"Its chain has more than {HOPS_MOST} hops.")


def _end_of(record: CredentialRecord) -> datetime:
    if record.expires_at is None:
        raise _NoDelegation("It has no end.")
    return record.expires_at


def _maker(uow: UnitOfWork, record: CredentialRecord) -> str:
    """Who issued it, as the trail names them; of a batch the trail names no single credential."""
    wanted = AuditFilter(object_id=record.credential_id, actions=frozenset({"credential.issued"}))
    rows = uow.audit.list(wanted, limit=1, cursor=None).items
    body = parse_json(rows[0].body) if rows else {}
    actor = body.get("actor") if isinstance(body, dict) else None
    name = actor.get("id") if isinstance(actor, dict) else None
    return name if isinstance(name, str) else record.issuer_did


def _caught_up(actor: Actor, clock: Clock, part: Filled) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        request_id=None,
        action="system.caught_up",
        object_type="office",
        object_id="office",
        at=clock.now(),
        data={"delegations": part.delegations, "skipped": part.skipped},
    )
