"""The form under which e-mail addresses are unique."""

from __future__ import annotations

import unicodedata


def email_key(email: str) -> str:
    """Give the form under which an e-mail address is unique: compatibility forms and case folded away."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email.strip()).casefold())
