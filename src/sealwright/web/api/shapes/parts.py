"""Parts that many shapes share."""

from __future__ import annotations

from typing import Any, Final

from sealwright.vc.proofs.registry import ISSUED_SUITES

Node = dict[str, Any]

DID: Final[Node] = {"type": "string", "format": "did", "description": "A DID, or an alias of one kept here."}
TIMESTAMP: Final[Node] = {"type": "string", "format": "date-time", "description": "RFC 3339 with a zone."}
BOOLEAN: Final[Node] = {"type": "boolean"}
OBJECT: Final[Node] = {"type": "object"}
URL: Final[Node] = {"type": "string", "format": "uri"}

_LISTED: Final = (
    "Ed25519Signature2020",
    "BbsBlsSignature2020",
    "eddsa-rdfc-2022",
    "eddsa-jcs-2022",
    "bbs-2023",
    "ecdsa-rdfc-2019",
    "ecdsa-jcs-2019",
    "ecdsa-sd-2023",
)
PROOF_TYPES: Final = tuple(sorted(ISSUED_SUITES, key=_LISTED.index))
"""Everything that can be issued, in the order in which it is documented."""

REASON_CODES: Final = (
    "unspecified",
    "issued_in_error",
    "requirements_not_met",
    "holder_request",
    "misconduct",
    "key_compromise",
    "superseded",
    "privilege_withdrawn",
)
STATUSES: Final = ("valid", "suspended", "revoked", "expired")

PROOF_TYPE: Final[Node] = {
    "type": "string",
    "enum": list(PROOF_TYPES),
    "x-fault": "UNSUPPORTED_PROOF_TYPE",
    "description": "How the credential is proved; the 2020 suites give a Data Model 1.1 document, the others 2.0.",
}


def text(longest: int, description: str | None = None) -> Node:
    """A text of 1 to `longest` characters."""
    node: Node = {"type": "string", "minLength": 1, "maxLength": longest}
    return node if description is None else {**node, "description": description}


def listed(item: Node, *, least: int = 0, most: int | None = None, description: str | None = None) -> Node:
    """A list of these."""
    node: Node = {"type": "array", "items": item}
    if least:
        node["minItems"] = least
    if most is not None:
        node["maxItems"] = most
    return node if description is None else {**node, "description": description}


MOST_POINTERS: Final = 200
POINTER: Final[Node] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 1024,
    "x-fault": "DERIVATION_INVALID",
    "description": "A JSON pointer (RFC 6901) into the credential.",
}
NONCE: Final[Node] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 1024,
    "contentEncoding": "base64",
    "description": "The verifier's, in base64: what a derived proof is bound to.",
}
MANDATORY_POINTERS: Final = listed(
    POINTER,
    most=MOST_POINTERS,
    description="What every derived proof must show beside the members that always stand; `bbs-2023` and "
    "`ecdsa-sd-2023` only.",
)


def closed(properties: Node, required: tuple[str, ...] = (), missing: str | None = None, **more: Any) -> Node:
    """An object that holds these members and no others.

    Args:
        missing: The member that is reported as missing when none of the choices of ``anyOf`` is there.
    """
    node: Node = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    if missing is not None:
        node["x-missing"] = missing
    return {**node, "required": list(required)} if required else node


def nullable(node: Node) -> Node:
    """The same, or null; for answers."""
    kind = node.get("type")
    changed: Node = {**node, "type": [kind, "null"] if isinstance(kind, str) else kind}
    if "enum" in node:
        changed["enum"] = [*node["enum"], None]
    return changed


def answer(title: str, properties: Node, *, optional: tuple[str, ...] = ()) -> Node:
    """An object that we answer with: every member is there, but for the optional ones."""
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def page_of(title: str, item: Node) -> Node:
    """A cursor list of these."""
    return answer(
        title,
        {
            "data": listed(item),
            "hasMore": BOOLEAN,
            "nextCursor": {"type": ["string", "null"], "description": "Give it as `cursor` for the next page."},
        },
    )
