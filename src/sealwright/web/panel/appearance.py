"""How somebody sees the pages: language, theme, row density, time zone; their own record first, then a cookie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from sealwright.domain.people import Theme
from sealwright.locales import LANGUAGES, Texts, choose_language, texts_for

if TYPE_CHECKING:
    from sealwright.domain.people import Person
    from sealwright.web.exchange import Exchange

COOKIE: Final = "sealwright_look"
COOKIE_SECONDS: Final = 365 * 24 * 3600
COMPACT: Final = "compact"


@dataclass(frozen=True, slots=True)
class Appearance:
    """What somebody chose, or their browser asks for.

    Args:
        theme: None leaves it to the system.
        compact: True for lists with one-line rows.
        zone: Where times are shown.
    """

    language: str
    theme: Theme | None = None
    compact: bool = False
    zone: tzinfo = UTC

    @property
    def texts(self) -> Texts:
        """The texts of the language."""
        return texts_for(self.language)

    def of(self, person: Person | None) -> Appearance:
        """The same for somebody who is signed in: what is on their record counts before the cookie."""
        if person is None:
            return self
        language = person.locale if person.locale in offered() else self.language
        return replace(
            self, language=language or self.language, theme=person.theme or self.theme, zone=zone_of(person.time_zone)
        )

    @property
    def cookie_value(self) -> str:
        """What is kept in the browser of somebody who is not signed in."""
        return "~".join((self.language, self.theme.value if self.theme else "", COMPACT if self.compact else ""))


def offered() -> tuple[str, ...]:
    """The languages that can be chosen."""
    return LANGUAGES + _EXTRA


# Tests of layout add the pseudo-language here.
_EXTRA: tuple[str, ...] = ()


def appearance_of(exchange: Exchange) -> Appearance:
    """What the browser of an exchange asks for."""
    language, theme, density = _kept(read_small_cookie(exchange, COOKIE))
    chosen = choose_language(offered(), chosen=language, accept=exchange.header(b"accept-language"))
    return Appearance(chosen, _theme(theme), density == COMPACT)


def _kept(value: str | None) -> tuple[str, str, str]:
    parts = (value or "").split("~")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _theme(text: str) -> Theme | None:
    return Theme(text) if text in set(Theme) else None


@cache
def zone_names() -> tuple[str, ...]:
    """The time zones that somebody may choose besides UTC, by their IANA names."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


@lru_cache(maxsize=64)
def zone_of(name: str | None) -> tzinfo:
    """A time zone by its IANA name; UTC where it is unknown here."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def read_small_cookie(exchange: Exchange, name: str) -> str | None:
    """A cookie that only dresses pages; None where it is absent or there twice. Nothing may depend on its truth."""
    found = [
        value.strip()
        for key, _, value in (pair.partition("=") for pair in (exchange.header(b"cookie") or "").split(";"))
        if key.strip() == name
    ]
    return found[0] if len(found) == 1 else None


def small_cookie(name: str, value: str, max_age_seconds: int, *, secure: bool) -> tuple[bytes, bytes]:
    """The header that sets such a cookie; the value is ours and needs no quoting."""
    guarded = "Secure; " if secure else ""
    text = f"{name}={value}; Path=/; {guarded}HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}"
    return (b"set-cookie", text.encode("ascii"))
