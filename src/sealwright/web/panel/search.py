"""The palette: people, requests and pages by a few letters; within what the viewer may see, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.batches import BatchFilter
from sealwright.domain.people import AccountRole
from sealwright.domain.requests import RequestFilter
from sealwright.services.holders import SEARCH_LEAST
from sealwright.web.panel.batches_words import BATCHES, badge_name, batch_name
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.queue_rows import badges_of
from sealwright.web.panel.shell import shell_of
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

FOUND_MAX: Final = 6
_BATCHES_LOOKED_AT: Final = 100
WHERE: Final = Form(Field("q", max_length=200))


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that can be gone to."""

    label: str
    href: str
    icon: str
    detail: str = ""
    badges: tuple[str, ...] = ()


def show(page: PageCall) -> Reply:
    """GET /search."""
    text = page.query.text("q").strip()
    reviewer = page.caller.has_role(AccountRole.ISSUER)
    people = _people(page, text) if reviewer and len(text) >= SEARCH_LEAST else []
    requests = _requests(page, text) if reviewer and len(text) >= SEARCH_LEAST else []
    batches = _batches(page, text) if reviewer and len(text) >= SEARCH_LEAST else []
    places = _places(page, text)
    return page.render(
        "search/search.html",
        partial="results",
        dialog="dialog",
        text=text,
        groups=[
            group
            for group in (
                (page._("Requests"), requests),
                (page._("People"), people),
                (page._("Batches"), batches),
                (page._("Pages"), places),
            )
            if group[1]
        ],
        is_reviewer=reviewer,
    )


def _people(page: PageCall, text: str) -> list[Hit]:
    found = page.office.holders.find(page.caller, text, page=1, count=FOUND_MAX)
    return [Hit(one.display_name, f"/issuer/holders/{one.user_id}", "user", one.email) for one in found.items]


def _requests(page: PageCall, text: str) -> list[Hit]:
    """Requests inside the issuer scope alone; the service leaves out all others, and counts none of them."""
    labels = labels_of(page, types_of(page))
    found = page.office.review.list(page.caller, RequestFilter(search=text), page=1, count=FOUND_MAX)
    return [
        Hit(
            view.requester.display_name,
            f"/issuer/requests/{view.request.request_id}",
            "inbox",
            labels.get(view.request.credential_type, view.request.credential_type),
            badges_of(view, page.now),
        )
        for view in found.items
    ]


def _batches(page: PageCall, text: str) -> list[Hit]:
    """The newest batches whose name, file or id holds the text; older ones are found in their list."""
    wanted = text.casefold()
    newest = page.office.bulk.desk.list(page.caller, BatchFilter(), limit=_BATCHES_LOOKED_AT, cursor=None).items
    hits = []
    for one in newest:
        name = batch_name(page, one)
        if any(wanted in part.casefold() for part in (name, one.options.source or "", one.batch_id)):
            href = f"{BATCHES}/{one.batch_id}"
            hits.append(Hit(name, href, "stack", one.options.source or "", (badge_name(one),)))
    return hits[:FOUND_MAX]


def _places(page: PageCall, text: str) -> list[Hit]:
    folded = text.casefold()
    lines = [line for _, entries in shell_of(page).menu for line in entries]
    return [Hit(line.label, line.href, line.icon) for line in lines if folded in line.label.casefold()]


PAGES: Final = (PageRoute("GET", "/search", PageAudience.SIGNED_IN, show, query=WHERE),)
