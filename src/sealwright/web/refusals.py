"""What the HTTP door refuses by itself, before anybody behind it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.web.reply import Headers


class TransportRefused(Exception):
    """A call that is refused for its form as an HTTP message.

    Args:
        code: The wire code, one of `problems.CATALOG`.
        detail: A sentence for the caller; it quotes nothing that was sent.
        headers: What the answer must carry beside the problem, such as ``allow``.
        extra: Members beside the standard ones.
    """

    def __init__(
        self, code: str, detail: str, *, headers: Headers = (), extra: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = headers
        self.extra: Mapping[str, object] = dict(extra or {})


class TokenSent(TransportRefused):
    """A JWT came where JSON is expected; some standards know encrypted requests by it, and have words for them."""


CLIENT_GONE: Final = 499
"""The status that stands in logs and figures where nobody was left to answer."""


class ClientGone(Exception):
    """The caller hung up before the body was whole; there is nobody to answer."""
