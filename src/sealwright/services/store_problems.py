"""What `verify-store` names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A stored thing that does not hold: its kind, its id, and a sentence."""

    kind: str
    id: str
    detail: str
