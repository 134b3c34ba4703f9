"""From the words of the HTTP API to those of the command line: the same members, in snake_case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sealwright.vc.encoding.timestamps import format_timestamp

if TYPE_CHECKING:
    from sealwright.domain.access import PersonalToken
    from sealwright.domain.dids import DIDRecord
    from sealwright.domain.people import Person

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake(value: object) -> object:
    """Spell member names in snake_case, at every depth; stored documents (raw JSON) stay as they are."""
    if isinstance(value, Mapping):
        return {_CAPITAL.sub(lambda found: f"_{found[1].lower()}", str(name)): snake(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [snake(item) for item in value]
    return value


def snake_members(members: Mapping[str, object]) -> dict[str, object]:
    """The same for an object."""
    spelled = snake(members)
    return spelled if isinstance(spelled, dict) else {}


def moment(at: datetime | None) -> str | None:
    """A moment as text, or null."""
    return None if at is None else format_timestamp(at)


def person(record: Person) -> dict[str, object]:
    """Somebody with an account."""
    return {
        "user_id": record.user_id,
        "email": record.email,
        "verified": record.verified,
        "display_name": record.display_name,
        "roles": sorted(role.value for role in record.roles),
        "scopes": list(record.scopes),
        "wallets": [wallet.address for wallet in record.wallets],
        "holder_did": record.holder_did,
        "active": record.active,
        "created_at": format_timestamp(record.created_at),
    }


def token(record: PersonalToken, now: datetime, secret: str | None = None) -> dict[str, object]:
    """A personal token; with its secret when it was made just now."""
    shown: dict[str, object] = {"token": secret} if secret is not None else {}
    status = "revoked" if record.revoked_at is not None else "active" if record.is_active(now) else "expired"
    return {
        **shown,
        "token_id": record.token_id,
        "user_id": record.user_id,
        "name": record.name,
        "status": status,
        "created_at": format_timestamp(record.created_at),
        "expires_at": moment(record.expires_at),
    }


def did(record: DIDRecord) -> dict[str, object]:
    """A DID kept here, with its verification methods by id."""
    from sealwright.web.api import rendering

    members = snake_members(rendering.did(record, shows_owner=True))
    return {**members, "verification_methods": [method.id for method in record.methods]}
