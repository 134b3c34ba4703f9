"""What the web room writes into logs: ids, codes, class names and places in the code; never values."""

from __future__ import annotations

import traceback
from typing import Any, Final

import structlog

_LOG: Final[Any] = structlog.get_logger("sealwright.web")
_MOST_FRAMES: Final = 40


def log_crash(error: BaseException, *, request_id: str, route: str) -> None:
    """Record an error that nobody foresaw, in full but for its values.

    Messages of exceptions may quote SQL parameters, claims or secrets; so the chain is told by class and by
    where in the code each link arose.
    """
    _LOG.error("internal error", request_id=request_id, route=route, chain=_chain(error))


def log_refusal(error: BaseException, code: str, *, request_id: str, route: str) -> None:
    """Record a refusal that an operator should know of (5xx), with what the store says of why: classes, no values."""
    notes = getattr(error, "__notes__", ())
    cause = {"cause": " - ".join(notes)} if notes else {}
    _LOG.warning("call not served", code=code, request_id=request_id, route=route, **cause)


def _chain(error: BaseException) -> list[dict[str, object]]:
    links: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(links) < 10:
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        links.append(
            {
                "error": f"{type(current).__module__}.{type(current).__qualname__}",
                "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return links
