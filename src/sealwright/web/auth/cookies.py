"""The session cookie: its name, how it is set, and how it is read back."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sealwright.web.exchange import Exchange

SECURE_NAME: Final = "__Host-sealwright"
LOOPBACK_NAME: Final = "sealwright"
# What we put into a cookie; anything else could end the value and begin an attribute, or a header.
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OUTSIDE_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}(?:\.[A-Za-z0-9_-]{1,1336})?")
_MOST_PATH_BYTES: Final = 1_000

Header = tuple[bytes, bytes]


def cookie_name(public_url: str) -> str:
    """The cookie's name: bound to host and TLS by its prefix, but for plain http, which is loopback only."""
    return SECURE_NAME if public_url.startswith("https://") else LOOPBACK_NAME


def session_cookie(public_url: str, value: str, max_age_seconds: int) -> Header:
    """The header that hands a session to the browser.

    Raises:
        ValueError: The value holds characters that we never put into one.
    """
    if _VALUE.fullmatch(value) is None:
        raise ValueError("a cookie's value must be base64url text")
    return (b"set-cookie", f"{cookie_name(public_url)}={value}; {_attributes(public_url, max_age_seconds)}".encode())


def outside_cookie(public_url: str, binding: str, max_age_seconds: int, next_path: str = "") -> Header:
    """The header that ties an outside sign-in to this browser until it comes back; an age of 0 takes it away.

    Args:
        next_path: Where the visitor was going; left out when it is very long.

    Raises:
        ValueError: The binding holds characters that we never put into one.
    """
    if binding and _VALUE.fullmatch(binding) is None:
        raise ValueError("a cookie's value must be base64url text")
    path = next_path.encode("utf-8")
    kept = base64.urlsafe_b64encode(path).decode("ascii").rstrip("=") if len(path) <= _MOST_PATH_BYTES else ""
    name, value = f"{cookie_name(public_url)}-outside", f"{binding}.{kept}" if kept else binding
    return (b"set-cookie", f"{name}={value}; {_attributes(public_url, max_age_seconds)}".encode())


def read_outside_cookie(exchange: Exchange, public_url: str) -> tuple[str | None, str]:
    """Binding and path that `outside_cookie` has set; None and "" where it is absent, malformed, or there twice."""
    found = _read(exchange, f"{cookie_name(public_url)}-outside", _OUTSIDE_VALUE)
    binding, _, kept = (found or "").partition(".")
    try:
        path = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode("utf-8")
    except ValueError:
        path = ""
    return binding or None, path


def end_cookie(public_url: str) -> Header:
    """The header that takes the session cookie away again."""
    return (b"set-cookie", f"{cookie_name(public_url)}=; {_attributes(public_url, 0)}".encode())


def read_cookie(exchange: Exchange, public_url: str) -> str | None:
    """The session cookie's value as it came; None where it is absent, malformed, or there twice.

    Two cookies of our name can only mean that somebody else has set one of them.
    """
    return _read(exchange, cookie_name(public_url))


def _read(exchange: Exchange, name: str, shape: re.Pattern[str] = _VALUE) -> str | None:
    header = exchange.header(b"cookie")
    if header is None:
        return None
    found = [value for key, _, value in map(_split, header.split(";")) if key == name]
    return found[0] if len(found) == 1 and shape.fullmatch(found[0]) else None


def _split(pair: str) -> tuple[str, str, str]:
    key, separator, value = pair.partition("=")
    return key.strip(" \t"), separator, value.strip(" \t")


def _attributes(public_url: str, max_age_seconds: int) -> str:
    secure = "Secure; " if public_url.startswith("https://") else ""
    return f"Path=/; {secure}HttpOnly; SameSite=Lax; Max-Age={int(max_age_seconds)}"
