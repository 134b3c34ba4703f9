"""What a notice says, once it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Data: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words.

    Args:
        title: Without names and types: it stands in the subject of a mail, which anybody may see.
        lines: Sentences; the first one alone is enough for a list.
        quote: What a person wrote.
        act: A label and a path on this office's pages.
    """

    title: str
    lines: tuple[str, ...]
    quote: str | None = None
    act: tuple[str, str] | None = None
