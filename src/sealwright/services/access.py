"""Who is calling, and what they may do: the one authorization that every door asks.

It is asked when a call arrives and again, inside the transaction, at the moment of effect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sealwright.domain.access import ApiKey, BearerKind, digest_of
from sealwright.domain.dids import DIDKind, DIDRecord
from sealwright.domain.errors import (
    AccountInactive,
    IssuerNotAuthorized,
    IssuerNotFound,
    NotDIDOwner,
    NotSignedIn,
    SchemaNotAuthorized,
    SchemaNotFound,
)
from sealwright.domain.people import Actor, ActorKind, Caller, Person
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import RegistryView

MAX_BEARER_LENGTH: Final = 256
KEY_AUTH: Final = "api_key"
_REFUSAL: Final = "A valid bearer token is needed: it is absent, wrong, expired or revoked."
_SESSION_OVER: Final = "The session is over; sign in again."


class Access:
    """Authentication of bearer secrets and the rules of who may act for what."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def authenticate(self, authorization: str | None, view: RegistryView) -> Caller:
        """Tell who holds the bearer secret of an ``Authorization`` header.

        Raises:
            NotSignedIn: Absent, malformed, unknown, expired, revoked, or of another kind.
            AccountInactive: The person behind it is deactivated.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret or len(secret) > MAX_BEARER_LENGTH:
            raise NotSignedIn(_REFUSAL)
        return self._from_secret(secret[:3], digest_of(secret), view)

    def refresh(self, caller: Caller, view: RegistryView) -> Caller:
        """Look the caller up again under a newer epoch; the same refusals as at the door."""
        if caller.credential_digest is None:
            return replace(caller, epoch=view.epoch)
        if caller.session_id is not None:
            return self._from_session(caller, caller.credential_digest, view)
        kind = BearerKind.API_KEY if caller.is_key else BearerKind.PERSONAL_TOKEN
        present = self._from_secret(kind.value, caller.credential_digest, view)
        return replace(present, request_id=caller.request_id, acting=caller.acting)

    def _from_session(self, caller: Caller, digest: bytes, view: RegistryView) -> Caller:
        session = view.session(digest)
        person = view.person(session.user_id) if session is not None else None
        if session is None or person is None or not session.speaks_for(person, self._clock.now()):
            raise NotSignedIn(_SESSION_OVER)
        return replace(caller, epoch=view.epoch, person=person, signed_in_at=session.authenticated_at)

    def _from_secret(self, kind: str, digest: bytes, view: RegistryView) -> Caller:
        if kind == BearerKind.API_KEY.value:
            return self._from_api_key(digest, view)
        if kind == BearerKind.PERSONAL_TOKEN.value:
            return self._from_token(digest, view)
        raise NotSignedIn(_REFUSAL)

    def _from_api_key(self, digest: bytes, view: RegistryView) -> Caller:
        key = view.api_key(digest)
        if key is None or key.status_at(self._clock.now()) != "active":
            raise NotSignedIn(_REFUSAL)
        if key.owner_user_id is not None:
            owner = view.person(key.owner_user_id)
            if owner is None or not owner.active:
                raise NotSignedIn(_REFUSAL)
        actor = actor_of_key(key, view)
        if actor is None:
            raise NotSignedIn(_REFUSAL)
        return caller_of_key(key, actor, view)

    def _from_token(self, digest: bytes, view: RegistryView) -> Caller:
        token = view.token(digest)
        if token is None or not token.is_active(self._clock.now()):
            raise NotSignedIn(_REFUSAL)
        person = view.person(token.user_id)
        if person is None:
            raise NotSignedIn(_REFUSAL)
        if not person.active:
            raise AccountInactive("This account is deactivated.")
        return Caller(
            Actor(ActorKind.USER, person.user_id, "token"), view.epoch, credential_digest=digest, person=person
        )

    @staticmethod
    def may_act_for(caller: Caller, did: DIDRecord) -> bool:
        """Tell whether the caller may act as this DID: its bound key, its person, an admin, the operator.

        A part of the system may for the DIDs that it was given for one order, and so may a reviewer whose batch of a
        credential type is being signed, and an agent for whoever delegated the one act to it.
        """
        if caller.is_admin or did.did in caller.issuer_dids or did.did == caller.acting:
            return True
        return caller.person is not None and did.owner_user_id == caller.person.user_id

    @staticmethod
    def issuer(reference: str, view: RegistryView) -> DIDRecord:
        """Find the DID that is going to issue.

        Raises:
            IssuerNotFound: It is not kept here.
        """
        record = view.did(reference)
        if record is None:
            raise IssuerNotFound(f"No issuer DID {reference} is kept here.")
        return record

    def require_issuer(self, caller: Caller, did: DIDRecord) -> None:
        """Refuse callers that may not issue as this DID.

        Raises:
            IssuerNotAuthorized: The DID is not this caller's.
        """
        if not self.may_act_for(caller, did):
            raise IssuerNotAuthorized(f"This caller may not issue as {did.did}.")

    def require_owner(self, caller: Caller, did: DIDRecord) -> None:
        """Refuse callers that do not own this DID; keys of an issuer do not manage its DID.

        Raises:
            NotDIDOwner: The DID belongs to somebody else.
        """
        if caller.is_key or not self.may_act_for(caller, did):
            raise NotDIDOwner(f"{did.did} belongs to somebody else.")

    @staticmethod
    def schema(schema_id: str, view: RegistryView) -> SchemaRecord:
        """Find a credential schema.

        Raises:
            SchemaNotFound: It is not registered.
        """
        record = view.schema(schema_id)
        if record is None:
            raise SchemaNotFound(f"No credential schema {schema_id} is registered.")
        return record

    @staticmethod
    def require_schema(caller: Caller, issuer: DIDRecord, schema: SchemaRecord) -> None:
        """Refuse schemas that are restricted to others, or that this key does not cover.

        Raises:
            SchemaNotAuthorized: One of both.
        """
        if not schema.is_open_to(issuer.did):
            raise SchemaNotAuthorized(f"{schema.schema_id} is restricted to other issuers.")
        if caller.schemas is not None and schema.schema_id not in caller.schemas:
            raise SchemaNotAuthorized(f"This key does not cover {schema.schema_id}.")


def actor_of_key(key: ApiKey, view: RegistryView) -> Actor | None:
    """Whom a key stands for: the agent whose one DID it is bound to, else the key itself.

    None for the key of an agent that was decommissioned: it opens nothing any more.
    """
    if len(key.issuer_dids) == 1:
        did = view.did(key.issuer_dids[0])
        if did is not None and did.kind is DIDKind.AGENT:
            return Actor(ActorKind.AGENT, did.did, KEY_AUTH) if did.is_active else None
    return Actor(ActorKind.API_KEY, key.api_key_id, KEY_AUTH)


def caller_of_key(key: ApiKey, actor: Actor, view: RegistryView) -> Caller:
    """Whoever comes with an active key, as the registry has it now."""
    return Caller(
        actor,
        view.epoch,
        credential_digest=key.digest,
        issuer_dids=frozenset(key.issuer_dids),
        schemas=frozenset(key.schemas) if key.schemas is not None else None,
        issue_per_minute=key.issue_per_minute,
        api_key_id=key.api_key_id,
    )


def owned_dids(uow: UnitOfWork, person: Person | None) -> frozenset[str]:
    """Every DID whose keys are kept here for a person; none for a caller who is nobody's person."""
    if person is None:
        return frozenset()
    owned: set[str] = set()
    cursor: str | None = None
    while True:
        page = uow.dids.list(owner=person.user_id, limit=100, cursor=cursor)
        owned.update(record.did for record in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return frozenset(owned)
