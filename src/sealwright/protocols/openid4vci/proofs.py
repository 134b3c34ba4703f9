"""Proofs of possession: that whoever asks for a credential holds the key that it is going to be bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.jws import JWSRefused, header_key, open_jws, require_fresh, verify_jws
from sealwright.vc.credentials.structure import check_presentation
from sealwright.vc.dids.methods import did_jwk
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.keys.jwk import thumbprint
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.compact import CompactToken
from sealwright.vc.proofs.verifying import verify_proofs

PROOF_TYPE: Final = "openid4vci-proof+jwt"
PURPOSE: Final = "authentication"
BINDING_METHODS: Final = ("key", "jwk", "adi")
"""DID methods to which credentials are bound here."""

VP_SUITES: Final = frozenset({"Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022"})
_KEY_MEMBERS: Final = ("kid", "jwk", "x5c")
_MAX_NONCE: Final = 512


@dataclass(frozen=True, slots=True)
class ProvenHolder:
    """A key that was proved, and the DID that it speaks for.

    Args:
        did: As the credential will name its holder; ``did:jwk`` for a bare key.
        key: The key.
        nonce: The nonce that the proof carries; whoever gave it out has to judge it.
    """

    did: str
    key: PublicKey
    nonce: str

    @property
    def thumbprint(self) -> str:
        """The key's JWK thumbprint."""
        return thumbprint(self.key)


@dataclass(frozen=True, slots=True)
class ProofRules:
    """What a proof must fit.

    Args:
        issuer: The credential issuer identifier, character by character.
        client_id: How the wallet named itself when it got its token; None for an anonymous one.
    """

    issuer: str
    client_id: str | None
    now: datetime


def check_jwt_proof(value: JSONValue, rules: ProofRules, resolver: DIDResolver) -> ProvenHolder:
    """Check a proof of the type ``jwt``; may look a DID up.

    Raises:
        WalletRefused: ``invalid_proof``.

    Spec: OpenID4VCI 1.0, "jwt Proof Type", "Verifying Proof".
    """
    if not isinstance(value, str):
        raise _refused("A jwt proof is text.")
    try:
        opened = open_jws(value)
        if opened.header.get("typ") != PROOF_TYPE:
            raise JWSRefused(f"Its typ is not {PROOF_TYPE}.")
        did, key = _key_of(opened, resolver)
        verify_jws(opened, key)
        require_fresh(opened, rules.now)
    except JWSRefused as error:
        raise _refused(f"A key proof is refused: {error}") from None
    _check_claims(opened.payload, rules)
    return ProvenHolder(did, key, _nonce(opened.payload.get("nonce")))


def _key_of(opened: CompactToken, resolver: DIDResolver) -> tuple[str, PublicKey]:
    named = [member for member in _KEY_MEMBERS if member in opened.header]
    if len(named) != 1:
        raise JWSRefused("Its header must name exactly one key: kid or jwk.")
    if named == ["jwk"]:
        key = header_key(opened)
        return did_jwk(key), key
    if named == ["x5c"]:
        # No certificate authority is trusted here, so a chain would say no more than a bare key.
        raise JWSRefused("Certificates are not taken; send kid or jwk.")
    return _method_key(opened.header["kid"], resolver)


def _method_key(kid: JSONValue, resolver: DIDResolver) -> tuple[str, PublicKey]:
    """The DID and key of a verification method that its document lists for authentication."""
    if not isinstance(kid, str):
        raise JWSRefused("Its kid is no DID URL.")
    try:
        url = parse_did_url(kid)
        if not url.fragment or url.did.method not in BINDING_METHODS:
            raise JWSRefused("Its kid is no method of a did:key, did:jwk or did:adi.")
        did = str(url.did)
        resolved = resolver.resolve(did)
    except VcError:
        raise JWSRefused("The DID of its kid does not resolve.") from None
    method = resolved.document.method(kid)
    is_listed = method is not None and method.id in resolved.document.relationship(PURPOSE)
    if method is None or not is_listed or kid in resolved.compromised_methods or method.controller != did:
        raise JWSRefused("The DID document lists no such authentication method.")
    if resolved.deactivated:
        raise JWSRefused("The DID of its kid is deactivated.")
    return did, method.public_key


def _check_claims(claims: Mapping[str, JSONValue], rules: ProofRules) -> None:
    audience = claims.get("aud")
    if audience not in (rules.issuer, [rules.issuer]):
        raise _refused("A key proof was made for another issuer.")
    if "iss" in claims and (rules.client_id is None or claims["iss"] != rules.client_id):
        raise _refused("The iss of a key proof must be the client_id, and absent where there is none.")


def check_di_vp_proof(
    value: JSONValue, rules: ProofRules, resolver: DIDResolver, canon: CanonicalForms
) -> ProvenHolder:
    """Check a proof of the type ``di_vp``: a presentation that its holder signed for us.

    Raises:
        WalletRefused: ``invalid_proof``.

    Spec: OpenID4VCI 1.0, "di_vp Proof Type"; Data Integrity 1.0, "Verify Proof".
    """
    if not isinstance(value, dict):
        raise _refused("A di_vp proof is an object.")
    try:
        check_presentation(value)
        verified = verify_proofs(
            value, resolver=resolver, canon=canon, purpose=PURPOSE, accepted_suites=VP_SUITES, now=rules.now
        )
    except VcError:
        raise _refused("A di_vp proof does not hold.") from None
    if len(verified) != 1:
        raise _refused("A di_vp proof carries exactly one proof.")
    proof, did = verified[0].proof, verified[0].controller.document.id
    if did.split(":")[1] not in BINDING_METHODS:
        raise _refused("The holder of a di_vp proof is no did:key, did:jwk or did:adi.")
    if proof.get("domain") not in (rules.issuer, [rules.issuer]):
        raise _refused("A di_vp proof was made for another domain.")
    return ProvenHolder(did, verified[0].method.public_key, _nonce(proof.get("challenge")))


def _nonce(value: JSONValue) -> str:
    if not isinstance(value, str) or not value or len(value) > _MAX_NONCE:
        raise _refused("A key proof carries no nonce; get one from the nonce endpoint.")
    return value


def _refused(description: str) -> WalletRefused:
    return WalletRefused(OAuthCode.INVALID_PROOF, description)
