"""Banners: what holds for the whole office and everybody must know, on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealwright.web.panel.moments import clock_text, day_text

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall


@dataclass(frozen=True, slots=True)
class Banner:
    """Something about the whole office."""

    text: str
    href: str | None = None
    label: str | None = None


def banners_of(page: PageCall) -> tuple[Banner, ...]:
    """What is not as it should be now. Reads the registry, which is cached, and the state of the keys."""
    found = []
    for halt in page.view().halts():
        since = f"{day_text(halt.since, page.texts, page.zone)}, {clock_text(halt.since, page.texts, page.zone)}"
        if halt.issuer_did is None and halt.schema_id is None:
            text = page._("Issuing is halted since %(since)s. Decisions are kept; signing waits.", since=since)
        else:
            stopped = halt.issuer_did or halt.schema_id
            text = page._("Issuing is halted for %(what)s since %(since)s; signing waits.", what=stopped, since=since)
        found.append(Banner(f"{text} {page._('Reason: %(reason)s', reason=halt.reason)}"))
    if page.office.keys.is_sealed:
        found.append(Banner(page._("The office is sealed: its keys cannot be opened, so nothing can be signed.")))
    return tuple(found)
