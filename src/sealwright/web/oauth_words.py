"""Errors as wallets expect them: OAuth's JSON objects and challenges, never problems of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sealwright.protocols.openid4vci.configurations import PROOF_ALGORITHMS
from sealwright.protocols.openid4vci.errors import OAuthCode, TokenRefused, WalletRefused, ascii_sentence
from sealwright.web.problems import detail_of
from sealwright.web.refusals import TokenSent
from sealwright.web.reply import Headers, Reply, json_reply

REALM: Final = "sealwright"
# Refusals of the message itself keep their status; whatever else a caller did wrong is 400 in OAuth's tables.
_KEPT: Final = frozenset({404, 405, 408, 413, 414, 429, 431})


@dataclass(frozen=True, slots=True)
class OAuthWords:
    """Tells every error of a route in OAuth's words.

    Args:
        fallback: The code of what is wrong with a call as such, before anybody looked at what it asks for.
        encrypted: The code of an encrypted request, where the standard knows some.
    """

    fallback: OAuthCode
    encrypted: OAuthCode | None = None

    def told(self, error: Exception) -> str | None:
        """The code of a refusal that was made in these words."""
        refusal = self._refusal(error)
        return refusal.code.value if refusal is not None else None

    def _refusal(self, error: Exception) -> WalletRefused | None:
        if isinstance(error, TokenSent) and self.encrypted is not None:
            return WalletRefused(self.encrypted, "Encrypted requests are not offered here; send JSON.")
        return error if isinstance(error, WalletRefused) else None

    def reply(self, error: Exception, problem: Reply) -> Reply:
        """The answer to an error.

        Args:
            problem: What it would be elsewhere: its status and headers count here too.
        """
        refusal = self._refusal(error)
        if refusal is not None:
            return _refused(refusal)
        status = problem.status
        if status >= 500:
            code = OAuthCode.TEMPORARILY_UNAVAILABLE if status == 503 else OAuthCode.SERVER_ERROR
        elif status == 429:
            code = OAuthCode.TEMPORARILY_UNAVAILABLE
        else:
            code, status = self.fallback, status if status in _KEPT else 400
        body = {"error": code.value, "error_description": ascii_sentence(detail_of(error))}
        return json_reply(body, status, problem.headers)


def _refused(error: WalletRefused) -> Reply:
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(error, TokenRefused):
        headers.extend(_challenges(error))
    elif error.status == 401:
        # Only clients that authenticate by a header are answered so (RFC 6749, "Error Response").
        headers.append((b"www-authenticate", f'Basic realm="{REALM}"'.encode("ascii")))
    if error.nonce is not None:
        headers.append((b"dpop-nonce", error.nonce.encode("ascii")))
    return json_reply({"error": error.code.value, "error_description": error.description}, error.status, tuple(headers))


def _challenges(error: TokenRefused) -> Headers:
    """What a 401 asks for: both schemes where no token came, else the one that was tried, with the error.

    Spec: RFC 6750, "The WWW-Authenticate Response Header Field"; RFC 9449, "Authentication Challenge".
    """
    algorithms = f'algs="{" ".join(PROOF_ALGORITHMS)}"'
    if error.is_missing:
        both = f'Bearer realm="{REALM}", DPoP realm="{REALM}", {algorithms}'
        return ((b"www-authenticate", both.encode("ascii")),)
    extra = f", {algorithms}" if error.scheme == "DPoP" else ""
    challenge = (
        f'{error.scheme} realm="{REALM}", error="{error.code.value}", error_description="{error.description}"{extra}'
    )
    return ((b"www-authenticate", challenge.encode("ascii")),)
