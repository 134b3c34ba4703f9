"""Requests for presentations, handed over by reference: the link in the code, and what a wallet fetches from it.

We are known to the wallet by nothing but where its answer goes (`redirect_uri:` in front of the client id), so requests
are not signed, and everything that the wallet must know stands in them.

Spec: OpenID for Verifiable Presentations 1.0, "Authorization Request", "Client Identifier Prefix"; RFC 9101.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sealwright.protocols.openid4vp.asking import Asked, dcql_query, formats_of_drafts, formats_supported
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json

REQUEST_MEDIA_TYPE: Final = "application/oauth-authz-req+jwt"
_SCHEME: Final = "openid4vp://"
_PREFIX: Final = "redirect_uri:"
# Whoever fetches the request has no issuer name that we could know; the standard gives this one for all.
_ANY_WALLET: Final = "https://self-issued.me/v2"


@dataclass(frozen=True, slots=True)
class WalletRequest:
    """One question to whatever wallet reads the code.

    Args:
        request_uri: Where the wallet fetches the request.
        response_uri: Where it posts the answer.
        nonce: Ours, for this question alone; the answer must be made for it.
        state: Comes back with the answer.
        asked: The one credential that is asked for; None where `query` says it all.
        name: Of this office, as the wallet may show it.
        query: The question in other words: `dcqlQuery` or, for wallets of earlier drafts, `presentationDefinition`.
    """

    request_uri: str
    response_uri: str
    nonce: str
    state: str
    asked: Asked | None
    name: str
    query: Mapping[str, JSONValue] | None = None

    @property
    def client_id(self) -> str:
        """Who asks, and so the audience that an answer must be made for."""
        return client_id_of(self.response_uri)

    def deep_link(self) -> str:
        """What the code says: who asks, and where the request is."""
        return f"{_SCHEME}?client_id={_quoted(self.client_id)}&request_uri={_quoted(self.request_uri)}"

    def request_object(self, issued_at: datetime, expires_at: datetime) -> str:
        """The request as an unsigned token: with this client id none may be signed."""
        header: dict[str, JSONValue] = {"alg": "none", "typ": "oauth-authz-req+jwt"}
        payload: dict[str, JSONValue] = {
            "iss": self.client_id,
            "aud": _ANY_WALLET,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "client_id": self.client_id,
            "response_uri": self.response_uri,
            "nonce": self.nonce,
            "state": self.state,
            **self._question(),
        }
        return f"{base64url_encode(dump_json(header))}.{base64url_encode(dump_json(payload))}."

    def _question(self) -> dict[str, JSONValue]:
        """What is asked, and which proofs we check."""
        query = self.query or {}
        if "presentationDefinition" in query:
            # Drafts up to 23 know definitions, 1.0 does not; 22 and 23 spell the client id as 1.0 does.
            return {
                "presentation_definition": query["presentationDefinition"],
                "client_metadata": {"client_name": self.name, "vp_formats": formats_of_drafts()},
            }
        asked = query["dcqlQuery"] if self.asked is None else dcql_query(self.asked)
        return {
            "dcql_query": asked,
            "client_metadata": {"client_name": self.name, "vp_formats_supported": formats_supported()},
        }


def client_id_of(response_uri: str) -> str:
    """The client id of a verifier that is known by where answers go."""
    return f"{_PREFIX}{response_uri}"


def _quoted(text: str) -> str:
    return quote(text, safe="")
