"""What the checks of an order ask of others: of the catalog, whose types make grants, and of delegations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.orders import IssuanceOrder, OrderGuard
from sealwright.services.registry import RegistryView
from sealwright.vc.encoding.strict_json import JSONValue


class TypeGuard(OrderGuard, Protocol):
    """The guard of an order against a credential type's schema: whoever has it stored makes a grant."""

    def require_authority(self, caller: Caller, view: RegistryView) -> None:
        """Raises OutOfScope, SelfDecision."""

    def require_state(self, view: RegistryView) -> None:
        """Raises NotAnApprovedImprover, GrantInForce."""

    def require_policy(self, *, revocable: bool) -> None:
        """Raises PolicyViolation: the type is retired, or its credentials must be revocable."""

    def end_of_grant(self, now: datetime) -> datetime | None:
        """When a grant made now ends by itself."""


class TypeGate(Protocol):
    """Knows which credential schemas belong to the catalog."""

    def guard_for(self, schema: SchemaRecord, holder_did: str, view: RegistryView) -> TypeGuard | None:
        """The guard of an order against this schema; None where it belongs to no credential type."""


class DelegationGate(Protocol):
    """Knows which orders delegate, and which roads lead there."""

    def guarded(self, order: IssuanceOrder, view: RegistryView) -> IssuanceOrder:
        """Give an order with the guard of what it delegates, others as they came.

        Raises:
            PolicyViolation, DelegationNotFound, DelegationRefused: It may not be delegated.
        """

    def require_other(self, schema_id: str) -> None:
        """Refuse the schema of delegations on roads that make none; raises PolicyViolation."""

    def require_no_delegation(self, document: Mapping[str, JSONValue], canonical: bytes) -> None:
        """Refuse a caller's own document that is a delegation by what would be signed; raises PolicyViolation."""
