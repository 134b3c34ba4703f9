"""Letters: what the office writes to people by mail, in their language, as text and as HTML."""

from __future__ import annotations

from sealwright.services.letters.frame import Letter, LetterHead
from sealwright.services.letters.notices import tell_notice
from sealwright.services.letters.told import Told
from sealwright.services.letters.writing import (
    ACCOUNT_KINDS,
    DIGEST,
    OFFER,
    TEST,
    write_digest,
    write_letter,
    write_report,
)

__all__ = [
    "ACCOUNT_KINDS",
    "DIGEST",
    "OFFER",
    "TEST",
    "Letter",
    "LetterHead",
    "Told",
    "tell_notice",
    "write_digest",
    "write_letter",
    "write_report",
]
