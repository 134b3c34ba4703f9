"""Whose a webhook endpoint is, and what it may hear: asked when it is made, and again for each event."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sealwright.domain.errors import RoleRequired
from sealwright.domain.people import AccountRole, ActorKind, Caller
from sealwright.domain.webhooks import Webhook
from sealwright.services.event_sight import EVERYTHING, Sight, sight_of_person
from sealwright.services.ports import UnitOfWork

ADMIN: Final = "admin"
API_KEY: Final = "api_key"
# Whoever keeps issuer DIDs, without a key's help.
KEEPER: Final = "user"
OPERATOR: Final = "operator"
# Those of an owner; beyond it there is rather a mistake in a loop than a need.
ENDPOINTS_OF_ONE: Final = 50


def owner_of(uow: UnitOfWork, caller: Caller) -> tuple[str, str]:
    """The kind and id under which a caller's endpoints stand.

    Raises:
        RoleRequired: A person who is no admin and keeps no issuer DID.
    """
    if caller.actor.kind is ActorKind.OPERATOR:
        return OPERATOR, caller.actor.id
    if caller.api_key_id is not None:
        return API_KEY, caller.api_key_id
    person = caller.require_person()
    if caller.is_admin:
        return ADMIN, caller.user_id
    if person is None or not sight_of_person(uow, person).issuer_dids:
        raise RoleRequired("Webhooks are for admins and for whoever keeps an issuer DID.")
    return KEEPER, caller.user_id


def may_manage(caller: Caller, webhook: Webhook) -> bool:
    """Tell whether an endpoint is the caller's, or the caller an admin."""
    if caller.is_admin:
        return True
    mine = (API_KEY, caller.api_key_id) if caller.is_key else (KEEPER, caller.user_id)
    return (webhook.owner_kind, webhook.owner_id) == mine


def sight_of_owner(uow: UnitOfWork, webhook: Webhook, now: datetime) -> Sight | None:
    """What an endpoint may hear now; None where its owner may hear nothing any more."""
    if webhook.owner_kind == OPERATOR:
        return EVERYTHING
    if webhook.owner_kind == API_KEY:
        return _sight_of_key(uow, webhook.owner_id, now)
    person = uow.people.get(webhook.owner_id)
    if person is None or not person.active:
        return None
    if webhook.owner_kind == ADMIN:
        return EVERYTHING if AccountRole.ADMIN in person.roles else None
    dids = sight_of_person(uow, person).issuer_dids
    return Sight(issuer_dids=dids) if dids else None


def _sight_of_key(uow: UnitOfWork, api_key_id: str, now: datetime) -> Sight | None:
    key = uow.api_keys.get(api_key_id)
    if key is None or key.status_at(now) != "active":
        return None
    if key.owner_user_id is not None:
        owner = uow.people.get(key.owner_user_id)
        if owner is None or not owner.active:
            return None
    return Sight(issuer_dids=frozenset(key.issuer_dids))
