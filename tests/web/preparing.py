"""Who calls a route in an example of the API document, at which address, and with which ids in the example's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.web.desk import Desk

Prepared = tuple[str, str, Any]
Preparing = Callable[[Desk, str, str, Any], Prepared]
BY: Final[dict[str, Preparing]] = {}


def prepares(*routes: str) -> Callable[[Preparing], Preparing]:
    """Say what a route's example needs; what follows is given the path, a new improver's name and the body."""

    def keep(preparing: Preparing) -> Preparing:
        BY.update(dict.fromkeys(routes, preparing))
        return preparing

    return keep
