"""Pages of a list: which one is shown, how many there are, and the addresses of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sealwright.services.desk_ports import NumberedPage
    from sealwright.web.panel.page_call import PageCall

SIZES: Final = (20, 50, 100)
DEFAULT_SIZE: Final = SIZES[0]


@dataclass(frozen=True, slots=True)
class Paging:
    """Where in a list somebody is.

    Args:
        page: From 1, as people count.
        total: Exact.
        href: The address of this list with other query parameters.
    """

    page: int
    count: int
    total: int
    href: Callable[..., str]

    @classmethod
    def of(cls, page: PageCall, found: NumberedPage[Any]) -> Paging:
        """The paging of a page that a service has given; services count from 1, as people do."""
        return cls(found.page, found.count, found.total, page.href)

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.count))

    @property
    def previous_href(self) -> str | None:
        """The page before; None on the first."""
        return self.href(page=self.page - 1 if self.page > 2 else None) if self.page > 1 else None

    @property
    def next_href(self) -> str | None:
        """The page after; None on the last, also where the last is full."""
        return self.href(page=self.page + 1) if self.page < self.pages else None

    @property
    def size_hrefs(self) -> tuple[tuple[int, str], ...]:
        """The sizes that are offered, each with the address that shows it from the first page on."""
        return tuple((size, self.href(count=size if size != DEFAULT_SIZE else None, page=None)) for size in SIZES)


def wanted_page(page: PageCall) -> tuple[int, int]:
    """Page and size that the query asks for, as services take them: from 1. What cannot be is taken as the nearest."""
    size = page.query.number("count", DEFAULT_SIZE)
    return max(1, page.query.number("page", 1)), size if size in SIZES else DEFAULT_SIZE
