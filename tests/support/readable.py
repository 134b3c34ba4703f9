"""What somebody can read in an answer: proofs are random text, in which any short word turns up sooner or later."""

from __future__ import annotations

import re
from typing import Final

_RANDOM: Final = re.compile(r"[A-Za-z0-9_+/=-]{40,}")


def readable(text: str | bytes) -> str:
    """A text without signatures, digests and whatever else is one long run of base64."""
    return _RANDOM.sub(" ", text if isinstance(text, str) else text.decode())
