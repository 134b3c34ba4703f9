"""What a reader finds in a credential must be all that is signed of it: each thing stands where it is looked for.

JSON-LD lets one node be described in several places, and its identifier and types be spelled by keyword. A signature
over statements holds in each case; a reader who looks for the status at the top of the credential, or for the `id` of
its subject, would not find what was moved or respelled.

Spec: JSON-LD 1.1, "Keywords"; the refusals are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sealwright.vc.credentials.form import Findings, as_objects, texts_of
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue

_ELSEWHERE: Final = frozenset({"@graph", "@included", "@nest", "@reverse"})
# Members that are looked for at the top of a credential and nowhere else.
_AT_TOP: Final = frozenset(
    {
        *("credentialSchema", "credentialStatus", "credentialSubject", "expirationDate", "issuanceDate", "issuer"),
        *("validFrom", "validUntil"),
    }
)
_READ_WHOLE: Final = ("issuer", "holder", "credentialStatus", "credentialSchema", "proof")
# Derived credentials name a node so that has no name of its own; it is nobody's identifier.
_PLACEHOLDER: Final = "urn:bnid:"


def check_places(document: Mapping[str, JSONValue], found: Findings, *, without: str | None = None) -> None:
    """Refuse what would be signed and not be read, wherever it stands.

    Args:
        document: A credential or presentation.
        found: Where faults are noted.
        without: A member at the top that is looked at by itself.
    """
    if _is_plain(document):
        return
    _check_keywords(document, "", (), found)
    for member in _READ_WHOLE:
        for pointer, part in as_objects(document.get(member), f"/{member}"):
            _check_keywords(part, pointer, (), found)
    for pointer, subject in as_objects(document.get("credentialSubject"), "/credentialSubject"):
        name = subject.get("@id")
        is_unnamed = isinstance(name, str) and name.startswith(_PLACEHOLDER) and "id" not in subject
        # A claim may be called `type`, and then the keyword alone states the type.
        _check_keywords(subject, pointer, ("@type", "@id") if is_unnamed else ("@type",), found)
    for pointer, part in _objects_in(document, without):
        if not _ELSEWHERE.isdisjoint(part):
            found.add(pointer, "UNKNOWN_FIELD", "An object describes others that stand somewhere else.")
        elif part is not document and _describes(part, document):
            found.add(pointer, "INVALID_VALUE", "A member of the credential stands below its top.")


def _is_plain(document: Mapping[str, JSONValue]) -> bool:
    """One quick walk: no keyword anywhere but for contexts, and no other object of the document's own name.

    Most documents are so, and nothing can be wrong with the places of those.
    """
    name = document.get("id")
    nodes: list[object] = [document]
    for node in nodes:
        if isinstance(node, dict):
            values: Iterable[object] = node.values()
            if "@" in "".join(node):
                if any(member[:1] == "@" and member != "@context" for member in node):
                    return False
                values = [value for member, value in node.items() if member != "@context"]
        elif isinstance(node, list):
            values = node
        else:
            return False
        for value in values:
            if type(value) is dict:
                if name is not None and value.get("id") == name:
                    return False
                nodes.append(value)
            elif type(value) is list:
                nodes.append(value)
    return True


def _describes(part: Mapping[str, JSONValue], document: Mapping[str, JSONValue]) -> bool:
    """Whether an object says of the credential what is looked for at its top, or that it is of another type too."""
    name = document.get("id")
    if not isinstance(name, str) or name not in (part.get("id"), part.get("@id")):
        return False
    types = {*texts_of(part.get("type")), *texts_of(part.get("@type"))}
    return not _AT_TOP.isdisjoint(part) or not types.issubset(texts_of(document.get("type")))


def _check_keywords(part: Mapping[str, JSONValue], pointer: str, allowed: Iterable[str], found: Findings) -> None:
    for name in part:
        if name.startswith("@") and name != "@context" and name not in allowed and name not in _ELSEWHERE:
            found.add(child(pointer, name), "UNKNOWN_FIELD", "Here identifiers and types go by id and type alone.")


def _objects_in(
    document: Mapping[str, JSONValue], without: str | None
) -> Iterator[tuple[str, Mapping[str, JSONValue]]]:
    """Every object of a document, contexts left out, with its pointer."""
    stack: list[tuple[str, JSONValue | Mapping[str, JSONValue]]] = [("", document)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, Mapping):
            yield pointer, node
            for name, value in node.items():
                if isinstance(value, dict | list) and name != "@context" and (node is not document or name != without):
                    stack.append((child(pointer, name), value))
        elif isinstance(node, list):
            stack += [(f"{pointer}/{index}", item) for index, item in enumerate(node) if isinstance(item, dict | list)]
