"""Bodies and answers of mass acts: revoking and issuing anew by schema, batch, key or time of issue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealwright.domain.batches import Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.services.mass_values import MassWish, ReissueWish
from sealwright.services.status_moves import Cause
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.batches import BATCH
from sealwright.web.api.shapes.credentials import CREDENTIAL_ID, MAX_BATCH, REASON, REASON_CODE
from sealwright.web.api.shapes.parts import BOOLEAN, DID, TIMESTAMP, Node, answer, closed, listed, text
from sealwright.web.shape import Body, Shape

NAME_MAX: Final = 200
_DRY_RUN: Final[Node] = {
    **BOOLEAN,
    "default": False,
    "description": "Tell what would happen, and change nothing.",
}
FILTER: Final[Node] = {
    **closed(
        {
            "schemaId": text(2048, "Only credentials of this schema."),
            "batchId": text(64, "Only credentials that this batch issued."),
            "verificationMethod": text(2048, "Only credentials that this key of the issuer signed, by its DID URL."),
            "issuedFrom": {**TIMESTAMP, "description": "Only those issued at this moment or later."},
            "issuedTo": {**TIMESTAMP, "description": "Only those issued at this moment or earlier."},
        }
    ),
    "description": "Which of the issuer's credentials; an empty object takes in all of them.",
}
_ISSUER: Final[Node] = {**DID, "description": "Whose credentials; with `filter`."}
_EXAMPLE_FILTER: Final = {
    "verificationMethod": "did:adi:issuer001#key-1",
    "issuedFrom": "2026-10-01T00:00:00Z",
}


def _window(body: Body) -> Iterable[Fault]:
    chosen = body.get("filter", {})
    first, last = chosen.get("issuedFrom"), chosen.get("issuedTo")
    if first is not None and last is not None and parse_rfc3339(first) > parse_rfc3339(last):
        yield Fault("/filter/issuedTo", "CONFLICTING_FIELDS", "lies before issuedFrom")


def _one_choice(body: Body) -> Iterable[Fault]:
    if "credentialIds" in body:
        for name in ("filter", "issuerDid", "name"):
            if name in body:
                yield Fault(f"/{name}", "CONFLICTING_FIELDS", "is for a choice by filter, not by credentialIds")
    elif "issuerDid" not in body:
        yield Fault("/issuerDid", "MISSING_FIELD", "is missing")
    yield from _window(body)


BATCH_REVOKE: Final = Shape(
    "BatchRevoke",
    closed(
        {
            "credentialIds": {**listed(CREDENTIAL_ID, least=1, most=MAX_BATCH), "x-too-many": "BATCH_TOO_LARGE"},
            "issuerDid": _ISSUER,
            "filter": FILTER,
            "name": text(NAME_MAX, "How the office calls the batch; with `filter`."),
            "reason": REASON,
            "reasonCode": REASON_CODE,
            "dryRun": _DRY_RUN,
        },
        required=("reason",),
        anyOf=[{"required": ["credentialIds"]}, {"required": ["filter"]}],
        missing="credentialIds",
    ),
    check=_one_choice,
    example={
        "issuerDid": "did:adi:issuer001",
        "filter": _EXAMPLE_FILTER,
        "reason": "The signing key was copied.",
        "reasonCode": "key_compromise",
    },
)


REISSUE: Final = Shape(
    "Reissue",
    closed(
        {
            "issuerDid": {**DID, "description": "Whose credentials are issued anew with its present key."},
            "filter": FILTER,
            "expirationDate": {
                **TIMESTAMP,
                "description": "For all of them; left out, each keeps that of the credential it replaces.",
            },
            "revokeOld": {
                **BOOLEAN,
                "default": True,
                "description": "Whether the replaced credentials are revoked once their successors are stored.",
            },
            "reason": {**REASON, "description": "Of their revocation; for the office's records, never public."},
            "reasonCode": {**REASON_CODE, "default": "superseded"},
            "name": text(NAME_MAX, "How the office calls the batches."),
            "dryRun": _DRY_RUN,
        },
        required=("issuerDid", "filter"),
    ),
    check=_window,
    example={
        "issuerDid": "did:adi:issuer001",
        "filter": _EXAMPLE_FILTER,
        "reason": "Issued anew with a new key.",
        "reasonCode": "key_compromise",
    },
)

_BY_STATUS: Final = answer("MassByStatus", {"valid": INTEGER, "suspended": INTEGER, "expired": INTEGER})
MASS_PREVIEW: Final = answer(
    "MassPreview",
    {
        "dryRun": BOOLEAN,
        "count": {**INTEGER, "description": "Credentials that the act would change."},
        "byStatus": {**_BY_STATUS, "description": "Of all that the filter finds and that are not revoked."},
        "notRevocable": {**INTEGER, "description": "Issued without a status entry; their rows would fail."},
        "notReissuable": {**INTEGER, "description": "Valid ones that nothing can be made of."},
        "grants": {**INTEGER, "description": "How many of `count` are credentials of grants."},
        "copies": {**INTEGER, "description": "How many of `count` are further forms of other credentials."},
        "sample": {**listed(STRING), "description": "Ids of the oldest ones, at most 10."},
    },
)
MASS_PREVIEW_EXAMPLE: Final = {
    "dryRun": True,
    "count": 4120,
    "byStatus": {"valid": 4118, "suspended": 2, "expired": 311},
    "notRevocable": 0,
    "notReissuable": 0,
    "grants": 0,
    "copies": 12,
    "sample": ["urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"],
}
REISSUED: Final = answer("Reissued", {"batches": {**listed(BATCH), "description": "One for each schema and form."}})


def selection_of(body: Mapping[str, Any]) -> Selection:
    """The selection of a checked body's filter."""
    chosen = body["filter"]
    first, last = chosen.get("issuedFrom"), chosen.get("issuedTo")
    return Selection(
        schema_id=chosen.get("schemaId"),
        batch_id=chosen.get("batchId"),
        verification_method=chosen.get("verificationMethod"),
        issued_from=parse_rfc3339(first) if first is not None else None,
        issued_to=parse_rfc3339(last) if last is not None else None,
        keeps_expiration="expirationDate" not in body,
    )


def mass_wish_of(body: Mapping[str, Any]) -> MassWish:
    """The wish of a checked body of `BATCH_REVOKE` that has a filter."""
    cause = Cause(body["reason"], ReasonCode(body.get("reasonCode", "unspecified")))
    return MassWish(body["issuerDid"], selection_of(body), cause, body.get("name"))


def reissue_wish_of(body: Mapping[str, Any]) -> ReissueWish:
    """The wish of a checked body of `REISSUE`."""
    expiration = body.get("expirationDate")
    cause = Cause(body.get("reason", "Issued anew."), ReasonCode(body.get("reasonCode", "superseded")))
    return ReissueWish(
        issuer_did=body["issuerDid"],
        selection=selection_of(body),
        expiration=parse_rfc3339(expiration) if expiration is not None else None,
        cause=cause,
        revoke_old=body.get("revokeOld", True),
        name=body.get("name"),
    )
