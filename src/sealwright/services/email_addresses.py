"""E-mail addresses as people type them: one plain form, so that none can smuggle anything into a letter's head."""

from __future__ import annotations

import re
from typing import Final

from sealwright.domain.errors import MalformedBody
from sealwright.vc.errors import Fault

EMAIL_MAX: Final = 254
# Letters of every script may stand in a local part, blanks, brackets, quotes, commas and control characters not.
_EMAIL: Final = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+\.[^\s@.]{1,63}"
)


def read_email(text: str, pointer: str = "/email") -> str:
    """Take an e-mail address without the blanks around it.

    Raises:
        MalformedBody: It is none, is longer than 254 characters, or holds what does not show.
    """
    address = text.strip()
    if len(address) > EMAIL_MAX or not address.isprintable() or _EMAIL.fullmatch(address) is None:
        detail = "must be an e-mail address"
        raise MalformedBody("The text is no e-mail address.", faults=[Fault(pointer, "INVALID_VALUE", detail)])
    return address
