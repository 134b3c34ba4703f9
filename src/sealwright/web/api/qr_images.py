"""QR codes as files: black on white, with a quiet zone of four modules."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import segno

QUIET_MODULES: Final = 4
# A code of this version still fills a phone's screen with modules that its camera tells apart.
LARGEST_VERSION: Final = 8


def qr_image(content: str, kind: str, scale: int) -> bytes:
    """Draw a text as ``svg`` or ``png``.

    Error correction is M, or L where M would need a larger code than phones read with ease.

    Args:
        scale: Pixels a module.
    """
    image = BytesIO()
    qr_code(content).save(image, kind=kind, scale=scale, border=QUIET_MODULES, dark="#000000", light="#ffffff")
    return image.getvalue()


def qr_code(content: str) -> Any:
    """The code of a text, in the smallest version that holds it."""
    code = segno.make(content, error="m", micro=False, boost_error=False)
    if int(code.version) > LARGEST_VERSION:
        code = segno.make(content, error="l", micro=False, boost_error=False)
    return code
