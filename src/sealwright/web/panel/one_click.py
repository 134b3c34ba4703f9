"""One click in a mail program: the one post that comes from no page of ours.

It is known by its body alone, which holds one field and nothing else. Whoever sends it by a page elsewhere needs the
secret address of a letter, and could then as well open it.

Spec: RFC 8058, "Mail Receivers" (the pair is sent as multipart/form-data or urlencoded, without cookies).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.web.panel.form_reading import read_form

if TYPE_CHECKING:
    from sealwright.web.exchange import Exchange

_PAIR: Final = ("List-Unsubscribe", "One-Click")
# The pair, its boundaries, and what a multipart body says of it.
_MOST_BYTES: Final = 2_048


def is_one_click(exchange: Exchange, raw: bytes) -> bool:
    """Tell whether a post is a mail program's one click.

    Raises:
        TransportRefused: The body is no form.
    """
    if exchange.method != "POST" or not raw or len(raw) > _MOST_BYTES:
        return False
    sent, files = read_form(exchange, raw)
    # Some programs end the body with a line end.
    return [(name, value.rstrip("\r\n")) for name, value in sent] == [_PAIR] and not files
