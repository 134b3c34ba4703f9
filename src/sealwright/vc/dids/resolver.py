"""The port through which proofs find keys, and a resolver for the methods that need no registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sealwright.vc.dids.document import DIDDocument
from sealwright.vc.dids.methods import resolve_did_jwk, resolve_did_key
from sealwright.vc.dids.peer import resolve_did_peer
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.errors import UnsupportedDIDMethod


@dataclass(frozen=True, slots=True)
class ResolvedDID:
    """What a DID stands for now.

    Args:
        document: Its current document; retired methods stay listed, so that old proofs still verify.
        deactivated: The DID was ended; nothing it issued holds any more.
        compromised_methods: Ids of verification methods whose private key is known to be out: they verify nothing.
    """

    document: DIDDocument
    deactivated: bool = False
    compromised_methods: frozenset[str] = frozenset()


class DIDResolver(Protocol):
    """Gives the document of a DID."""

    def resolve(self, did: str) -> ResolvedDID:
        """Look a DID up.

        Raises:
            InvalidDID: Not a DID.
            UnsupportedDIDMethod: A method that this resolver does not know.
            DIDNotFound: The DID does not exist.
            DIDUnresolvable: It could not be looked up now.
        """
        ...


class GenericResolver:
    """Resolves did:key, did:jwk and did:peer, which hold their keys in the identifier itself."""

    def resolve(self, did: str) -> ResolvedDID:
        """Derive the document from the DID.

        Raises:
            InvalidDID: Not a DID, or not one of its method.
            InvalidKey: The key inside is malformed or weak.
            DIDNotFound: A short did:peer, which holds no key.
            UnsupportedDIDMethod: None of the three.
        """
        method = parse_did(did).method
        if method == "key":
            return ResolvedDID(resolve_did_key(did))
        if method == "jwk":
            return ResolvedDID(resolve_did_jwk(did))
        if method == "peer":
            return ResolvedDID(resolve_did_peer(did))
        raise UnsupportedDIDMethod(f"DID method {method} is not resolved without a registry or a network.")
