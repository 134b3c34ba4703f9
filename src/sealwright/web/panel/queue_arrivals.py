"""What has come into the queue since its page was loaded: a line that says so and leads there.

Asked for every few seconds by open pages, so the answer is small, mostly empty, and no use of the session.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sealwright.web.panel.issuer import types_of
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.queue_filters import ARRIVALS_PATH, FILTER_FIELDS, filter_of, queue_path
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

ARRIVALS: Final = Form(*FILTER_FIELDS, Field("since", Kind.NUMBER))


def show(page: PageCall) -> Reply:
    """GET /issuer/queue/new: a line, or 204 where nothing that the filters match was asked for since then.

    What was asked for within the very second of `since` stands on the page already, or is told by its next loading.
    """
    if not page.is_partial:
        return page.redirect(queue_path(page.query))
    now = int(page.now.timestamp())
    since = min(max(page.query.number("since", now), 0), now)
    wanted = replace(
        filter_of(page, page.query, types_of(page)), requested_after=datetime.fromtimestamp(since + 1, UTC)
    )
    total = page.office.review.list(page.caller, wanted, page=1, count=1).total
    if total == 0:
        return Reply(204, b"", None, tuple(page.headers))
    # Newest first: in the queue's own order the new ones stand on its last page.
    return page.render("issuer/arrivals.html", partial="line", total=total, href=queue_path(page.query, sort="newest"))


PAGES: Final = (PageRoute("GET", ARRIVALS_PATH, PageAudience.ISSUER, show, query=ARRIVALS, quiet=True),)
