"""Members that verifiers read by name, and the names under which nobody would look for them.

What is signed are statements, and a statement says nothing of how it was spelled. Whoever holds a signed document could
write a member's whole IRI, or a name of a context of their own, in place of the term, and the signature would hold over
a status, an end or a subject that no reader finds.

Spec: JSON-LD 1.1, "Terms", "Aliasing Keywords".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.vc.canon.terms import RDF_TYPE

_CREDENTIALS: Final = "https://www.w3.org/2018/credentials#"
_READ: Final = (
    *("credentialSchema", "credentialStatus", "credentialSubject", "expirationDate", "holder", "issuanceDate"),
    *("issuer", "validFrom", "validUntil", "verifiableCredential"),
)
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    **{_CREDENTIALS + name: frozenset({name}) for name in _READ},
    "https://w3id.org/security#expiration": frozenset({"expires"}),
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
