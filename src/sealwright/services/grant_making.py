"""Making a grant: everything that must hold, what it will do, and writing it down, for approvals and direct grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.effect_lines import grant_line
from sealwright.domain.effects import Effects
from sealwright.domain.errors import GrantInForce, NotAnApprovedImprover, SchemaNotFound
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller, Person
from sealwright.services.fixed_claims import with_fixed_claims
from sealwright.services.grant_moves import GrantMoves, grant_event
from sealwright.services.order_checks import OrderChecks
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import Registry
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.tasks import SIGN_GRANTS
from sealwright.vc.encoding.strict_json import JSONValue, parse_json

# The call that makes a grant signs it too; if it dies, a chore takes over after this pause.
TAKEOVER: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a grant is made.

    Args:
        claims: What the credential is to say; None: what the schema fixes.
        expires_at: None takes the end from the type.
        hold: Signing waits for the undo window.
    """

    claims: Mapping[str, JSONValue] | None = None
    expires_at: datetime | None = None
    note: str | None = None
    request_id: str | None = None
    hold: bool = False


@dataclass(frozen=True, slots=True)
class PlannedGrant:
    """A grant that may be made, and what it will do."""

    grant: Grant
    effects: Effects


class GrantMaking:
    """The rules and the writing of new grants."""

    def __init__(
        self, checks: OrderChecks, schemas: SchemaShelf, moves: GrantMoves, clock: Clock, *, undo_window: timedelta
    ) -> None:
        self._checks = checks
        self._schemas = schemas
        self._moves = moves
        self._clock = clock
        self._window = undo_window

    @property
    def undo_window(self) -> timedelta:
        """How long pages may take a decision back."""
        return self._window

    def plan(self, uow: UnitOfWork, caller: Caller, person: Person, kind: CredentialType, terms: Terms) -> PlannedGrant:
        """Check everything that making a grant needs; nothing is written.

        Raises:
            NotAnApprovedImprover: The person is not, or no longer, one.
            GrantInForce: They hold the type.
            ClaimsDoNotMatchSchema and its kin: The claims are not what the schema asks for.
            ExpirationInPast, ExpirationTooFar: By the date.
            IssuingHalted, Sealed: The office does not issue now.
        """
        now = self._clock.now()
        require_free(uow, person, kind.value, now)
        schema = uow.schemas.get(kind.schema_id)
        if schema is None:
            raise SchemaNotFound(f"No credential schema {kind.schema_id} is registered.")
        content = parse_json(schema.content)
        claims = with_fixed_claims(content if isinstance(content, dict) else {}, terms.claims)
        claims = dict(self._schemas.check_claims(schema, claims))
        expires_at = terms.expires_at or kind.end_of_grant(now)
        self._checks.check_end(expires_at)
        self._checks.require_open(kind.issuer_did, [kind.schema_id], Registry.within(uow, caller.epoch))
        earlier = last_grant(uow, person.user_id, kind.value, now)
        grant = Grant(
            grant_id=new_id("grt"),
            user_id=person.user_id,
            credential_type=kind.value,
            issued_by=caller.user_id,
            issued_at=now,
            expires_at=expires_at,
            request_id=terms.request_id,
            supersedes=earlier.grant_id if earlier is not None else None,
            issuer_did=kind.issuer_did,
            note=terms.note,
            claims=claims,
            sign_after=now + (self._window if terms.hold and self._window else TAKEOVER),
        )
        return PlannedGrant(grant, self.effects_of(uow, grant))

    def effects_of(self, uow: UnitOfWork, grant: Grant) -> Effects:
        """What a new grant does."""
        opened = self._moves.gained(uow, grant).roles_opened
        return Effects(
            changed=True,
            summary=grant_line(grant.credential_type, expires_at=grant.expires_at, issues=True, roles_opened=opened),
            grants_created=(grant.grant_id,),
            credentials_issued=1,
            workflow_roles_opened=opened,
        )

    def write(self, uow: UnitOfWork, caller: Caller, grant: Grant) -> None:
        """Write a grant down, with its audit row; one of its type that the clock has ended is recorded as such first.

        Raises:
            GrantInForce: Somebody was faster.
        """
        for earlier in grants_of(uow, grant.user_id, grant.credential_type, grant.issued_at):
            locked = uow.grants.get_for_update(earlier.grant_id) if is_overdue(earlier, grant.issued_at) else None
            if locked is not None and is_overdue(locked, grant.issued_at):
                self._moves.expire(uow, locked)
        uow.grants.add(grant)
        if grant.sign_after is not None and grant.sign_after - grant.issued_at != TAKEOVER:
            # Held back until it can no longer be undone; all others are signed by whoever grants them.
            uow.jobs.wake(SIGN_GRANTS, at=grant.sign_after)
        uow.audit.append(
            grant_event(
                "grant.created", grant, caller.actor, caller.request_id, grant.issued_at, supersedes=grant.supersedes
            )
        )


def require_free(uow: UnitOfWork, person: Person, credential_type: str, now: datetime) -> None:
    """Refuse a grant to somebody who may not have it; raises NotAnApprovedImprover, GrantInForce."""
    if not person.is_improver:
        raise NotAnApprovedImprover("The person is not, or no longer, an approved improver.")
    held = uow.grants.in_force(person.user_id, credential_type, now)
    if held is not None:
        raise grant_in_force(held)


def grant_in_force(held: Grant) -> GrantInForce:
    """Name the grant that stands in the way."""
    return GrantInForce("The person holds a grant of this type.", extra={"grant_id": held.grant_id})


def grants_of(uow: UnitOfWork, user_id: str, credential_type: str, now: datetime) -> tuple[Grant, ...]:
    """A person's grants of one type, past and present."""
    found = uow.grants.of_person(user_id, status=None, now=now)
    return tuple(grant for grant in found if grant.credential_type == credential_type)


def last_grant(uow: UnitOfWork, user_id: str, credential_type: str, now: datetime) -> Grant | None:
    """The last grant of a type that a person had: the one that no other follows, whatever the clock told them apart."""
    found = grants_of(uow, user_id, credential_type, now)
    followed = {grant.supersedes for grant in found}
    return next((grant for grant in found if grant.grant_id not in followed), None)


def is_overdue(grant: Grant, now: datetime) -> bool:
    """Tell whether the clock has ended a grant and nobody has recorded it yet."""
    return grant.status is not GrantStatus.EXPIRED and grant.status_at(now) is GrantStatus.EXPIRED
