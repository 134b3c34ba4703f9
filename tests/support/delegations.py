"""An office in which people delegate to agents, and chains of delegations in one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sealwright.domain.credentials import CredentialRecord, IdempotencyScope, IssuanceRequest
from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDKind
from sealwright.domain.people import Caller
from sealwright.services.catalog_builtin import (
    DELEGATION_SCHEMAS,
    BuiltinSchema,
    delegation_schema_for,
    list_builtin,
)
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from sealwright.services.schemas import NewSchema
from tests.support.office import the_operator

HUMAN: Final = "did:adi:human001"
COMPANY: Final = "did:adi:company001"
AGENTS: Final = tuple(f"did:adi:agent:{number:04d}" for number in range(10))
AGENT: Final = AGENTS[0]
ENDS: Final = datetime(2026, 12, 31, 12, tzinfo=UTC)
LIMITS: Final[Mapping[str, Any]] = {"maxSpendPerDay": 100, "maxSpendPerTransaction": 40}


def furnish_delegations(office: Office, *, agents: int = 4) -> None:
    """Set the office up: a human, a company, agents that the human operates, and the schema of delegations."""
    office.acts.run(
        the_operator(office), lambda uow, me: office.people.initialize(uow, me, "Test Office"), changes_registry=True
    )
    bring_parties(office, agents=agents)


def bring_parties(office: Office, *, agents: int = 4, schemas: bool = True) -> None:
    """Add to an office that is set up whoever delegates, and the schemas of delegations."""
    bring(office, HUMAN, DIDKind.HUMAN)
    bring(office, COMPANY, DIDKind.ORGANIZATION)
    for did in AGENTS[:agents]:
        bring(office, did, DIDKind.AGENT)
    if schemas:
        register_delegations(office)


def register_delegations(office: Office) -> None:
    """Register the schemas of delegations."""
    for builtin in list_builtin():
        if builtin.schema_id in DELEGATION_SCHEMAS:
            register_schema(office, builtin)


def register_schema(office: Office, builtin: BuiltinSchema) -> None:
    """Register one schema as founding does."""
    wish = NewSchema(
        name=builtin.name,
        type=builtin.type,
        schema=builtin.schema,
        version=builtin.version,
        schema_id=builtin.schema_id,
    )
    office.schemas.prove(wish)
    office.acts.run(the_operator(office), lambda uow, me: office.schemas.register(uow, me, wish), changes_registry=True)


def bring(office: Office, did: str, kind: DIDKind, *, owner: str | None = None) -> None:
    """Import a DID with a key of its own; agents are operated by the human."""
    wish = ImportedDID(
        did=did,
        kind=kind,
        operator=HUMAN if kind is DIDKind.AGENT else None,
        generate=("Ed25519Signature2020",),
        aliases=(f"{did}...",),
        owner=owner,
    )
    office.acts.run(the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True)


def delegation_claims(delegator: str, delegate: str, parent: str | None = None, **changes: Any) -> dict[str, Any]:
    """The claims of a delegation to buy groceries, changed as wanted; a value of None leaves a member out."""
    claims = {
        "delegator": delegator,
        "delegate": delegate,
        "scope": ["purchase:*"],
        "constraints": dict(LIMITS),
        "maxDepth": 0,
        "parent": parent,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def delegation_request(
    delegator: str,
    delegate: str,
    parent: str | None = None,
    *,
    expires: datetime | None = ENDS,
    request: Mapping[str, Any] | None = None,
    **claims: Any,
) -> IssuanceRequest:
    """What the issue route makes of such claims."""
    said = delegation_claims(delegator, delegate, parent, **claims)
    members: dict[str, Any] = {
        "schema_id": delegation_schema_for(said.get("constraints", {})),
        "issuer_did": delegator,
        "holder_did": delegate,
        "claims": said,
        "expiration": expires,
        "proof_type": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": True,
        **(request or {}),
    }
    return IssuanceRequest(**members)


def issue_delegation(
    office: Office,
    delegator: str,
    delegate: str,
    parent: str | None = None,
    *,
    caller: Caller | None = None,
    scope_key: IdempotencyScope | None = None,
    **more: Any,
) -> CredentialRecord:
    """Issue one through the engine, as the issue route does."""
    view = office.registry.current()
    request = delegation_request(delegator, delegate, parent, **more)
    order = office.issuing.check(request, caller or the_operator(office), view)
    return office.issuing.issue(order, scope_key).record


def delegated(office: Office, delegator: str, delegate: str, parent: str | None = None, **more: Any) -> Delegation:
    """Issue one and give it as it is kept."""
    record = issue_delegation(office, delegator, delegate, parent, **more)
    kept = kept_delegation(office, record.credential_id)
    assert kept is not None
    return kept


def kept_delegation(office: Office, reference: str) -> Delegation | None:
    """A delegation as the store has it now."""
    with office.units(write=False) as uow:
        return uow.delegations.get(reference)


def chain_of(office: Office, *delegates: str, root: str = HUMAN, **more: Any) -> tuple[Delegation, ...]:
    """A chain from a root through delegates, each leaving as much depth as the next ones need; ends a day apart."""
    chain: list[Delegation] = []
    delegator = root
    for index, delegate in enumerate(delegates):
        parent = chain[-1].credential_id if chain else None
        terms = {"maxDepth": len(delegates) - 1 - index, "expires": ENDS - timedelta(days=index), **more}
        chain.append(delegated(office, delegator, delegate, parent, **terms))
        delegator = delegate
    return tuple(chain)
