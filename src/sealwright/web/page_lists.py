"""Numbered page lists: an array with its total and its neighbors in headers, or one object with all of it.

The total counts what the caller may see and asked for; a page past the end is empty.

Spec: RFC 8288, "Link Serialisation in HTTP Headers".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import quote

from sealwright.services.desk_ports import NumberedPage
from sealwright.web.api.shapes.parts import BOOLEAN, Node, answer, listed
from sealwright.web.call import Call
from sealwright.web.query import Parameter, QueryShape, split_query
from sealwright.web.reply import Headers, Reply, json_reply
from sealwright.web.route import Answered

T = TypeVar("T")

DEFAULT_COUNT: Final = 20
MAX_COUNT: Final = 100
# Beyond this no list reaches; the bound keeps page x count within the integers of every database.
MAX_PAGE: Final = 1_000_000_000

PAGE: Final = Parameter(
    "page",
    {"type": "integer", "minimum": 0, "maximum": MAX_PAGE, "default": 0},
    "Which page, the first one being 0.",
    is_page=True,
)
COUNT: Final = Parameter(
    "count",
    {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "default": DEFAULT_COUNT},
    "How many items a page holds.",
    is_page=True,
)
VIEW: Final = Parameter(
    "view", {"type": "string", "enum": ["page"]}, "`page`: one object with the items, the total and the page."
)
HEADERS: Final = ("X-Total-Count", "Link")
# Whatever else a caller may have written into a path has no business inside the brackets of a Link header.
_PATH_CHARACTERS: Final = "/%:@!$&'()*+,;=~-._"


def numbered(*parameters: Parameter) -> QueryShape:
    """A page list's parameters: these, and the page."""
    return QueryShape((*parameters, PAGE, COUNT, VIEW))


def numbered_answer(item: Node, example: object, description: str) -> Answered:
    """What a page list answers with: an array, or with ``view=page`` an object."""
    page = answer(
        f"{item['title']}List",
        {
            "data": listed(item),
            "page": {"type": "integer"},
            "count": {"type": "integer"},
            "total": {"type": "integer"},
            "has_more": BOOLEAN,
        },
    )
    return Answered(200, description, {"anyOf": [listed(item), page]}, [example], headers=HEADERS)


def page_asked(call: Call) -> tuple[int, int]:
    """The page that a call asks for, from 1 as everywhere inside, and how many items it holds."""
    return call.query.get("page", 0) + 1, call.query.get("count", DEFAULT_COUNT)


def page_reply(call: Call, page: NumberedPage[T], render: Callable[[T], object]) -> Reply:
    """Answer with one page of a list."""
    items = [render(item) for item in page.items]
    headers = _headers(call, page)
    if call.query.get("view") != "page":
        return json_reply(items, headers=headers)
    has_more = page.page * page.count < page.total
    whole = {"data": items, "page": page.page - 1, "count": page.count, "total": page.total, "has_more": has_more}
    return json_reply(whole, headers=headers)


def sliced(call: Call, items: Sequence[T], *, whole_unless_paged: bool = False) -> NumberedPage[T]:
    """Cut a page out of a list that is at hand as a whole.

    Args:
        whole_unless_paged: Short lists are answered as a whole where no page is asked for.
    """
    page, count = page_asked(call)
    if whole_unless_paged and "page" not in call.query and "count" not in call.query:
        page, count = 1, max(1, len(items))
    return NumberedPage(tuple(items[(page - 1) * count : page * count]), page, count, len(items))


def _headers(call: Call, page: NumberedPage[T]) -> Headers:
    last, this = max(0, (page.total - 1) // page.count), page.page - 1
    targets = [("first", 0)]
    if this > 0:
        targets.append(("prev", min(this - 1, last)))
    if this < last:
        targets.append(("next", this + 1))
    targets.append(("last", last))
    address = f"{call.office.public_url}{quote(call.exchange.instance, safe=_PATH_CHARACTERS)}?"
    kept = [(name, value) for name, value in split_query(call.query_text) if name not in {"page", "count"}]
    links = ", ".join(f'<{address}{_query(kept, number, page.count)}>; rel="{rel}"' for rel, number in targets)
    return ((b"x-total-count", b"%d" % page.total), (b"link", links.encode("ascii")))


def _query(kept: Sequence[tuple[str, str]], page: int, count: int) -> str:
    pairs = [*kept, ("page", str(page)), ("count", str(count))]
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
