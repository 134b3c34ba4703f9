"""Stopping letters from the letter itself, without signing in; opening the page changes nothing, its button does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import LinkSpent
from sealwright.domain.notices import NoticeKind
from sealwright.domain.reports import REPORT_MAIL
from sealwright.locales import N_
from sealwright.services.letters import DIGEST
from sealwright.web.panel.appearance import COOKIE, offered, read_small_cookie
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings import NOTICE_WORDS
from sealwright.web.panel.settings_frame import NOTIFICATIONS
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.stop_links import StopLink
    from sealwright.web.panel.page_call import PageCall

_PATH: Final = "/mail/stop/{token}"
_TEMPLATE: Final = "mail/stop.html"
_OTHER_WORDS: Final = {DIGEST: N_("The daily summary"), REPORT_MAIL: N_("The report with figures")}
_PLAIN: Final = b"text/plain; charset=utf-8"


def show(page: PageCall) -> Reply:
    """GET /mail/stop/{token}."""
    try:
        return _said(page, page.office.letter_stops.check(page.params["token"]), is_done=False)
    except LinkSpent:
        return _spent(page)


def stop(page: PageCall) -> Reply:
    """POST /mail/stop/{token}, by the page's button."""
    try:
        return _said(page, _stop(page), is_done=True)
    except LinkSpent:
        return _spent(page)


def stop_by_one_click(page: PageCall) -> Reply:
    """POST /mail/stop/{token}, by a mail program: nobody reads the answer, so it is short, and in English."""
    try:
        _stop(page)
    except LinkSpent:
        return Reply(410, b"This link stops no letters.\n", _PLAIN)
    return Reply(200, b"These letters are stopped.\n", _PLAIN)


def _stop(page: PageCall) -> StopLink:
    return page.office.letter_stops.stop(page.params["token"], request_id=page.exchange.request_id)


def _said(page: PageCall, link: StopLink, *, is_done: bool) -> Reply:
    chose_language = page.signed_in is not None or read_small_cookie(page.exchange, COOKIE) is not None
    if not chose_language and link.language in offered():
        page.appearance = replace(page.appearance, language=link.language)
    return page.render(
        _TEMPLATE,
        state="done" if is_done else "asked",
        action=page.path,
        label=page._(_OTHER_WORDS.get(link.kind) or NOTICE_WORDS[NoticeKind(link.kind)]),
        is_digest=link.kind == DIGEST,
        in_inbox=link.kind != REPORT_MAIL,
        chosen_at="/analytics" if link.kind == REPORT_MAIL else NOTIFICATIONS,
    )


def _spent(page: PageCall) -> Reply:
    return page.render(_TEMPLATE, status=410, state="spent", chosen_at=NOTIFICATIONS)


_ANYONE: Final = PageAudience.ANYONE

PAGES: Final = (
    PageRoute("GET", _PATH, _ANYONE, show),
    PageRoute("POST", _PATH, _ANYONE, stop, one_click=stop_by_one_click),
)
