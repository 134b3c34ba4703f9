"""Toasts: a short word on what was just done, carried over the redirect that follows a post."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

COOKIE: Final = "sealwright_toast"
COOKIE_SECONDS: Final = 60
_MAX_BYTES: Final = 2000


@dataclass(frozen=True, slots=True)
class Toast:
    """What is said after an act; it holds nothing that stands nowhere else.

    Args:
        text: A whole sentence, translated.
        undo: Where a post takes the act back, if it can be taken back.
        seconds: How long it can be taken back, from the answer on.
    """

    text: str
    undo: str | None = None
    seconds: int | None = None

    @property
    def cookie_value(self) -> str:
        """For the page that the browser is sent to next."""
        said = json.dumps([self.text[:600], self.undo, self.seconds], ensure_ascii=False).encode("utf-8")
        return base64.urlsafe_b64encode(said).decode("ascii").rstrip("=")


def toast_from(value: str | None) -> Toast | None:
    """Read a toast back; None for what is not one of ours. Only a path of this site can be its undo."""
    if not value or len(value) > _MAX_BYTES:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (binascii.Error, ValueError):
        return None
    match said:
        case [str(text), (None | str()) as undo, (None | int()) as seconds]:
            return Toast(text, undo if undo and is_own_path(undo) else None, seconds)
    return None


def is_own_path(text: str) -> bool:
    """Tell whether a text is a path of this site: what a browser cannot take for another host."""
    return text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text
