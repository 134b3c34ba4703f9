"""DID documents: reading those of others without losing a member, and building ours."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from sealwright.vc.dids.syntax import parse_did, parse_did_url
from sealwright.vc.dids.verification_method import DID_CONTEXT, VerificationMethod, parse_verification_method
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DIDNotFound, Fault, InvalidDIDURL, MalformedDocument

RELATIONSHIPS: Final = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)
# A document with more keys than this is refused rather than worked through.
MAX_METHODS: Final = 256


@dataclass(frozen=True, slots=True)
class DIDDocument:
    """A DID document: its keys, what each may be used for, and the JSON it came from.

    Args:
        id: The DID.
        verification_methods: Methods of implemented types, embedded ones included.
        relationships: Purpose → ids of the methods listed for it, in order.
    """

    id: str
    verification_methods: tuple[VerificationMethod, ...]
    relationships: Mapping[str, tuple[str, ...]]
    _source: Mapping[str, JSONValue] = field(repr=False, compare=False)
    _by_id: Mapping[str, VerificationMethod] = field(repr=False, compare=False)

    def relationship(self, purpose: str) -> tuple[str, ...]:
        """Ids of the verification methods listed for a purpose; empty for a purpose that the document lacks."""
        return self.relationships.get(purpose, ())

    def method(self, method_id: str) -> VerificationMethod | None:
        """The verification method of this absolute id; None if it is absent or of a type we do not implement."""
        return self._by_id.get(method_id)

    def to_json(self) -> dict[str, JSONValue]:
        """The document with every member it came with; a copy that may be changed."""
        return copy.deepcopy(dict(self._source))


def build_did_document(
    did: str,
    methods: Sequence[VerificationMethod],
    *,
    relationships: Mapping[str, Sequence[str]],
    controller: str | None = None,
    services: Sequence[Mapping[str, JSONValue]] = (),
    also_known_as: Sequence[str] = (),
) -> DIDDocument:
    """Put a DID document together, with ``did/v1`` first and one context per method type after it.

    Args:
        did: The DID itself.
        methods: Its verification methods, retired ones too: old proofs still resolve to them.
        relationships: Purpose → method ids; purposes without methods are left out.
        controller: Another DID that may change this one.
        services: Service objects, written as given.
        also_known_as: Aliases.

    Raises:
        MalformedDocument: A relationship names an absent method, or two methods share an id.
        InvalidDID: `did` is not a DID.

    Spec: DID Core 1.0, "Core Properties".
    """
    parse_did(did)
    contexts: list[JSONValue] = [DID_CONTEXT, *dict.fromkeys(method.context for method in methods)]
    source: dict[str, JSONValue] = {"@context": contexts, "id": did}
    if controller is not None:
        source["controller"] = controller
    if also_known_as:
        source["alsoKnownAs"] = list(also_known_as)
    if methods:
        source["verificationMethod"] = [method.to_json() for method in methods]
    for purpose in RELATIONSHIPS:
        if relationships.get(purpose):
            source[purpose] = list(relationships[purpose])
    if services:
        source["service"] = [copy.deepcopy(dict(service)) for service in services]
    return parse_did_document(source)


def parse_did_document(source: Mapping[str, JSONValue]) -> DIDDocument:
    """Read a DID document; members that are not known are kept and given back by `to_json`.

    Raises:
        MalformedDocument: The structure breaks DID Core.
        InvalidDID: The id is not a DID.
        InvalidKey: A key of a known type is malformed or weak, or a private one is there.

    Spec: DID Core 1.0, "Data Model", "Verification Relationships".
    """
    did = source.get("id")
    if not isinstance(did, str):
        _refuse("/id", "INVALID_TYPE" if "id" in source else "MISSING_FIELD", "A DID document needs its DID as id.")
    parse_did(did)
    by_id: dict[str, VerificationMethod] = {}
    names: set[str] = set()
    for index, entry in enumerate(_list(source, "verificationMethod")):
        _take_method(entry, did, f"/verificationMethod/{index}", by_id, names)
    relationships: dict[str, tuple[str, ...]] = {}
    for purpose in RELATIONSHIPS:
        listed = []
        for index, entry in enumerate(_list(source, purpose)):
            pointer = f"/{purpose}/{index}"
            if isinstance(entry, str):
                listed.append(_reference(entry, did, pointer, names))
            else:
                # An embedded method serves only this purpose, by DID Core: it is listed nowhere else.
                listed.append(_take_method(entry, did, pointer, by_id, names))
        if listed:
            relationships[purpose] = tuple(listed)
    return DIDDocument(did, tuple(by_id.values()), relationships, copy.deepcopy(dict(source)), by_id)


def dereference(document: DIDDocument, did_url: str) -> dict[str, JSONValue]:
    """The key object that a verification method's address names, with context, id, type, controller and key.

    Raises:
        InvalidDIDURL: Not a DID URL with a fragment, or one of another DID.
        DIDNotFound: The document has no such method.

    Spec: DID Core 1.0, "DID URL Dereferencing"; Controlled Identifiers 1.0, "Retrieve Verification Method".
    """
    url = parse_did_url(did_url)
    if str(url.did) != document.id or not url.fragment or url.path or url.query is not None:
        raise InvalidDIDURL("The DID URL does not name a verification method of this DID document.")
    method = document.method(did_url)
    if method is None:
        raise DIDNotFound("The DID document has no such verification method.")
    return method.to_key_document()


def _take_method(
    entry: JSONValue, did: str, pointer: str, by_id: dict[str, VerificationMethod], names: set[str]
) -> str:
    if not isinstance(entry, dict):
        _refuse(pointer, "INVALID_TYPE", "A verification method must be an object.")
    method = parse_verification_method(entry, base=did, pointer=pointer)
    name = str(entry["id"]) if method is None else method.id
    name = did + name if name.startswith("#") else name
    if name in names or len(names) >= MAX_METHODS:
        # Two keys under one name would let a reader choose which of them a proof is checked with.
        _refuse(pointer, "INVALID_VALUE", "The verification method's id is taken, or there are too many methods.")
    names.add(name)
    if method is not None:
        by_id[name] = method
    return name


def _reference(entry: str, did: str, pointer: str, names: set[str]) -> str:
    name = did + entry if entry.startswith("#") else entry
    # A reference into the document must hit; one into another DID's document is legal and simply finds no key here.
    if name.startswith(did + "#") and name not in names:
        _refuse(pointer, "INVALID_VALUE", "The relationship names a verification method that the document lacks.")
    return name


def _list(source: Mapping[str, JSONValue], member: str) -> list[JSONValue]:
    value = source.get(member, [])
    if not isinstance(value, list):
        _refuse(f"/{member}", "INVALID_TYPE", f"{member} must be an array.")
    return value


def _refuse(pointer: str, code: str, detail: str) -> NoReturn:
    raise MalformedDocument(detail, faults=(Fault(pointer, code, detail),), pointer=pointer)
