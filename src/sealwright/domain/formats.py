"""The forms in which one and the same credential travels."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CredentialFormat(StrEnum):
    """A form of a credential, named as wallets name it.

    ``ldp_vc`` is a JSON document with an embedded proof, ``jwt_vc_json`` a compact JWT, ``dc+sd-jwt`` an SD-JWT VC,
    ``open_badge`` an Open Badge 3.0 document with an embedded proof.
    """

    LDP_VC = "ldp_vc"
    JWT_VC_JSON = "jwt_vc_json"
    SD_JWT = "dc+sd-jwt"
    OPEN_BADGE = "open_badge"

    @property
    def is_text(self) -> bool:
        """Tell whether such a credential is compact text rather than a JSON document."""
        return self in (CredentialFormat.JWT_VC_JSON, CredentialFormat.SD_JWT)


# What a credential's record names as its proof type, where the form is a token and has no suite of its own.
TOKEN_PROOF_TYPES: Final = frozenset({CredentialFormat.JWT_VC_JSON.value, CredentialFormat.SD_JWT.value})


def format_of(proof_type: str) -> CredentialFormat:
    """The form of a stored credential, from its record's proof type."""
    return CredentialFormat(proof_type) if proof_type in TOKEN_PROOF_TYPES else CredentialFormat.LDP_VC
