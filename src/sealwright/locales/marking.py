"""Marking texts that are translated later: constants of a module, which exist before anybody's language is known."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it, which collectors look for
    """Mark a text for the catalogs and give it back unchanged; whoever shows it translates it."""
    return text
