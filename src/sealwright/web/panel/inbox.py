"""The inbox: what happened, with a way to it; what one is told by mail is chosen in Settings (S17)."""

from __future__ import annotations

from typing import Final

from sealwright.web.panel.page_call import PageCall, Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.reply import Reply

INBOX: Final = "/inbox"
WHERE: Final = Form(
    Field("show", Kind.CHOICE, choices=("all", "unread")), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER)
)
READ: Final = Form(Field("id", many=True, max_length=80))


def show(page: PageCall) -> Reply:
    """GET /inbox."""
    unread_only = page.query.choice("show", "all") == "unread"
    number, count = wanted_page(page)
    desk = page.office.notices
    found = desk.inbox_in(page.caller, page.texts.language, page=number, count=count, unread=unread_only)
    unread = desk.unread(page.caller)
    return page.render(
        "inbox/inbox.html",
        partial="results",
        entries=found.items,
        total=found.total,
        unread=unread,
        unread_only=unread_only,
        tabs=[
            (page._("All"), page.href(show=None, page=None), None, not unread_only),
            (page._("Unread"), page.href(show="unread", page=None), unread, unread_only),
        ],
        paging=Paging.of(page, found),
        said=page.ngettext("%(num)s event", "%(num)s events", found.total),
    )


def mark_read(page: PageCall) -> Reply:
    """POST /inbox/read: the named ones, or all."""
    ids = page.form.many("id") or None
    page.act(lambda uow, me: page.office.notices.mark_read(uow, me, ids))
    return page.done(INBOX, Toast(page._("Marked as read.")) if ids is None else None)


PAGES: Final = (
    PageRoute("GET", INBOX, PageAudience.SIGNED_IN, show, query=WHERE),
    PageRoute("POST", f"{INBOX}/read", PageAudience.SIGNED_IN, mark_read, form=READ),
)
