"""Links to a part of one's credential over the API: made, listed and taken back by its holder alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sealwright.domain.disclosures import DEFAULT_LIFE
from sealwright.domain.people import Caller
from sealwright.services.disclosing import MadeDisclosure
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.shapes import disclosures as shapes
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def make(call: Call) -> Reply:
    """POST /api/v1/me/credentials/{id}/disclosures."""
    disclosing, credential_id = call.office.disclosing, call.params["id"]
    scope = call.scope()
    is_repeated = scope is not None and call.office.acts.replay(scope) is not None
    # Before the transaction, for it takes some work; an answer that was kept needs none.
    derived = "" if is_repeated else disclosing.derive(call.caller, credential_id, call.body["reveal"])
    seconds = call.body.get("expiresInSeconds")
    life = timedelta(seconds=seconds) if seconds is not None else DEFAULT_LIFE

    def act(uow: UnitOfWork, caller: Caller) -> MadeDisclosure:
        return disclosing.make(uow, caller, credential_id, derived, life=life)

    return call.perform(act, lambda made: json_reply(_rendered(made), 201), is_secret=True)


def list_own(call: Call) -> Reply:
    """GET /api/v1/me/credentials/{id}/disclosures."""
    made = call.office.disclosing.own(call.caller, call.params["id"])
    return json_reply({"items": [_rendered(one) for one in made]})


def take_back(call: Call) -> Reply:
    """DELETE /api/v1/me/credentials/{id}/disclosures/{disclosureId}."""
    disclosing, params = call.office.disclosing, call.params
    return call.perform(
        lambda uow, caller: disclosing.take_back(uow, caller, params["id"], params["disclosureId"]),
        lambda _: Reply(204, media_type=None),
    )


def _rendered(made: MadeDisclosure) -> dict[str, Any]:
    link = made.link
    return {
        "disclosureId": link.disclosure_id,
        "credentialId": made.credential_id,
        "address": made.address,
        "shown": link.shown,
        "opened": link.opened,
        "openedAt": format_timestamp(link.opened_at) if link.opened_at is not None else None,
        "createdAt": format_timestamp(link.created_at),
        "expiresAt": format_timestamp(link.expires_at),
    }


_PATH: Final = "/api/v1/me/credentials/{id}/disclosures"
_WHO: Final = "S (holder)"
_TAG: Final = "Delivery"

ROUTES: Final = (
    Route(
        "POST",
        _PATH,
        Audience.PERSON,
        _WHO,
        "Make a link to a part of a credential",
        make,
        (Answered(201, "The link, with its address.", shapes.DISCLOSURE, shapes.EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.MAKE,
        codes=(
            "CREDENTIAL_NOT_FOUND",
            "CREDENTIAL_ERASED",
            "DERIVATION_INVALID",
            "UNSUPPORTED_PROOF_TYPE",
            "STATE_CONFLICT",
            "SEALED",
            "AUDIT_UNAVAILABLE",
            *KEY_CODES,
        ),
        idempotent=True,
    ),
    Route(
        "GET",
        _PATH,
        Audience.PERSON,
        _WHO,
        "List the open links to parts of a credential",
        list_own,
        (Answered(200, "Open links, oldest first.", shapes.DISCLOSURES, shapes.LIST_EXAMPLE),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND", "SEALED"),
    ),
    Route(
        "DELETE",
        f"{_PATH}/{{disclosureId}}",
        Audience.PERSON,
        _WHO,
        "Take back a link to a part of a credential",
        take_back,
        (Answered(204, "It shows nothing any more."),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("CREDENTIAL_NOT_FOUND", "NOT_FOUND", "AUDIT_UNAVAILABLE"),
    ),
)
