"""Form bodies of the token and authorization endpoints, by the rules of OAuth 2.0."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused

MAX_PARAMETERS: Final = 100
MAX_VALUE: Final = 16 * 1024


def read_form(body: bytes) -> dict[str, str]:
    """Names and values of a form-encoded body; parameters without a value count as left out.

    Raises:
        WalletRefused: ``invalid_request`` for what is no form in UTF-8, or a parameter that stands twice.

    Spec: RFC 6749, "Token Endpoint"; "Use of application/x-www-form-urlencoded".
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
            separator="&",
        )
    except (UnicodeDecodeError, ValueError):
        raise WalletRefused(OAuthCode.INVALID_REQUEST, "The body is no form in UTF-8.") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise WalletRefused(OAuthCode.INVALID_REQUEST, "A parameter stands twice.")
        if "\x00" in value or len(value) > MAX_VALUE:
            raise WalletRefused(OAuthCode.INVALID_REQUEST, "The value of a parameter is too long or malformed.")
        values[name] = value
    return {name: value for name, value in values.items() if value}
