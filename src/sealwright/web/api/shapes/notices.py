"""Bodies and answers of the routes for one's own inbox."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.notices import NoticeKind, NoticeMode
from sealwright.web.api.shapes.parts import Node, answer, closed, listed, text
from sealwright.web.shape import Shape

_MODE: Final[Node] = {"type": "string", "enum": [mode.value for mode in NoticeMode]}

MARK_READ: Final = Shape(
    "MarkRead",
    closed({"ids": listed(text(64), least=1, most=100, description="Which ones; all of them when left out.")}),
    optional=True,
    example={"ids": ["ntc_kq3c7xm2vbn5tz4wpd6ahf2yqe"]},
)
SET_MODES: Final = Shape(
    "SetNoticeModes",
    closed({kind.value: _MODE for kind in NoticeKind}, minProperties=1),
    example={"request_received": "daily"},
)
MARKED: Final = answer("MarkedRead", {"marked": {"type": "integer"}, "unread": {"type": "integer"}})
MODES: Final = answer("NoticeModes", {kind.value: _MODE for kind in NoticeKind})
MARKED_EXAMPLE: Final[dict[str, Any]] = {"marked": 1, "unread": 3}
MODES_EXAMPLE: Final[dict[str, Any]] = {kind.value: "at_once" for kind in NoticeKind}
