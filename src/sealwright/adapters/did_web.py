"""Others' did:web documents, fetched through the guarded way out."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from sealwright.adapters.outbound import Allowance, FetchRefused
from sealwright.services.ports import Outbound
from sealwright.vc.dids.document import DIDDocument, parse_did_document
from sealwright.vc.dids.methods import url_from_did_web
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import DIDUnresolvable, UnsupportedDIDMethod, VcError

_ACCEPT: Final = "application/did+json, application/did+ld+json, application/json, application/ld+json"
_MOST_BYTES: Final = 65_536


class DidWebResolver:
    """Resolves did:web over the network, where the operator switched that on.

    Args:
        outbound: The way out.
        enabled: False refuses every look-up.
        allowance: Its hosts are tried over http when https gives nothing; all others are https only.
    """

    def __init__(self, outbound: Outbound, *, enabled: bool, allowance: Allowance | None = None) -> None:
        self._outbound = outbound
        self._enabled = enabled
        self._allowance = allowance or Allowance()

    def resolve(self, did: str) -> ResolvedDID:
        """Fetch and check a did:web document.

        Raises:
            InvalidDID: Not a DID, or a did:web that names no host and path.
            UnsupportedDIDMethod: Another method.
            DIDUnresolvable: Switched off, not reachable, or the document there is not this DID's. It never
                says which, beyond being switched off.

        Spec: did:web Method Specification, "Read (Resolve)".
        """
        if parse_did(did).method != "web":
            raise UnsupportedDIDMethod("Only did:web is looked up over the network.")
        url = url_from_did_web(did)
        if not self._enabled:
            raise DIDUnresolvable("did:web of others is not looked up by this office.")
        try:
            source = parse_json(self._fetch(url))
            document = parse_did_document(source) if isinstance(source, dict) else None
        except (FetchRefused, VcError) as error:
            raise DIDUnresolvable("The DID document could not be fetched.") from error
        # A document that speaks for another DID must not lend its keys to this one.
        if document is None or document.id != did:
            raise DIDUnresolvable("The DID document could not be fetched.")
        return ResolvedDID(document, deactivated=_is_deactivated(document))

    def _fetch(self, url: str) -> bytes:
        try:
            return self._outbound.fetch(url, accept=_ACCEPT, max_bytes=_MOST_BYTES)
        except FetchRefused:
            host = urlsplit(url).hostname or ""
            if host not in self._allowance.hosts:
                raise
            return self._outbound.fetch(f"http://{url.removeprefix('https://')}", accept=_ACCEPT, max_bytes=_MOST_BYTES)


def _is_deactivated(document: DIDDocument) -> bool:
    # The method keeps no metadata; controllers who end a DID without taking the file away write it in the document.
    return document.to_json().get("deactivated", False) is not False
