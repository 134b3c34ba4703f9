"""Proof that a browser's write comes from a page of ours: the form token, and where the request came from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sealwright.domain.errors import CsrfFailed

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.services.sessions import Sessions
    from sealwright.web.exchange import Exchange

CSRF_HEADER: Final = b"x-csrf-token"
CSRF_FIELD: Final = "csrf_token"
READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
_ELSEWHERE: Final = "The form was sent from another site, or does not say from where."


@lru_cache(maxsize=64)
def own_origins(public_url: str) -> frozenset[str]:
    """The origins of our own pages: the public URL's; on loopback, under each name that loopback has."""
    parts = urlsplit(public_url)
    if parts.scheme == "https" or parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return frozenset({public_url})
    port = "" if parts.port is None or parts.port == 80 else f":{parts.port}"
    return frozenset({public_url, *(f"http://{host}{port}" for host in _LOOPBACK_HOSTS)})


def require_same_origin(exchange: Exchange, public_url: str) -> None:
    """Refuse a write that a browser did not send from one of our own pages.

    Browsers tell it by ``Origin``, and newer ones by ``Sec-Fetch-Site`` too; each that is there must be right, and
    one must be there. Pages are never written to by anything that is not a browser.

    Raises:
        CsrfFailed: From another site, from an opaque origin, or without either header.
    """
    origin, site = exchange.header(b"origin"), exchange.header(b"sec-fetch-site")
    if origin is None and site is None:
        raise CsrfFailed(_ELSEWHERE)
    if origin is not None and origin not in own_origins(public_url):
        raise CsrfFailed(_ELSEWHERE)
    if site is not None and site != "same-origin":
        raise CsrfFailed(_ELSEWHERE)


def require_own_write(
    exchange: Exchange, public_url: str, sessions: Sessions, caller: Caller, token: str | None
) -> None:
    """Refuse a write by cookie without both proofs: same origin, and the session's own form token.

    Raises:
        CsrfFailed: One of them is missing or wrong.
    """
    require_same_origin(exchange, public_url)
    sessions.check_csrf(caller, token)
