"""Granting without a request, and ending, suspending and reinstating grants."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.credentials import ReasonCode
from sealwright.domain.errors import ConflictingFields
from sealwright.services.review_values import Granted, NewGrant
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import Fault
from sealwright.web.api import desk_rendering
from sealwright.web.api.shapes.review import (
    REVOKE_GRANT,
)
from sealwright.web.call import Call
from sealwright.web.reply import Reply, encode, json_reply

# What a grant's record says where the one route that allows it left the reason out.
NOT_STATED: Final = "not stated"


def grant(call: Call) -> Reply:
    """POST /issuers/credentials, and its other address."""
    body = call.body
    wish = NewGrant(
        user_id=body["user_id"],
        credential_type=body["credential_type"],
        expires_at=parse_rfc3339(body["expires_at"]) if "expires_at" in body else None,
        note=body.get("note"),
        claims=body.get("claims"),
        dry_run=body.get("dry_run", False),
    )
    return call.settle(
        lambda scope: call.office.granting.grant(call.caller, wish, scope=scope),
        lambda granted: _shown(call, granted, 200 if granted.dry_run else 201),
    )


def _shown(call: Call, granted: Granted, status: int = 200) -> Reply:
    told = desk_rendering.effects(granted.effects)
    # Whoever may act on a grant reviews its type, so nothing of it is held back.
    members = desk_rendering.grant(granted.grant, call.office.clock.now(), in_scope=True)
    if granted.dry_run:
        return json_reply({"dry_run": True, "grant": members, "effects": told})
    return json_reply({**members, "effects": told}, status)


def revoke(call: Call) -> Reply:
    """POST /issuer/credentials/revoke."""
    return _revoke(call, call.body)


def revoke_by_delete(call: Call) -> Reply:
    """DELETE /issuers/credentials, its members in the body or in the query."""
    members = dict(call.body)
    for name, value in call.query.items():
        if members.setdefault(name, value) != value:
            fault = Fault(f"/{name}", "CONFLICTING_FIELDS", "says another thing than the query")
            raise ConflictingFields("Query and body contradict each other.", faults=[fault])
    return _revoke(call, REVOKE_GRANT.read(encode(members)))


def _revoke(call: Call, members: dict[str, Any]) -> Reply:
    return call.once(
        lambda: call.office.granting.revoke(
            call.caller,
            user_id=members["user_id"],
            credential_type=members["credential_type"],
            reason=members.get("reason", NOT_STATED),
            reason_code=ReasonCode(members.get("reason_code", "unspecified")),
            dry_run=members.get("dry_run", False),
        ),
        lambda granted: _shown(call, granted),
    )
