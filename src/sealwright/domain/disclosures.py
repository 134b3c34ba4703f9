"""Disclosure links: a part of one credential, kept for a verifier until its time is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

DEFAULT_LIFE: Final = timedelta(minutes=15)
SHORTEST_LIFE: Final = timedelta(minutes=1)
LONGEST_LIFE: Final = timedelta(days=1)
OPEN_MOST: Final = 20
"""How many links of one credential may be open at once."""


@dataclass(frozen=True, slots=True)
class DisclosureLink:
    """The page ``/v/d/{token}``: what a holder derived from a credential, for whoever has the address.

    The row goes when its time is over or its holder takes it back, and the derived credential with it.

    Args:
        uid: The credential that it was derived from.
        user_id: Who made it.
        digest: SHA-256 of the token, which follows from the id and a key of the office.
        document: The derived credential: JSON, or the text of an SD-JWT.
        is_text: Whether it is the text of an SD-JWT.
        shown: How many claims it shows.
        opened: How often the page was opened.
    """

    disclosure_id: str
    uid: UUID
    user_id: str
    digest: bytes = field(repr=False)
    document: bytes = field(repr=False)
    is_text: bool
    shown: int
    created_at: datetime
    expires_at: datetime
    opened: int = 0
    opened_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether the page still answers."""
        return now < self.expires_at
