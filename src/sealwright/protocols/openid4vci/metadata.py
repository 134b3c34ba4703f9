"""What a wallet reads before anything else: issuer metadata, authorization server metadata, keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sealwright.protocols.openid4vci.configurations import BATCH_SIZE, PROOF_ALGORITHMS
from sealwright.vc.encoding.strict_json import JSONValue

PRE_AUTHORIZED: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
AUTHORIZATION_CODE: Final = "authorization_code"
DETAILS_TYPE: Final = "openid_credential"


def issuer_metadata(
    issuer: str, *, name: str, logo_url: str | None, configurations: Mapping[str, JSONValue]
) -> dict[str, JSONValue]:
    """The metadata of the credential issuer.

    Spec: OpenID4VCI 1.0, "Credential Issuer Metadata".
    """
    display: dict[str, JSONValue] = {"name": name}
    if logo_url is not None:
        display["logo"] = {"uri": logo_url}
    return {
        "credential_issuer": issuer,
        "credential_endpoint": f"{issuer}/oid4vci/credential",
        "nonce_endpoint": f"{issuer}/oid4vci/nonce",
        "deferred_credential_endpoint": f"{issuer}/oid4vci/deferred",
        "notification_endpoint": f"{issuer}/oid4vci/notification",
        "batch_credential_issuance": {"batch_size": BATCH_SIZE},
        "display": [display],
        "credential_configurations_supported": dict(configurations),
    }


def server_metadata(issuer: str, scopes: Sequence[str]) -> dict[str, JSONValue]:
    """The metadata of the authorization server, which is the issuer itself.

    Spec: RFC 8414; RFC 9126; RFC 9207; RFC 9396; RFC 9449; OpenID4VCI 1.0, "OAuth 2.0 Authorization Server Metadata".
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oid4vci/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oid4vci/par",
        "require_pushed_authorization_requests": True,
        "token_endpoint": f"{issuer}/oid4vci/token",
        "token_endpoint_auth_methods_supported": ["none"],
        "jwks_uri": f"{issuer}/oid4vci/jwks",
        "scopes_supported": list(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [AUTHORIZATION_CODE, PRE_AUTHORIZED],
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": [DETAILS_TYPE],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "pre-authorized_grant_anonymous_access_supported": True,
    }


def jwt_vc_issuer(issuer: str) -> dict[str, JSONValue]:
    """Where the keys are that sign SD-JWT VCs.

    Spec: SD-JWT-based Verifiable Credentials, "JWT VC Issuer Metadata".
    """
    return {"issuer": issuer, "jwks_uri": f"{issuer}/oid4vci/jwks"}


def credential_offer(
    issuer: str, configuration_ids: Sequence[str], *, code: str, tx_code_length: int | None
) -> dict[str, JSONValue]:
    """A credential offer with a pre-authorized code.

    Args:
        tx_code_length: Digits of the transaction code; None where none is asked for.

    Spec: OpenID4VCI 1.0, "Credential Offer Parameters".
    """
    grant: dict[str, JSONValue] = {"pre-authorized_code": code}
    if tx_code_length is not None:
        grant["tx_code"] = {
            "input_mode": "numeric",
            "length": tx_code_length,
            "description": "The code that the issuer showed or sent you apart from this offer",
        }
    return {
        "credential_issuer": issuer,
        "credential_configuration_ids": list(configuration_ids),
        "grants": {PRE_AUTHORIZED: grant},
    }
