"""The headers that every page has, beside those that the guard gives every answer."""

from __future__ import annotations

from typing import Final

from sealwright.web.reply import HTML, Headers, Reply

CONTENT_SECURITY_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NO_FEATURES: Final = b"microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"
_OPENER: Final = (b"cross-origin-opener-policy", b"same-origin")
VARY: Final = (b"vary", b"HX-Request-Type, Accept-Encoding, Accept-Language, Cookie")


def page_headers(reply: Reply, *, uses_camera: bool = False) -> Headers:
    """What an answer of the page door still lacks.

    The guard adds ``no-store``, ``nosniff``, the referrer policy and HSTS; static files have their own caching.
    """
    camera = b"camera=(self), " if uses_camera else b"camera=(), "
    headers: Headers = (
        (b"content-security-policy", CONTENT_SECURITY_POLICY),
        (b"permissions-policy", camera + _NO_FEATURES),
        _OPENER,
    )
    return (*headers, VARY) if reply.media_type == HTML or reply.media_type is None else headers
