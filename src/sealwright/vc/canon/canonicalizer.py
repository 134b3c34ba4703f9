"""The door of `vc.canon`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sealwright.vc.canon.rdfc import MAX_STEPS, WorkBudget
from sealwright.vc.canon.reference import ReferenceProcessor, encode
from sealwright.vc.contexts.store import ContextStore

DEADLINE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class CanonStats:
    """Counts since the start."""

    hits: int = 0
    fallbacks: int = 0
    compiles: int = 0
    evictions: int = 0
    refusals: int = 0
    mismatches: int = 0


class PlanHandle: ...


class PlanMismatch: ...


class Canonicalizer:
    """Canonical N-Quads of documents."""

    def __init__(self, contexts: ContextStore) -> None:
        self._reference = ReferenceProcessor(contexts)

    def canonicalize(self, document: Mapping[str, Any], *, allow_inline: bool = False, stranger: bool = False) -> bytes:
        return self.canonicalize_by_reference(document, allow_inline=allow_inline)

    def canonicalize_by_reference(self, document: Mapping[str, Any], *, allow_inline: bool = False) -> bytes:
        budget = WorkBudget(MAX_STEPS, deadline=time.monotonic() + DEADLINE_SECONDS)
        return encode(self._reference.canonicalize(document, budget, allow_inline=allow_inline).lines)

    def learn(self, document: Mapping[str, Any]) -> bool:
        return False

    def stats(self) -> CanonStats:
        return CanonStats()
