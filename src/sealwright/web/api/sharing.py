"""The public page of a credential over the API: read, switched and moved by its holder alone."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.people import Caller
from sealwright.services.ports import UnitOfWork
from sealwright.services.sharing import OwnShare
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.shapes import sharing as shapes
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def get(call: Call) -> Reply:
    """GET /api/v1/credentials/{id}/share; a page that nobody asked for yet gets its address."""
    own = call.office.acts.run(call.caller, lambda uow, caller: call.office.sharing.own(uow, caller, call.params["id"]))
    return json_reply(_rendered(own))


def switch(call: Call) -> Reply:
    """PUT /api/v1/credentials/{id}/share."""
    body, sharing, credential_id = call.body, call.office.sharing, call.params["id"]

    def act(uow: UnitOfWork, caller: Caller) -> OwnShare:
        sharing.switch(
            uow, caller, credential_id, is_on=body["isOn"], shown=body["shown"], is_listed=body.get("isListed", False)
        )
        return sharing.own(uow, caller, credential_id)

    return call.perform(act, lambda own: json_reply(_rendered(own)), is_secret=True)


def renew(call: Call) -> Reply:
    """POST /api/v1/credentials/{id}/share/renew."""
    sharing, credential_id = call.office.sharing, call.params["id"]

    def act(uow: UnitOfWork, caller: Caller) -> OwnShare:
        sharing.renew(uow, caller, credential_id)
        return sharing.own(uow, caller, credential_id)

    return call.perform(act, lambda own: json_reply(_rendered(own)), is_secret=True)


def _rendered(own: OwnShare) -> dict[str, Any]:
    share = own.share
    return {"address": own.address, "isOn": share.is_on, "shown": list(share.shown), "isListed": share.is_listed}


_PATH: Final = "/api/v1/credentials/{id}/share"
_WHO: Final = "S (holder)"
_TAG: Final = "Delivery"

ROUTES: Final = (
    Route(
        "GET",
        _PATH,
        Audience.PERSON,
        _WHO,
        "Read what a credential's public page shows",
        get,
        (Answered(200, "The page's address, and what it shows.", shapes.SHARE, shapes.SHARE_EXAMPLE),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND", "SEALED"),
    ),
    Route(
        "PUT",
        _PATH,
        Audience.PERSON,
        _WHO,
        "Choose what a credential's public page shows",
        switch,
        (Answered(200, "As it is now.", shapes.SHARE, shapes.SHARE_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.SWITCH_SHARE,
        codes=("CREDENTIAL_NOT_FOUND", "CREDENTIAL_ERASED", "SEALED", "AUDIT_UNAVAILABLE", *KEY_CODES),
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_PATH}/renew",
        Audience.PERSON,
        _WHO,
        "Give a credential's public page a new address",
        renew,
        (Answered(200, "The page at its new address.", shapes.SHARE, shapes.RENEWED_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("CREDENTIAL_NOT_FOUND", "SEALED", "AUDIT_UNAVAILABLE", *KEY_CODES),
        idempotent=True,
    ),
)
