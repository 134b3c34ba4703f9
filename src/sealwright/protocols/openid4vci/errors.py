"""What a wallet is told when it is refused: the words of OpenID4VCI, OAuth 2.0, Bearer tokens and DPoP.

These are answers of a standard, not problems of our own: a code out of its tables and a sentence in printable ASCII.
"""

from __future__ import annotations

from enum import StrEnum


class OAuthCode(StrEnum):
    """The codes that our wallet routes answer.

    Spec: RFC 6749, "Error Response"; RFC 6750, "Error Codes"; RFC 9126; RFC 9396; RFC 9449; OpenID4VCI 1.0, "Token
    Error Response", "Credential Error Response", "Deferred Credential Error Response", "Notification Error Response".
    """

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    ACCESS_DENIED = "access_denied"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - the name of an error
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"
    INVALID_CREDENTIAL_REQUEST = "invalid_credential_request"
    UNKNOWN_CREDENTIAL_CONFIGURATION = "unknown_credential_configuration"
    UNKNOWN_CREDENTIAL_IDENTIFIER = "unknown_credential_identifier"
    INVALID_PROOF = "invalid_proof"
    INVALID_NONCE = "invalid_nonce"
    INVALID_ENCRYPTION_PARAMETERS = "invalid_encryption_parameters"
    CREDENTIAL_REQUEST_DENIED = "credential_request_denied"
    INVALID_TRANSACTION_ID = "invalid_transaction_id"
    INVALID_NOTIFICATION_ID = "invalid_notification_id"
    INVALID_NOTIFICATION_REQUEST = "invalid_notification_request"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    SERVER_ERROR = "server_error"


class WalletRefused(Exception):
    """A wallet's call that is refused.

    Args:
        code: From the tables.
        description: A sentence for the wallet's developer; it quotes nothing that was sent.
        status: The HTTP status.
        nonce: A DPoP nonce that the next proof has to carry; None gives none.
    """

    def __init__(self, code: OAuthCode, description: str, *, status: int = 400, nonce: str | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = ascii_sentence(description)
        self.status = status
        self.nonce = nonce


class TokenRefused(WalletRefused):
    """Trouble with an access token: 401 with a challenge.

    Args:
        is_missing: No token was sent, so the challenge names no error.
        scheme: The scheme that the wallet tried, or has to.
    """

    def __init__(
        self,
        description: str,
        *,
        code: OAuthCode = OAuthCode.INVALID_TOKEN,
        is_missing: bool = False,
        scheme: str = "Bearer",
        nonce: str | None = None,
    ) -> None:
        super().__init__(code, description, status=401, nonce=nonce)
        self.is_missing = is_missing
        self.scheme = scheme


def ascii_sentence(text: str) -> str:
    """Only what an `error_description` may hold: printable ASCII without quotation mark and backslash.

    Spec: RFC 6749, "Error Response".
    """
    return "".join(letter for letter in text if " " <= letter <= "~" and letter not in '"\\')
