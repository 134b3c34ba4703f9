"""Bodies of the wallet routes. What is wrong with them is told in OAuth's words, so the readers judge the members."""

from __future__ import annotations

from typing import Any, Final

from sealwright.web.shape import Shape

_BASE: Final = "https://cred.example"
_CONFIGURATION: Final = "dpw_certified.dc+sd-jwt"
_TEXT: Final = {"type": "string"}

ERROR: Final[dict[str, Any]] = {
    "title": "OAuthError",
    "type": "object",
    "required": ["error"],
    "properties": {"error": _TEXT, "error_description": _TEXT},
}

CREDENTIAL_REQUEST: Final = Shape(
    "WalletCredentialRequest",
    {
        "type": "object",
        "properties": {
            "credential_configuration_id": {"description": "One of the issuer metadata; or the next member."},
            "credential_identifier": {"description": "One that came with the token."},
            "proofs": {"description": "Exactly one of `jwt`, `di_vp`: a list of 1 to 10 proofs."},
        },
    },
    example={"credential_configuration_id": _CONFIGURATION, "proofs": {"jwt": ["eyJ0eXAiOiJvcGVuaWQ0dmNpLXByb29m…"]}},
)
DEFERRED_REQUEST: Final = Shape(
    "WalletDeferredRequest",
    {
        "type": "object",
        "properties": {
            "transaction_id": {"description": "From the answer that said to wait."},
            "notification": {"description": "`true` where the answer shall carry a `notification_id`."},
        },
    },
    example={"transaction_id": "0mHn3sX8bq1mT2c7uJq0lA4y9wR5vK6zE8dF1gH2iJ3"},
)
NOTIFICATION: Final = Shape(
    "WalletNotification",
    {
        "type": "object",
        "properties": {
            "notification_id": {"description": "From the answer that brought the credentials."},
            "event": {"description": "`credential_accepted`, `credential_failure` or `credential_deleted`."},
            "event_description": {"description": "Not kept."},
        },
    },
    example={"notification_id": "Zk3q9w", "event": "credential_accepted"},
)

CREDENTIALS: Final[dict[str, Any]] = {
    "title": "WalletCredentials",
    "type": "object",
    "required": ["credentials"],
    "properties": {
        "credentials": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["credential"],
                "properties": {"credential": {"type": ["object", "string"]}},
            },
        },
        "notification_id": _TEXT,
    },
}
CREDENTIALS_EXAMPLE: Final = {
    "credentials": [{"credential": "eyJ0eXAiOiJkYytzZC1qd3QiLCJhbGciOiJFZERTQSJ9…~"}],
    "notification_id": "Zk3q9w",
}
DEFERRED: Final[dict[str, Any]] = {
    "title": "WalletDeferred",
    "type": "object",
    "required": ["transaction_id", "interval"],
    "properties": {"transaction_id": _TEXT, "interval": {"type": "integer"}},
}
DEFERRED_EXAMPLE: Final = {"transaction_id": "0mHn3sX8bq1mT2c7uJq0lA4y9wR5vK6zE8dF1gH2iJ3", "interval": 5}
NONCE: Final[dict[str, Any]] = {
    "title": "WalletNonce",
    "type": "object",
    "required": ["c_nonce"],
    "properties": {"c_nonce": _TEXT},
}
NONCE_EXAMPLE: Final = {"c_nonce": "wKI4LT17ac15ES9bw8ac4A"}
TOKEN: Final[dict[str, Any]] = {
    "title": "WalletAccessToken",
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": _TEXT,
        "token_type": {"enum": ["Bearer", "DPoP"]},
        "expires_in": {"type": "integer"},
        "authorization_details": {"type": "array", "items": {"type": "object"}},
    },
}
TOKEN_EXAMPLE: Final = {"access_token": "swa_…", "token_type": "Bearer", "expires_in": 300}
TOKEN_REQUEST_EXAMPLE: Final = {
    "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
    "pre-authorized_code": "swc_…",
    "tx_code": "493536",
}
PUSH_EXAMPLE: Final = {
    "response_type": "code",
    "client_id": "com.example.wallet",
    "redirect_uri": "com.example.wallet:/callback",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "scope": _CONFIGURATION,
    "state": "af0ifjsldkj",
}
PUSHED: Final[dict[str, Any]] = {
    "title": "WalletPushed",
    "type": "object",
    "required": ["request_uri", "expires_in"],
    "properties": {"request_uri": _TEXT, "expires_in": {"type": "integer"}},
}
PUSHED_EXAMPLE: Final = {
    "request_uri": "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c",
    "expires_in": 600,
}

ISSUER_EXAMPLE: Final = {
    "credential_issuer": _BASE,
    "credential_endpoint": f"{_BASE}/oid4vci/credential",
    "nonce_endpoint": f"{_BASE}/oid4vci/nonce",
    "deferred_credential_endpoint": f"{_BASE}/oid4vci/deferred",
    "notification_endpoint": f"{_BASE}/oid4vci/notification",
    "batch_credential_issuance": {"batch_size": 10},
    "display": [{"name": "City of Example"}],
    "credential_configurations_supported": {
        _CONFIGURATION: {
            "format": "dc+sd-jwt",
            "vct": f"{_BASE}/vct/dpw_certified",
            "cryptographic_binding_methods_supported": ["jwk", "did:key", "did:jwk", "did:adi"],
            "credential_signing_alg_values_supported": ["EdDSA"],
            "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519"]}},
            "credential_metadata": {"display": [{"name": "DPW certified"}]},
        }
    },
}
SERVER_EXAMPLE: Final = {
    "issuer": _BASE,
    "token_endpoint": f"{_BASE}/oid4vci/token",
    "authorization_endpoint": f"{_BASE}/oid4vci/authorize",
    "pushed_authorization_request_endpoint": f"{_BASE}/oid4vci/par",
    "jwks_uri": f"{_BASE}/oid4vci/jwks",
    "grant_types_supported": ["authorization_code", "urn:ietf:params:oauth:grant-type:pre-authorized_code"],
    "pre-authorized_grant_anonymous_access_supported": True,
    "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519"],
}
SD_JWT_ISSUER_EXAMPLE: Final = {"issuer": _BASE, "jwks_uri": f"{_BASE}/oid4vci/jwks"}
JWKS_EXAMPLE: Final = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "did:adi:issuer001#z6Mk…",
            "alg": "EdDSA",
            "use": "sig",
        }
    ]
}
TYPE_EXAMPLE: Final = {
    "vct": f"{_BASE}/vct/dpw_certified",
    "name": "DPW certified",
    "display": [{"locale": "en", "name": "DPW certified"}],
}
OFFER_EXAMPLE: Final = {
    "credential_issuer": _BASE,
    "credential_configuration_ids": ["dpw_certified.ldp_vc", "dpw_certified.jwt_vc_json", _CONFIGURATION],
    "grants": {
        "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
            "pre-authorized_code": "swc_…",
            "tx_code": {"input_mode": "numeric", "length": 6},
        }
    },
}
