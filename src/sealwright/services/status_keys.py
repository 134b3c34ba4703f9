"""The keys that sign an issuer's status lists.

A did:adi or did:web has one of its own for them. A DID of one key only (did:key, did:jwk) signs them with that one, if
it is of a kind that gives the same bytes for the same list in every process: a BBS signature never does, and its base
proofs are for holders, so that such a DID keeps no status lists and issues what cannot be revoked.
"""

from __future__ import annotations

from typing import Final

from sealwright.domain.dids import DIDRecord, KeyPurpose, MethodRecord
from sealwright.domain.errors import IssuerKeyMissing
from sealwright.vc.keys.jose import SIGNING_ALGORITHMS
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.status.documents import StatusListKind

SUITES: Final = {
    StatusListKind.BITSTRING: ("eddsa-rdfc-2022", "ecdsa-rdfc-2019"),
    StatusListKind.STATUS_LIST_2021: ("Ed25519Signature2020", "ecdsa-rdfc-2019"),
}
"""By the kind of list, under which suites it may be signed, the one that is preferred first."""


def list_method(issuer: DIDRecord, kind: StatusListKind) -> tuple[MethodRecord, str]:
    """The method that signs an issuer's lists of a kind, and the suite it signs them under.

    Raises:
        IssuerKeyMissing: The issuer has no such key.
    """
    for use in (KeyPurpose.STATUS_LISTS, KeyPurpose.CREDENTIALS):
        for suite in SUITES[kind]:
            method = issuer.signing_method(suite, use)
            if method is not None:
                return method, suite
    raise IssuerKeyMissing(f"{issuer.did} has no key for its status lists.")


def token_method(issuer: DIDRecord) -> tuple[MethodRecord, str]:
    """The method that signs an issuer's lists as tokens, and its algorithm for JOSE; raises as `list_method`."""
    method, _ = list_method(issuer, StatusListKind.STATUS_LIST_2021)
    return method, SIGNING_ALGORITHMS[decode_multikey(method.public_key_multibase).kind]


def require_status_key(issuer: DIDRecord) -> None:
    """Refuse what could be revoked and whose revocation could never be published; raises as `list_method`."""
    list_method(issuer, StatusListKind.BITSTRING)
