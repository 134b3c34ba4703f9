"""Stopping and resuming issuance: a row that every reservation reads under the registry lock."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import IssuerNotFound, SchemaNotFound
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.services.ports import Clock, Halt, KeyStore, UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class OfficeState:
    """Whether the office issues: what was stopped, and whether its keys can be used."""

    halts: tuple[Halt, ...]
    is_sealed: bool


class Halting:
    """Halt and resume; both are for admins and the operator, and audited."""

    def __init__(self, units: UnitOfWorkFactory, keys: KeyStore, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._clock = clock

    def halt(
        self, uow: UnitOfWork, caller: Caller, reason: str, issuer_did: str | None = None, schema_id: str | None = None
    ) -> Halt:
        """Stop issuing: everything, one issuer, or one schema. Needs the registry lock.

        Raises:
            RoleRequired: Not an admin.
            IssuerNotFound, SchemaNotFound: The scope does not exist.
        """
        caller.require_admin()
        issuer = uow.dids.get(issuer_did) if issuer_did is not None else None
        if issuer_did is not None and issuer is None:
            raise IssuerNotFound(f"No issuer DID {issuer_did} is kept here.")
        if schema_id is not None and uow.schemas.get(schema_id) is None:
            raise SchemaNotFound(f"No credential schema {schema_id} is registered.")
        halt = Halt(new_id("evt"), reason, self._clock.now(), issuer.did if issuer else None, schema_id)
        uow.office.add_halt(halt)
        self._record(uow, caller, "system.halted", {"issuerDid": halt.issuer_did, "schemaId": halt.schema_id})
        return halt

    def resume(self, uow: UnitOfWork, caller: Caller) -> int:
        """End every halt; gives how many there were. Resuming an office that runs changes nothing.

        Raises:
            RoleRequired: Not an admin.
        """
        caller.require_admin()
        ended = uow.office.clear_halts()
        if ended:
            self._record(uow, caller, "system.resumed", {"ended": ended})
        return ended

    def status(self) -> OfficeState:
        """What is stopped now."""
        with self._units(write=False) as uow:
            return OfficeState(uow.office.halts(), self._keys.is_sealed)

    def _record(self, uow: UnitOfWork, caller: Caller, action: str, data: dict[str, object]) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="office",
                object_id="office",
                at=self._clock.now(),
                data=data,
            )
        )
