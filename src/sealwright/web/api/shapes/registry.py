"""Bodies of the routes for credential schemas, DIDs, API keys and halts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import BOOLEAN, DID, OBJECT, PROOF_TYPE, TIMESTAMP, Node, closed, listed, text
from sealwright.web.shape import Body, Shape

NAME: Final[Node] = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}
_KIND: Final[Node] = {
    "type": "string",
    "enum": ["human", "organization", "agent", "platform"],
    "default": "human",
}
_LABEL: Final = text(200)
_SCHEMA_ID: Final = text(2048, "Id of a credential schema.")
_REASON: Final = text(2000)
_PROOF_TYPE_LIST: Final = listed(PROOF_TYPE, least=1, most=16)
_SERVICE: Final = closed(
    {
        "id": text(2048),
        "type": text(200),
        "serviceEndpoint": {"type": ["string", "object"], "minLength": 1, "maxLength": 2048},
    },
    required=("id", "type", "serviceEndpoint"),
)
_SERVICES: Final = listed(_SERVICE, most=32)

REGISTER_SCHEMA: Final = Shape(
    "RegisterSchema",
    closed(
        {
            "name": NAME,
            "version": {
                "type": "string",
                "pattern": "^(0|[1-9][0-9]{0,5})(\\.(0|[1-9][0-9]{0,5})){0,2}$",
                "default": "1.0",
            },
            "author": DID,
            "type": listed(
                {"type": "string", "pattern": "^[A-Z][A-Za-z0-9]{0,99}$"},
                least=1,
                most=16,
                description="Credential type names, beside VerifiableCredential.",
            ),
            "schema": {**OBJECT, "description": "JSON Schema 2020-12 for the claims."},
            "description": text(2000),
            "schemaId": text(2048, "`did:adi:schema:<name>-v<major>` when left out."),
            "restricted": {**BOOLEAN, "default": False},
            "allowedIssuers": listed(DID, most=1000),
            "revocationRequired": {**BOOLEAN, "default": False},
        },
        required=("name", "type", "schema"),
    ),
    example={
        "name": "street-repair-skill",
        "type": ["StreetRepairSkillCredential"],
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"level": {"type": "string"}},
            "required": ["level"],
            "additionalProperties": False,
        },
    },
)
UPDATE_SCHEMA: Final = Shape(
    "UpdateSchema",
    closed({"restricted": BOOLEAN, "allowedIssuers": listed(DID, most=1000)}, minProperties=1),
    example={"restricted": True, "allowedIssuers": ["did:adi:issuer001"]},
)
VALIDATE_CLAIMS: Final = Shape(
    "ValidateClaims",
    closed({"claims": OBJECT}, required=("claims",)),
    example={"claims": {"level": "senior"}},
)
NEEDED_REASON: Final = Shape(
    "Reason", closed({"reason": _REASON}, required=("reason",)), example={"reason": "Replaced."}
)
OPTIONAL_REASON: Final = Shape(
    "OptionalReason", closed({"reason": _REASON}), optional=True, example={"reason": "Replaced."}
)
NOTHING: Final = Shape("Nothing", closed({}), optional=True, example={})

CREATE_DID: Final = Shape(
    "CreateDid",
    closed(
        {
            "method": {
                "type": "string",
                "enum": ["adi", "key", "jwk", "web"],
                "default": "adi",
                "x-fault": "UNSUPPORTED_DID_METHOD",
            },
            "kind": _KIND,
            "name": _LABEL,
            "proofTypes": {**_PROOF_TYPE_LIST, "default": ["Ed25519Signature2020"]},
            "controller": DID,
            "operator": {**DID, "description": "Who answers for an agent; agents need one."},
            "services": _SERVICES,
            "path": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": "For did:web."},
        }
    ),
    optional=True,
    example={"method": "adi", "kind": "organization", "name": "City College"},
)


def _import_conflicts(body: Body) -> Iterable[Fault]:
    for index, key in enumerate(body.get("keys", ())):
        if "privateKeyJwk" in key and "publicKeyMultibase" in key:
            yield Fault(f"/keys/{index}", "CONFLICTING_FIELDS", "holds a private and a public key")


_KEY: Final = closed(
    {
        "privateKeyJwk": OBJECT,
        "publicKeyMultibase": text(2048),
        "purposes": listed(
            {
                "type": "string",
                "enum": [
                    "assertionMethod",
                    "authentication",
                    "keyAgreement",
                    "capabilityInvocation",
                    "capabilityDelegation",
                ],
            },
            least=1,
            most=5,
        ),
    },
    anyOf=[{"required": ["privateKeyJwk"]}, {"required": ["publicKeyMultibase"]}],
    missing="publicKeyMultibase",
)
IMPORT_DID: Final = Shape(
    "ImportDid",
    closed(
        {
            "did": {**DID, "description": "The DID, as it was given elsewhere."},
            "kind": _KIND,
            "name": _LABEL,
            "document": OBJECT,
            "keys": listed(_KEY, most=16),
            "generate": _PROOF_TYPE_LIST,
            "operator": DID,
            "aliases": listed(DID, most=16),
        },
        required=("did",),
    ),
    check=_import_conflicts,
    example={"did": "did:adi:issuer001", "kind": "organization", "name": "MIT", "generate": ["Ed25519Signature2020"]},
)
UPDATE_DID: Final = Shape(
    "UpdateDid",
    closed({"name": _LABEL, "services": _SERVICES, "controller": DID}, minProperties=1),
    example={"name": "City College"},
)
ROTATE_DID: Final = Shape(
    "RotateDid",
    closed({"proofType": PROOF_TYPE, "compromised": {**BOOLEAN, "default": False}, "reason": _REASON}),
    optional=True,
    example={"compromised": True, "reason": "A laptop was lost."},
)

CREATE_API_KEY: Final = Shape(
    "CreateApiKey",
    closed(
        {
            "name": _LABEL,
            "issuerDids": listed(DID, least=1, most=100),
            "schemas": listed(
                _SCHEMA_ID, least=1, most=100, description="All that are open to the DIDs when left out."
            ),
            "expiresAt": TIMESTAMP,
            "issuePerMinute": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        },
        required=("name", "issuerDids"),
    ),
    example={"name": "Registrar's system", "issuerDids": ["did:adi:issuer001"]},
)
ROTATE_API_KEY: Final = Shape(
    "RotateApiKey",
    closed({"overlapSeconds": {"type": "integer", "minimum": 0, "maximum": 604_800, "default": 0}}),
    optional=True,
    example={"overlapSeconds": 3600},
)
HALT: Final = Shape(
    "Halt",
    closed({"reason": _REASON, "issuer_did": DID, "schema_id": _SCHEMA_ID}, required=("reason",)),
    example={"reason": "A key may be out."},
)
