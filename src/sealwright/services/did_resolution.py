"""The DID resolver as others call it: results and errors in the shapes of the resolution specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sealwright.domain.dids import DIDRecord
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.vc.dids.document import DIDDocument, dereference, parse_did_document
from sealwright.vc.dids.methods import resolve_did_jwk, resolve_did_key
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import (
    DIDNotFound,
    DIDNotResolved,
    InvalidDID,
    InvalidDIDURL,
    InvalidKey,
    InvalidPublicKeyLength,
    InvalidPublicKeyType,
    UnsupportedDIDMethod,
    UnsupportedKeyType,
    VcError,
)

RESOLUTION_CONTEXT: Final = "https://w3id.org/did-resolution/v1"
_DOCUMENT_TYPE: Final = "application/did+ld+json"
# Error class → (error word, HTTP status); the first that fits counts.
_ERRORS: Final[tuple[tuple[type[VcError], str, int], ...]] = (
    (InvalidDIDURL, "invalidDidUrl", 400),
    (InvalidDID, "invalidDid", 400),
    (UnsupportedDIDMethod, "methodNotSupported", 501),
    (DIDNotFound, "notFound", 404),
    (DIDNotResolved, "notFound", 404),
    (InvalidPublicKeyLength, "invalidPublicKeyLength", 400),
    (InvalidPublicKeyType, "invalidPublicKeyType", 400),
    (UnsupportedKeyType, "unsupportedPublicKeyType", 400),
    (InvalidKey, "invalidDid", 400),
)


@dataclass(frozen=True, slots=True)
class ResolutionOptions:
    """What a caller may ask of a resolution, as texts of the query; None where nothing was said."""

    version_id: str | None = None
    public_key_format: str | None = None
    enable_experimental: bool = True


@dataclass(frozen=True, slots=True)
class ResolutionResult:
    """An answer of the resolver.

    Args:
        status: HTTP status.
        document: The DID document, or the dereferenced object; None on errors and for deactivated DIDs.
        metadata: ``didDocumentMetadata``.
        resolution: ``didResolutionMetadata``, or for a DID URL ``didDereferencingMetadata``.
        is_url: Whether a DID URL was dereferenced.
    """

    status: int
    document: Mapping[str, JSONValue] | None
    metadata: Mapping[str, JSONValue] = field(default_factory=dict)
    resolution: Mapping[str, JSONValue] = field(default_factory=dict)
    is_url: bool = False

    def body(self) -> dict[str, JSONValue]:
        """The result object; all four members always, on errors too."""
        return {
            "@context": RESOLUTION_CONTEXT,
            "didDocument": dict(self.document) if self.document is not None else None,
            "didDocumentMetadata": dict(self.metadata),
            "didDereferencingMetadata" if self.is_url else "didResolutionMetadata": dict(self.resolution),
        }


class ResolutionDesk:
    """Resolves DIDs and dereferences DID URLs for anyone.

    Spec: DID Resolution 0.3, "DID Resolution Algorithm", "DID URL Dereferencing Algorithm".
    """

    def __init__(self, units: UnitOfWorkFactory, registry: Registry, resolver: DIDResolver) -> None:
        self._units = units
        self._registry = registry
        self._resolver = resolver

    def resolve(self, reference: str, options: ResolutionOptions) -> ResolutionResult:
        """Answer a DID or a DID URL; never raises for what a caller may send."""
        is_url = any(mark in reference for mark in "#?/")
        try:
            return self._resolve(reference, options, is_url=is_url)
        except VcError as error:
            return _refusal(error, is_url=is_url)

    def _resolve(self, reference: str, options: ResolutionOptions, *, is_url: bool) -> ResolutionResult:
        url = parse_did_url(reference)
        did = str(url.did)
        version = _version(options.version_id)
        record = self._registry.current().did(did)
        if record is None:
            document, metadata = self._elsewhere(did, options), {}
        else:
            if not record.is_active and version is None:
                return _deactivated(record, is_url=is_url)
            document, metadata = self._kept(record, version), _metadata(record, version)
        if url.path or url.query:
            raise InvalidDIDURL("DID URLs with a path or a query are not dereferenced here.")
        shown = dereference(document, reference) if url.fragment else document.to_json()
        return ResolutionResult(200, shown, metadata, {"contentType": _DOCUMENT_TYPE}, is_url)

    def _elsewhere(self, did: str, options: ResolutionOptions) -> DIDDocument:
        if did.startswith("did:key:"):
            return resolve_did_key(
                did,
                public_key_format=options.public_key_format,
                allow_experimental=options.enable_experimental,
            )
        if did.startswith("did:jwk:"):
            return resolve_did_jwk(did)
        return self._resolver.resolve(did).document

    def _kept(self, record: DIDRecord, version: int | None) -> DIDDocument:
        source = record.document
        if version is not None and version != record.version:
            with self._units(write=False) as uow:
                found = [one.document for one in uow.dids.versions(record.did) if one.version == version]
            if not found:
                raise DIDNotFound("There is no such version.")
            source = found[0]
        parsed = parse_json(source)
        if not isinstance(parsed, dict):
            raise InvalidDID("A stored DID document is no object.")
        return parse_did_document(parsed)


def _version(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text[:10]) == 0 or len(text) > 9:
        raise InvalidDID("versionId is a positive integer.")
    return int(text)


def _metadata(record: DIDRecord, version: int | None) -> dict[str, JSONValue]:
    return {
        "created": format_timestamp(record.created_at),
        "updated": format_timestamp(record.updated_at),
        "versionId": str(version or record.version),
    }


def _deactivated(record: DIDRecord, *, is_url: bool) -> ResolutionResult:
    metadata = {**_metadata(record, None), "deactivated": True}
    return ResolutionResult(410, None, metadata, {"contentType": _DOCUMENT_TYPE}, is_url)


def _refusal(error: VcError, *, is_url: bool) -> ResolutionResult:
    word, status = next(
        ((word, status) for kind, word, status in _ERRORS if isinstance(error, kind)), ("invalidDid", 400)
    )
    # Two errors belong to dereferencing by their definition, whatever was asked (interop, DID resolution).
    in_dereferencing = is_url or word in ("invalidDidUrl", "invalidPublicKeyType")
    return ResolutionResult(status, None, {}, {"error": word}, in_dereferencing)
