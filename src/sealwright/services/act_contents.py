"""What exactly an act would sign or file: whoever approves it approves these very values, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.domain.credentials import IssuanceRequest
from sealwright.domain.delegations import FILED, SIGNED
from sealwright.services.delegation_guard import ISSUING
from sealwright.services.registry import RegistryView
from sealwright.services.review_values import NewRequest
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp

REQUESTING: Final = "credential:request"
CONTENT_OF: Final[Mapping[str, str]] = {ISSUING: SIGNED, REQUESTING: FILED}
"""By the actions that sign or file something: the member under which that stands."""


@dataclass(frozen=True, slots=True)
class ActForm:
    """An act as it is judged and as it is approved.

    Args:
        context: What limits are held against.
        content: What would be signed or filed, under ``credential`` or ``request``; an approval binds it.
    """

    action: str
    context: Mapping[str, JSONValue]
    content: Mapping[str, JSONValue]


def issuing_form(wish: IssuanceRequest, on_behalf_of: str | None, view: RegistryView) -> ActForm:
    """The act of issuing a credential.

    Args:
        wish: Its issuer is not looked at.
        on_behalf_of: The delegator that is named; None: whoever stands at the root of the chain.
    """
    schema = view.schema(wish.schema_id)
    signed: dict[str, JSONValue] = {
        # Whom an alias names may change until the act; what was approved does not.
        "schemaId": schema.schema_id if schema is not None else wish.schema_id,
        "holderDid": _canonical(wish.holder_did, view),
        "claims": dict(wish.claims),
        "proofType": wish.proof_type,
        "revocable": wish.revocable,
        "suspendable": wish.suspendable,
    }
    if wish.expiration is not None:
        signed["expirationDate"] = format_timestamp(wish.expiration)
    if wish.mandatory_pointers:
        signed["mandatoryPointers"] = list(wish.mandatory_pointers)
    context: dict[str, JSONValue] = {"schemaId": wish.schema_id, "resource": wish.holder_did}
    return ActForm(ISSUING, context, {SIGNED: {**signed, **_for_whom(on_behalf_of, view)}})


def requesting_form(wish: NewRequest, on_behalf_of: str | None, view: RegistryView) -> ActForm:
    """The act of filing a request for a credential; `on_behalf_of` as for `issuing_form`."""
    kind = view.credential_type(wish.credential_type)
    about: dict[str, JSONValue] = {"schemaId": kind.schema_id} if kind is not None else {}
    filed: dict[str, JSONValue] = {
        "credentialType": wish.credential_type,
        "allowUnlisted": wish.allow_unlisted,
        "answers": dict(wish.answers),
    }
    if wish.claims is not None:
        filed["claims"] = dict(wish.claims)
    if wish.note is not None:
        filed["note"] = wish.note
    context: dict[str, JSONValue] = {**about, "resource": wish.credential_type}
    return ActForm(REQUESTING, context, {FILED: {**filed, **_for_whom(on_behalf_of, view)}})


def _for_whom(on_behalf_of: str | None, view: RegistryView) -> dict[str, JSONValue]:
    return {"onBehalfOf": _canonical(on_behalf_of, view)} if on_behalf_of is not None else {}


def _canonical(reference: str, view: RegistryView) -> str:
    record = view.did(reference)
    return record.did if record is not None else reference
