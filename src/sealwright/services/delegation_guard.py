"""What an order for a delegation hangs on: who may begin a chain, and what the delegation above leaves to hand on.

The same guard stands before every way to a delegation. It is asked when the order is checked and in both transactions
of the issuing line, where the chain above is locked, so that none can end between the question and the storing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, ReasonCode, StatusPurpose
from sealwright.domain.delegation_errors import REFUSALS, DelegationNotFound, refusal_of
from sealwright.domain.delegations import Delegation
from sealwright.domain.errors import PolicyViolation, SchemaNotAuthorized
from sealwright.domain.ids import credential_urn, new_id, uid_from_text
from sealwright.domain.people import Caller
from sealwright.services.authorizing_parties import is_party
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_events import told_of
from sealwright.services.delegation_standing import STATUS_FALLS, falls_of, root_may, terms_of
from sealwright.services.orders import IssuanceOrder, OrderGuard
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import Registry, RegistryView
from sealwright.vc.canon.spelling import last_step
from sealwright.vc.credentials.form import texts_of
from sealwright.vc.delegation.judging import BUDGETS
from sealwright.vc.delegation.meanings import texts_in
from sealwright.vc.delegation.narrowing import Widening, covers, loop_fault, narrowing_faults, own_faults
from sealwright.vc.delegation.reading import DELEGATION_TYPE, terms_of_claims
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault
from sealwright.vc.proofs.registry import disclosure_suite

CLAIMS: Final = "/claims"
ISSUING: Final = "credential:issue"
END: Final = "/expirationDate"
_TYPED: Final = rb"<http://www\.w3\.org/1999/02/22-rdf-syntax-ns#type> <([^>]*)>"
_OWN_ROAD: Final = "Delegations are made one by one, through their own routes."
_LONGEST: Final = max(budget.period for budget in BUDGETS.values())
_NO_PARENT: Final = "No such delegation is kept here."
_PARENT: Final = ("parent",)
_DELEGATOR: Final = ("delegator",)


class Revoking(Protocol):
    """Revokes one credential in a unit of work that is open."""

    def revoke(
        self, uow: UnitOfWork, caller: Caller, credential_id: str, reason: str, reason_code: ReasonCode
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Replacement:
    """The delegation that a new one takes the place of, in one act.

    Args:
        old: As it was when the order was made; what it says never changes.
        reason: Why, for the office and the holder.
    """

    old: Delegation
    reason: str
    revoking: Revoking


@dataclass(frozen=True, slots=True)
class DelegationGuard:
    """One order for a delegation.

    Args:
        terms: What it says, with the DIDs and the parent by their canonical ids.
        above: Ids of the delegations above it, the root first, which never change.
    """

    registry: Registry
    terms: DelegationTerms
    above: tuple[str, ...] = ()
    replaces: Replacement | None = None

    @property
    def key(self) -> str:
        """Sorts guards by the delegation above, whose chain they lock."""
        return f"delegation:{'/'.join(self.above)}:{self.terms.delegator}"

    def require(self, above: Sequence[Delegation], view: RegistryView, now: datetime) -> None:
        """Refuse what may not be delegated now, with every fault at once.

        Args:
            above: The chain above, the root first; empty for a root.

        Raises:
            DelegationNotFound: The parent is not kept here.
            DelegationRefused: By the first fault; all of them stand in `faults`.
        """
        if self.terms.parent is not None and not above:
            fault = Fault(child(CLAIMS, "parent"), DelegationCode.NOT_FOUND.value, _NO_PARENT)
            raise DelegationNotFound(_NO_PARENT, faults=(fault,))
        faults = tuple(_fault(one) for one in self._faults(above, view, now))
        if faults:
            raise refusal_of(faults)

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:
        """Ask everything again inside the transaction; raises as `require`.

        Nothing is locked: this transaction may hold status lists already, and what it stores is asked about again.
        """
        self._present(uow, order, now, locks=False)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Write the delegation down beside its credential, and end the one that it takes the place of.

        Raises:
            As `require`; also what revoking refuses.
        """
        above = self._present(uow, order, now, locks=True)
        made = Delegation(
            delegation_id=new_id("dlg"),
            uid=record.uid,
            lineage=tuple(one.delegation_id for one in above),
            delegator_did=self.terms.delegator,
            delegate_did=self.terms.delegate,
            scope=self.terms.scope,
            constraints=self.terms.constraints,
            max_depth=self.terms.max_depth,
            created_at=record.issued_at,
            expires_at=_end_of(record),
            made_by=order.caller.user_id,
            verification_method=record.verification_method,
            credential_status=record.status,
            suspendable=record.suspendable,
            supersedes=self.replaces.old.delegation_id if self.replaces is not None else None,
        )
        uow.delegations.add(made)
        uow.audit.append(_created(made, order.caller, now))
        if self.replaces is not None:
            # What was spent was spent under the same authority: nobody gets a fresh budget by losing a part of it.
            uow.delegations.carry(self.replaces.old.delegation_id, made.delegation_id, now - _LONGEST)
            self._end_old(uow, order.caller, self.replaces)
        return record

    def _present(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime, *, locks: bool) -> tuple[Delegation, ...]:
        above: tuple[Delegation, ...] = ()
        if self.above and locks:
            locked = uow.delegations.lock(self.above)
            above = tuple(locked[one] for one in self.above)
        elif self.above:
            above = uow.delegations.chain(self.above[-1])
        self.require(above, self.registry.inside(uow, order.caller.epoch), now)
        if self.replaces is not None:
            old_id = self.replaces.old.delegation_id
            # The ledger's lock lets two who narrow the same delegation come one after the other.
            old = uow.delegations.lock([old_id], for_use=True).get(old_id) if locks else uow.delegations.get(old_id)
            require_active(old, now)
        return above

    def _end_old(self, uow: UnitOfWork, caller: Caller, replaced: Replacement) -> None:
        old = replaced.old
        # Who may hand a part of their authority on may take it back, whichever of their DIDs the key is bound to.
        acting = replace(caller, issuer_dids=caller.issuer_dids | {old.delegator_did})
        replaced.revoking.revoke(uow, acting, old.credential_id, replaced.reason, ReasonCode.SUPERSEDED)

    def _faults(self, above: Sequence[Delegation], view: RegistryView, now: datetime) -> Iterator[Widening]:
        yield from own_faults(self.terms)
        if not above:
            if root_may(self.terms.delegator, view) is not True:
                detail = "A chain begins with an active human or organization that still may act."
                yield Widening(DelegationCode.ROOT_INVALID, _DELEGATOR, detail)
        else:
            for fall in falls_of(above, view, now):
                yield Widening(fall.code, _PARENT, fall.detail)
            hops = terms_of(above)
            yield from narrowing_faults(hops[-1], self.terms)
            loop = loop_fault(hops, self.terms)
            if loop is not None:
                yield loop
        if self.replaces is not None:
            yield from _beyond(self.replaces.old, self.terms)


class DelegationGate:
    """Puts the guard before every order against the schema of delegations."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def guarded(self, order: IssuanceOrder, view: RegistryView) -> IssuanceOrder:
        """Give an order as it may be signed: what delegates carries its guard, and names everybody canonically.

        Raises:
            SchemaNotAuthorized: It would let others issue what the caller's key does not cover.
            PolicyViolation: A delegation without a revocation entry, under a suite that can hide its limits, or by a
                road that does not lead to delegations.
            DelegationNotFound, DelegationRefused: As `DelegationGuard.require`.
        """
        if order.schema is None or order.schema.schema_id not in DELEGATION_SCHEMAS:
            return order
        replaces = _replacement(order.guard)
        if StatusPurpose.REVOCATION not in order.purposes:
            raise _unfit("/revocable", "A delegation must be revocable.")
        if disclosure_suite(order.proof_type) is not None:
            raise _unfit("/proofType", "A delegation is signed as a whole: nobody may hide its limits.")
        content = _canonical(order, view)
        terms = terms_of_claims(content, expires=order.expiration, pointer=CLAIMS)
        above = view.delegation_chain(terms.parent) if terms.parent is not None else ()
        if above and not is_party(order.caller, above, view):
            # What strangers would widen, they are not told: else they could feel their way along its limits.
            above = ()
        guard = DelegationGuard(self._registry, terms, tuple(one.delegation_id for one in above), replaces)
        _require_parties(order, terms)
        _require_covered(order.caller, terms)
        guard.require(above, view, self._clock.now())
        return replace(order, content=content, guard=guard)

    @staticmethod
    def require_other(schema_id: str) -> None:
        """Refuse the schema of delegations on roads that make none; raises PolicyViolation."""
        if schema_id in DELEGATION_SCHEMAS:
            raise PolicyViolation(_OWN_ROAD)

    @staticmethod
    def require_no_delegation(document: Mapping[str, JSONValue], canonical: bytes) -> None:
        """Refuse a caller's own document that is a delegation by its type's name, or by what would be signed.

        Raises:
            PolicyViolation: It is one.
        """
        typed = re.findall(_TYPED, canonical)
        names = [*texts_of(document.get("type")), *(one.decode("utf-8", "replace") for one in typed)]
        if any(last_step(name) == DELEGATION_TYPE for name in names):
            raise PolicyViolation(_OWN_ROAD)


def _unfit(pointer: str, detail: str) -> PolicyViolation:
    return PolicyViolation(detail, faults=(Fault(pointer, "POLICY_VIOLATION", detail),))


def _replacement(guard: OrderGuard | None) -> Replacement | None:
    if guard is None:
        return None
    if isinstance(guard, DelegationGuard):
        return guard.replaces
    raise PolicyViolation(_OWN_ROAD)


def _canonical(order: IssuanceOrder, view: RegistryView) -> dict[str, JSONValue]:
    """The claims with DIDs and the parent spelled as the signed document has to: an alias verifies nowhere."""
    content = dict(order.content)
    for name in ("delegator", "delegate"):
        value = content.get(name)
        record = view.did(value) if isinstance(value, str) else None
        if record is not None:
            content[name] = record.did
    parent = content.get("parent")
    if isinstance(parent, str):
        uid = uid_from_text(parent)
        if uid is not None:
            content["parent"] = credential_urn(uid)
    return content


def _require_parties(order: IssuanceOrder, terms: DelegationTerms) -> None:
    """Refuse a delegation in whose claims others stand than issue and hold it."""
    faults = []
    if terms.delegator != order.issuer.did:
        faults.append(_fault(Widening(DelegationCode.INVALID, _DELEGATOR, "The delegator is not the issuer.")))
    if terms.delegate != order.holder_did:
        faults.append(_fault(Widening(DelegationCode.INVALID, ("delegate",), "The delegate is not the holder.")))
    if faults:
        raise refusal_of(tuple(faults))


def _require_covered(caller: Caller, terms: DelegationTerms) -> None:
    """Refuse a key that is limited to some schemas, and would let somebody else issue others.

    Raises:
        SchemaNotAuthorized: It is.
    """
    if caller.schemas is None or not covers(terms.scope, ISSUING):
        return
    named = texts_in(terms.constraints.get("authorizedSchemas"))
    if named is None or not caller.schemas.issuperset(named):
        raise SchemaNotAuthorized("This key covers some schemas only: what it delegates names them, and no others.")


def _beyond(old: Delegation, terms: DelegationTerms) -> Iterator[Widening]:
    """What of a new delegation goes beyond the one that it is to take the place of."""
    # As a rule for children asks it: the new one stands for a child of the old one that loses no depth.
    stand_in = replace(
        terms_of((old,))[0], delegate=terms.delegator, max_depth=old.max_depth + 1, credential_id="urn:replaced"
    )
    yield from narrowing_faults(stand_in, replace(terms, parent="urn:replaced"))
    if terms.delegate != old.delegate_did:
        yield Widening(DelegationCode.INVALID, ("delegate",), "What is narrowed stays with its delegate.")


def _fault(widening: Widening) -> Fault:
    code = widening.code.value
    pointer = END
    if widening.path != ("expirationDate",):
        pointer = CLAIMS
        for step in widening.path:
            pointer = child(pointer, step)
    return Fault(pointer, code if code in REFUSALS else DelegationCode.INVALID.value, widening.detail)


def require_active(old: Delegation | None, now: datetime) -> None:
    """Refuse to narrow what is not active: the new one would be."""
    if old is None:
        raise DelegationNotFound(_NO_PARENT)
    told = STATUS_FALLS.get(old.status_at(now))
    if told is not None:
        raise REFUSALS[told[0].value](f"The delegation {told[1]}, so that nothing takes its place.")


def _end_of(record: CredentialRecord) -> datetime:
    assert record.expires_at is not None, "a delegation without an end is refused when it is checked"
    return record.expires_at


def _created(made: Delegation, caller: Caller, now: datetime) -> AuditEntry:
    return AuditEntry(
        actor=caller.actor,
        request_id=caller.request_id,
        action="delegation.created",
        object_type="delegation",
        object_id=made.delegation_id,
        at=now,
        after={"status": "active"},
        data=told_of(made),
    )
