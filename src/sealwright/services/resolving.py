"""Resolving DIDs: those kept here first, then those that carry their own key, then, if allowed, the network."""

from __future__ import annotations

from functools import lru_cache

from sealwright.domain.dids import DIDRecord, MethodState
from sealwright.services.registry import Registry
from sealwright.vc.dids.document import DIDDocument, parse_did_document
from sealwright.vc.dids.resolver import DIDResolver, GenericResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import dump_json, parse_json
from sealwright.vc.errors import DIDNotFound, InvalidDID, UnsupportedDIDMethod


@lru_cache(maxsize=4_096)
def _parsed(document: bytes) -> DIDDocument:
    source = parse_json(document)
    if not isinstance(source, dict):
        raise InvalidDID("A stored DID document is no object.")
    return parse_did_document(source)


@lru_cache(maxsize=4_096)
def _resolved(document: bytes, is_active: bool, compromised: frozenset[str]) -> ResolvedDID:
    return ResolvedDID(_parsed(document), deactivated=not is_active, compromised_methods=compromised)


def resolved_from_record(record: DIDRecord) -> ResolvedDID:
    """What a DID kept here resolves to, with the methods whose keys are known to be out."""
    out = frozenset(method.id for method in record.methods if method.state is MethodState.COMPROMISED)
    return _resolved(record.document, record.is_active, out)


def generic_document(did: str) -> bytes:
    """The document of a did:key or did:jwk, as bytes."""
    return dump_json(GenericResolver().resolve(did).document.to_json())


class OfficeResolver:
    """The resolver of the whole office.

    Args:
        registry: DIDs kept here; always asked first.
        web: Resolves others' did:web over the network, where the settings allow it; None where they do not.
    """

    def __init__(self, registry: Registry, web: DIDResolver | None) -> None:
        self._registry = registry
        self._generic = GenericResolver()
        self._web = web

    def resolve(self, did: str) -> ResolvedDID:
        """Look a DID up.

        Raises:
            InvalidDID, InvalidKey: Malformed.
            UnsupportedDIDMethod: No road to it is open here.
            DIDNotFound: A did:adi that is not kept here, a did:web that does not exist, or a short did:peer.
            DIDUnresolvable: It could not be looked up now.
        """
        method = parse_did(did).method
        record = self._registry.current().did(did)
        if record is not None and record.did == did:
            return resolved_from_record(record)
        if method in ("key", "jwk", "peer"):
            return self._generic.resolve(did)
        if method == "adi":
            raise DIDNotFound(f"{did} is not kept here.")
        if method == "web" and self._web is not None:
            return self._web.resolve(did)
        raise UnsupportedDIDMethod(f"DIDs of method did:{method} are not looked up here.")
