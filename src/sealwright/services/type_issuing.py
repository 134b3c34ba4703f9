"""Issuing against a credential type's schema: whoever may grant the type may do it, and storing makes the grant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.deciding import may_review
from sealwright.domain.errors import NotAnApprovedImprover, OutOfScope, PolicyViolation, SelfDecision
from sealwright.domain.grants import Grant
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import ActorKind, Caller, Person
from sealwright.domain.requests import Issuance
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.grant_making import GrantMaking, grant_in_force, last_grant
from sealwright.services.notices import NoticeDesk
from sealwright.services.order_guards import TypeGuard
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import Registry, RegistryView


class CatalogGate:
    """Finds the credential type that a schema belongs to, and guards orders against it.

    `making` is set once the desks are joined; orders come later.
    """

    def __init__(self, notices: NoticeDesk, clock: Clock) -> None:
        self._notices = notices
        self._clock = clock
        self.making: GrantMaking | None = None

    def guard_for(self, schema: SchemaRecord, holder_did: str, view: RegistryView) -> TypeGuard | None:
        """The guard of an order against this schema; None where it belongs to no credential type."""
        kind = view.type_by_schema(schema.schema_id)
        if kind is None:
            return None
        assert self.making is not None
        return TypeIssuing(kind, holder_did, self.making, self._notices, self._clock)


@dataclass(frozen=True, slots=True)
class TypeIssuing:
    """One order against a credential type's schema, which is going to make a grant."""

    kind: CredentialType
    holder_did: str
    making: GrantMaking
    notices: NoticeDesk
    clock: Clock

    @property
    def key(self) -> str:
        """Sorts guards by what they lock: a person's grant of a type."""
        return f"holder:{self.holder_did}:{self.kind.value}"

    def require_authority(self, caller: Caller, view: RegistryView) -> None:
        """Raises OutOfScope, SelfDecision."""
        owner = owner_of(caller, view)
        if caller.actor.kind is not ActorKind.OPERATOR and (owner is None or not may_review(owner, self.kind.value)):
            raise OutOfScope("This credential type lies outside the issuer scope of whoever the key belongs to.")
        holder = self._holder(view)
        if owner is not None and holder is not None and owner.user_id == holder.user_id:
            raise SelfDecision("Nobody grants to themselves.")

    def require_state(self, view: RegistryView) -> None:
        """Raises NotAnApprovedImprover, GrantInForce."""
        holder = self._improver(view)
        held = view.grant_in_force(holder.user_id, self.kind.value, self.clock.now())
        if held is not None:
            raise grant_in_force(held)

    def require_policy(self, *, revocable: bool) -> None:
        """Raises PolicyViolation."""
        if not self.kind.active:
            raise PolicyViolation(f"{self.kind.value} is retired; nothing new is granted.")
        if not revocable:
            raise PolicyViolation(f"Credentials of {self.kind.value} must be revocable.")
        _require_no_more(self.kind)

    def end_of_grant(self, now: datetime) -> datetime | None:
        """When a grant made now ends by itself."""
        return self.kind.end_of_grant(now)

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:  # noqa: ARG002 - the port's
        """Check everything again inside the transaction; raises as the three checks above."""
        self._present(uow, order)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Make the grant; raises as `look_again`."""
        holder = self._present(uow, order)
        earlier = last_grant(uow, holder.user_id, self.kind.value, now)
        grant = Grant(
            grant_id=new_id("grt"),
            user_id=holder.user_id,
            credential_type=self.kind.value,
            issued_by=order.caller.user_id,
            issued_at=now,
            issuance=Issuance.ISSUED,
            expires_at=order.expiration,
            supersedes=earlier.grant_id if earlier is not None else None,
            credential_id=record.credential_id,
            issuer_did=order.issuer.did,
            holder_did=order.holder_did,
            claims=dict(order.content),
        )
        self.making.write(uow, order.caller, grant)
        data = {
            "grant_id": grant.grant_id,
            "credential_type": grant.credential_type,
            "credential_id": record.credential_id,
        }
        self.notices.tell(uow, NoticeKind.CREDENTIAL_READY, [holder.user_id], data)
        return replace(record, grant_id=grant.grant_id)

    def _present(self, uow: UnitOfWork, order: IssuanceOrder) -> Person:
        view = Registry.within(uow, order.caller.epoch)
        self.require_authority(order.caller, view)
        self.require_state(view)
        present = uow.types.get(self.kind.value)
        if present is None or not present.active:
            raise PolicyViolation(f"{self.kind.value} is retired; nothing new is granted.")
        _require_no_more(present)
        return self._improver(view)

    def _improver(self, view: RegistryView) -> Person:
        holder = self._holder(view)
        if holder is None or not holder.is_improver:
            raise NotAnApprovedImprover("The holder is no approved improver.")
        return holder

    def _holder(self, view: RegistryView) -> Person | None:
        """The person behind the holder's DID: who proved to control it, else for whom its keys are kept here."""
        person = view.person_by_did(self.holder_did)
        if person is not None:
            return person
        record = view.did(self.holder_did)
        return view.person(record.owner_user_id) if record is not None and record.owner_user_id is not None else None


def _require_no_more(kind: CredentialType) -> None:
    """Refuse what an order cannot give: a second reviewer, or a note; raises PolicyViolation."""
    if kind.approval_note_required:
        raise PolicyViolation(f"{kind.value} asks for a note, so a reviewer grants it.")
    if not kind.is_granted_directly:
        raise PolicyViolation(f"{kind.value} asks for two reviewers, who approve a request for it.")


def owner_of(caller: Caller, view: RegistryView) -> Person | None:
    """Who answers for what a caller issues: the person themselves, the key's owner, or whom an agent acts for."""
    if caller.acting is not None:
        delegator = view.did(caller.acting)
        owner = delegator.owner_user_id if delegator is not None else None
        return view.person(owner) if owner is not None else None
    if caller.person is not None:
        return view.person(caller.person.user_id)
    if not caller.is_key or caller.credential_digest is None:
        return None
    key = view.api_key(caller.credential_digest)
    return view.person(key.owner_user_id) if key is not None and key.owner_user_id is not None else None
