"""Who may have a batch: whoever may issue as its issuer, and for a credential type whoever may grant it.

It is asked at the door, inside each act's transaction, and again before each chunk, for whoever started the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import Batch, BatchFilter, BatchKind, Starter
from sealwright.domain.catalog import CredentialType
from sealwright.domain.deciding import may_review
from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import OutOfScope
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller, UserId, operator
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.access import Access, actor_of_key, caller_of_key, owned_dids
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.type_issuing import owner_of

HIDDEN = "No such batch."


class BatchAim(Protocol):
    """What authority over a batch depends on: a batch, or the wish for one."""

    @property
    def issuer_did(self) -> str: ...
    @property
    def schema_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """What a batch is issued under, as one view of the registry has it.

    Args:
        schema: None for revocations that are bound to none.
        kind: The credential type that the schema belongs to.
    """

    issuer: DIDRecord
    schema: SchemaRecord | None
    kind: CredentialType | None


class BatchAuthority:
    """The one rule of who may make, move and read batches."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock

    def require(self, caller: Caller, aim: BatchAim, view: RegistryView) -> BatchStanding:
        """Refuse whoever may not issue such a batch now; gives what it is issued under.

        Raises:
            IssuerNotFound, SchemaNotFound: What it names is not kept here.
            IssuerNotAuthorized, SchemaNotAuthorized: The caller may not issue as this issuer, or after this schema.
            OutOfScope: The credential type lies outside the scope of whoever answers for the caller.
        """
        standing = self._standing(aim, view)
        if standing.kind is not None and _reviews(caller, standing):
            return standing
        self._access.require_issuer(caller, standing.issuer)
        if standing.schema is not None:
            self._access.require_schema(caller, standing.issuer, standing.schema)
        if standing.kind is not None and caller.actor.kind is not ActorKind.OPERATOR:
            owner = owner_of(caller, view)
            if owner is None or not may_review(owner, standing.kind.value):
                raise OutOfScope("This credential type lies outside the issuer scope of whoever the key belongs to.")
        return standing

    def require_visible(self, caller: Caller, batch: Batch | None, view: RegistryView) -> Batch:
        """Give a batch that the caller may read, pause and cancel.

        A schema that was restricted since then hides no batch of the issuer's own. Mass revocations are the issuer's
        alone: reviewers, who cannot make one, stop none.

        Raises:
            BatchNotFound: Missing, or not this caller's to see: the two look alike.
        """
        if batch is None:
            raise BatchNotFound(HIDDEN)
        issuer = view.did(batch.issuer_did)
        if issuer is None:
            raise BatchNotFound(HIDDEN)
        covered = caller.schemas is None or batch.schema_id is None or batch.schema_id in caller.schemas
        if covered and self._access.may_act_for(caller, issuer):
            return batch
        if batch.kind is not BatchKind.ISSUE or batch.schema_id is None:
            raise BatchNotFound(HIDDEN)
        kind = view.type_by_schema(batch.schema_id)
        if kind is not None and kind.issuer_did == issuer.did and caller.covers(kind.value):
            return batch
        raise BatchNotFound(HIDDEN)

    @staticmethod
    def sight(uow: UnitOfWork, caller: Caller, wanted: BatchFilter) -> BatchFilter:
        """Narrow a list to what the caller may see: batches of their DIDs, and of the types that they review."""
        if caller.is_admin:
            return wanted
        if caller.person is None:
            return replace(wanted, issuer_dids=caller.issuer_dids, credential_types=frozenset())
        person = caller.person
        is_reviewer = person.active and AccountRole.ISSUER in person.roles
        return replace(
            wanted,
            issuer_dids=owned_dids(uow, person),
            credential_types=frozenset(person.scopes) if is_reviewer else frozenset(),
        )

    def caller_of(self, starter: Starter, view: RegistryView) -> Caller | None:
        """Stand for whoever started a batch, as they are now; None where they may do nothing any more.

        The session or token that they came with is not asked about: it may end, their right may not.
        """
        if starter.kind is ActorKind.OPERATOR:
            return operator(starter.id, epoch=view.epoch)
        if starter.kind is ActorKind.API_KEY:
            return self._key_caller(starter.id, view)
        if starter.kind is not ActorKind.USER:
            return None
        person = view.person(UserId(starter.id))
        actor = Actor(starter.kind, starter.id, starter.auth)
        return Caller(actor, view.epoch, person=person) if person is not None and person.active else None

    def _key_caller(self, api_key_id: str, view: RegistryView) -> Caller | None:
        key = view.api_key_called(api_key_id)
        if key is None or key.status_at(self._clock.now()) != "active":
            return None
        if key.owner_user_id is not None:
            owner = view.person(key.owner_user_id)
            if owner is None or not owner.active:
                return None
        actor = actor_of_key(key, view)
        return caller_of_key(key, actor, view) if actor is not None else None

    def _standing(self, aim: BatchAim, view: RegistryView) -> BatchStanding:
        issuer = self._access.issuer(aim.issuer_did, view)
        if aim.schema_id is None:
            return BatchStanding(issuer, None, None)
        schema = self._access.schema(aim.schema_id, view)
        return BatchStanding(issuer, schema, view.type_by_schema(schema.schema_id))


def starter_of(caller: Caller) -> Starter:
    """Name a caller so that they can be asked for again: an agent by the key that it came with."""
    if caller.api_key_id is not None:
        return Starter(ActorKind.API_KEY, caller.api_key_id, caller.actor.auth)
    return Starter(caller.actor.kind, caller.actor.id, caller.actor.auth)


def signing_caller(caller: Caller, standing: BatchStanding) -> Caller:
    """The caller as whom a batch is signed: reviewers act for the issuer of the type, for this batch alone."""
    if standing.kind is None or not _reviews(caller, standing):
        return caller
    return replace(caller, issuer_dids=caller.issuer_dids | {standing.issuer.did})


def _reviews(caller: Caller, standing: BatchStanding) -> bool:
    """Tell whether somebody grants the type, signed by the issuer that the type names."""
    kind = standing.kind
    return kind is not None and kind.issuer_did == standing.issuer.did and caller.covers(kind.value)
