"""Tokens against the keys of DIDs: the one way from a key's address to a signature that holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.errors import KeyCompromised, ProofInvalid
from sealwright.vc.proofs.compact import CompactToken, accepted_kind, check_signature


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature holds, with what `check_control` needs to judge its key."""

    method: VerificationMethod
    controller: ResolvedDID
    purpose: str


def verify_with_method(
    token: CompactToken, address: str, *, resolver: DIDResolver, accepted: Collection[str], purpose: str
) -> VerifiedToken:
    """Check a token's signature with the key that a DID document lists under an address.

    Args:
        token: An opened token.
        address: The DID URL of a verification method.
        resolver: Finds the documents of DIDs.
        accepted: Names of the algorithms taken.
        purpose: The purpose for which `check_control` shall find the key listed.

    Raises:
        ProofInvalid: Algorithm not accepted or unfit for the key, no such key, or a signature that does not hold.
        KeyCompromised: The key is known to be out.
        InvalidDID: The address is no DID URL.
        DIDNotResolved, UnsupportedDIDMethod: The key's DID could not be found.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    kind = accepted_kind(token, accepted)
    resolved = resolver.resolve(str(parse_did_url(address).did))
    if address in resolved.compromised_methods:
        raise KeyCompromised("The JWT's key is known to be compromised.")
    method = resolved.document.method(address)
    if method is None or method.public_key.kind != kind:
        raise ProofInvalid(f"The DID document lists no {kind} key under the JWT's kid.")
    check_signature(token, method.public_key, accepted)
    return VerifiedToken(method, resolved, purpose)
