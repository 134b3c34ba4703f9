"""Share links: the public page of one credential, and what its holder lets it show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Share:
    """The page ``/v/{short}`` of a credential.

    The address always tells whether the credential holds (paper carries it as a code). Claims it shows only while the
    holder has switched sharing on, and only those they chose.

    Args:
        uid: The credential.
        digest: SHA-256 of the short code, which follows from the uid, the generation and a key of the office.
        generation: Raised when the holder asks for a new address; older ones are dead.
        is_on: Whether claims may be shown.
        shown: JSON pointers into the claims; what is not named is not shown.
        is_listed: Whether search engines may list it.
    """

    uid: UUID
    digest: bytes
    created_at: datetime
    updated_at: datetime
    generation: int = 1
    is_on: bool = False
    shown: tuple[str, ...] = ()
    is_listed: bool = False
