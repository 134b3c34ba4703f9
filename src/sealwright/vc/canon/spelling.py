"""Members that verifiers read by name, and the names under which nobody would look for them.

What is signed are statements, and a statement says nothing of how it was spelled. Whoever holds a signed document could
write a member's whole IRI, or a name of a context of their own, in place of the term, and the signature would hold over
a status, an end or a subject that no reader finds.

Spec: JSON-LD 1.1, "Terms", "Aliasing Keywords".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sealwright.vc.canon.terms import RDF_TYPE

_CREDENTIALS: Final = "https://www.w3.org/2018/credentials#"
_READ: Final = (
    *("credentialSchema", "credentialStatus", "credentialSubject", "expirationDate", "holder", "issuanceDate"),
    *("issuer", "relatedResource", "validFrom", "validUntil", "verifiableCredential"),
)
_SECURITY: Final = "https://w3id.org/security#"
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    **{_CREDENTIALS + name: frozenset({name}) for name in _READ},
    _SECURITY + "challenge": frozenset({"challenge"}),
    _SECURITY + "domain": frozenset({"domain"}),
    _SECURITY + "expiration": frozenset({"expires"}),
    "https://www.w3.org/ns/credentials/status#statusSize": frozenset({"statusSize"}),
    RDF_TYPE[1:-1]: frozenset(),
    "@id": frozenset({"@id", "id"}),
    "@type": frozenset({"@type", "type"}),
    **{keyword: frozenset({keyword}) for keyword in ("@graph", "@included", "@nest", "@reverse")},
}


def is_disguised(name: str, iri: str) -> bool:
    """Whether a member that verifiers read stands under a name by which they do not find it.

    Args:
        name: As it stands in the document.
        iri: What it expands to.
    """
    names = _NAMES.get(iri)
    return names is not None and name not in names


_LAST_STEP: Final = re.compile(r"[#/:]")
CREDENTIAL_TYPE: Final = _CREDENTIALS + "VerifiableCredential"
_ENVELOPES: Final = frozenset({CREDENTIAL_TYPE, _CREDENTIALS + "VerifiablePresentation"})
_AT_TOP: Final = frozenset(_CREDENTIALS + name for name in _READ)


def last_step(name: str) -> str:
    """What stands behind the last hash, slash or colon of a name or IRI."""
    return _LAST_STEP.split(name)[-1]


def is_read_whole(expanded: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> bool:
    """Whether a reader finds at the top of a credential or presentation all that it says there, and its own name.

    Under contexts of somebody's own an identifier has many spellings too, and a node may be described wherever it is
    named: below its own top, or from the other end of a statement. Under pinned contexts alone identifiers are spelled
    out, and the check of a document's form compares them.

    Args:
        expanded: The document in expanded form.
        document: As it stands.
    """
    top = expanded[0] if len(expanded) == 1 else {}
    types = {text for text in top.get("@type", ()) if isinstance(text, str)}
    if _ENVELOPES.isdisjoint(types):
        return True
    name = top.get("@id")
    if name is not None and name not in (document.get("id"), document.get("@id")):
        return False
    stack: list[Any] = [top]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack += node
        elif isinstance(node, dict):
            if node is not top and name is not None and node.get("@id") == name and _says_more(node, types):
                return False
            # What stands in a graph of its own is said there and not here; a JSON literal says nothing at all.
            stack += [value for member, value in node.items() if member not in {"@graph", "@value"}]
    return True


def _says_more(node: Mapping[str, Any], types: set[str]) -> bool:
    return not _AT_TOP.isdisjoint(node) or not types.issuperset(node.get("@type", ()))
