"""The address of a static file, for templates; apart from serving them, which needs the page door."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import brotli

from sealwright.web.panel.pico_parts import seen_parts

FOLDER: Final = Path(__file__).resolve().parent
# Our own, and what is vendored beside them, unmodified (vendor/VENDOR.json).
SOURCES: Final = ("static", "vendor")
OWN_STYLES: Final = "app.css"
# The smaller one first: browsers take it over https and from this machine.
CODINGS: Final = ("br", "gzip")
_REMARK: Final = re.compile(rb"/\*.*?\*/\s*", re.DOTALL)
# What means nothing in a stylesheet: blanks (the one before a colon does, in selectors) and the naught of 0.5rem.
_BLANKS: Final = re.compile(rb"\s*([{};,>])\s*|(?<=:)\s+|(?<=[\s:(,-])0(?=\.\d)")
MEDIA_TYPES: Final[Mapping[str, bytes]] = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served.

    Args:
        name: With a part of its digest in it, so that another content has another address.
    """

    name: str
    content: bytes = field(repr=False)
    media_type: bytes
    etag: bytes

    @classmethod
    def of(cls, path: Path) -> StaticFile:
        """Read a file."""
        content = _squeezed(path) if path.suffix == ".css" else path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        name = f"{path.stem}-{digest}{path.suffix}"
        return cls(name, content, MEDIA_TYPES[path.suffix], f'"{digest}"'.encode("ascii"))


def _squeezed(path: Path) -> bytes:
    """Remarks and blanks of our stylesheet are for those who change it; of Pico go its license and what pages use."""
    content = path.read_bytes()
    if path.parent.name != SOURCES[0]:
        own = (FOLDER / SOURCES[0] / OWN_STYLES).read_text(encoding="utf-8")
        return seen_parts(content.decode("utf-8"), own).encode("utf-8")
    return _BLANKS.sub(lambda found: found[1] or b"", _REMARK.sub(b"", content))


@cache
def compressed_file(file: StaticFile, coding: str) -> bytes:
    """A file in a content coding, as small as it gets; done once, when it is first asked for."""
    if coding == "br":
        return bytes(brotli.compress(file.content, quality=11))
    # No time inside: the same content gives the same bytes in every process.
    return gzip.compress(file.content, 9, mtime=0)


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every file by its plain name."""
    paths = [path for folder in SOURCES for path in sorted((FOLDER / folder).iterdir()) if path.suffix in MEDIA_TYPES]
    return {path.name: StaticFile.of(path) for path in paths}


def static_url(name: str) -> str:
    """The address of a file, by its plain name.

    Raises:
        KeyError: There is no such file.
    """
    return f"/static/{static_files()[name].name}"
