"""The address of a static file, for templates; apart from serving them, which needs the page door."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
# Our own, and what is vendored beside them, unmodified (vendor/VENDOR.json).
SOURCES: Final = ("static", "vendor")
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
    compressed: bytes = field(repr=False)
    media_type: bytes
    etag: bytes

    @classmethod
    def of(cls, path: Path) -> StaticFile:
        """Read a file."""
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        # No time inside: the same content gives the same bytes in every process.
        compressed = gzip.compress(content, 9, mtime=0)
        name = f"{path.stem}-{digest}{path.suffix}"
        return cls(name, content, compressed, MEDIA_TYPES[path.suffix], f'"{digest}"'.encode("ascii"))


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
