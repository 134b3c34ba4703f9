"""The list of batches (S9), and what stands beside it: templates to fill in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sealwright.domain.batches import Batch, BatchFilter, BatchKind, BatchStatus
from sealwright.services.row_shape import RowShape
from sealwright.services.row_tables import template_csv
from sealwright.web.panel.batches_words import (
    BATCHES,
    STATUS_WORDS,
    aim_words,
    badge_name,
    batch_name,
    schema_words,
)
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.batch_drafts import DraftChoices
    from sealwright.web.panel.page_call import PageCall

LIST: Final = Form(
    Field("status", Kind.CHOICE, choices=tuple(one.value for one in BatchStatus)), Field("cursor", max_length=500)
)
TEMPLATE: Final = Form(Field("schema", max_length=500))
_ROWS: Final = 20
_TEMPLATES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class ListLine:
    """One batch in the list."""

    batch: Batch
    name: str
    href: str
    what: str
    said: str
    badge: str
    done: int
    shows_progress: bool


def show(page: PageCall) -> Reply:
    """GET /batches: the newest first, by state."""
    chosen = page.query.choice("status", "")
    status = BatchStatus(chosen) if chosen else None
    cursor = page.query.optional("cursor")
    desk = page.office.bulk.desk
    found = desk.list(page.caller, BatchFilter(status=status), limit=_ROWS, cursor=cursor)
    lines = [_line(page, one) for one in found.items]
    return page.render(
        "batches/list.html",
        rows=lines,
        tabs=_tabs(page, status),
        is_filtered=status is not None,
        is_first=cursor is None,
        first_href=page.href(cursor=None),
        next_href=page.href(cursor=found.next_cursor) if found.next_cursor else None,
        templates=_templates(page) if not lines and status is None else (),
    )


def _line(page: PageCall, batch: Batch) -> ListLine:
    done = batch.issued + batch.failed
    texts = page.texts
    if batch.status is BatchStatus.DRAFT:
        said = page.ngettext("%(num)s row", "%(num)s rows", batch.total) if batch.total else page._("no rows yet")
    elif batch.is_open:
        said = page._("%(done)s of %(total)s", done=number_text(done, texts), total=number_text(batch.total, texts))
    elif batch.kind is BatchKind.ISSUE:
        said = page._("%(num)s issued", num=number_text(batch.issued, texts))
    else:
        said = page._("%(num)s revoked", num=number_text(batch.issued, texts))
    return ListLine(
        batch=batch,
        name=batch_name(page, batch),
        href=f"{BATCHES}/{batch.batch_id}",
        what=aim_words(page, batch),
        said=said,
        badge=badge_name(batch),
        done=done,
        shows_progress=batch.is_open and batch.status is not BatchStatus.DRAFT,
    )


def _tabs(page: PageCall, status: BatchStatus | None) -> list[tuple[str, str, int | None, bool]]:
    """Every state in which there is a batch, and the one that is looked at."""
    counts = page.office.bulk.desk.counts(page.caller)
    tabs: list[tuple[str, str, int | None, bool]] = [
        (page._("All"), page.href(status=None, cursor=None), sum(counts.values()), status is None)
    ]
    for one, word in STATUS_WORDS.items():
        if (count := counts.get(one.value, 0)) or one is status:
            tabs.append((page._(word), page.href(status=one.value, cursor=None), count, one is status))
    return tabs


def _templates(page: PageCall) -> list[tuple[str, str, str]]:
    """What may be issued, where its template is, and which columns that has."""
    choices = page.office.bulk.drafts.choices(page.caller)
    return [
        (word, template_href(schema_id), ", ".join(_columns(page, schema_id)))
        for word, schema_id in aims_of(page, choices)[:_TEMPLATES_SHOWN]
    ]


def _columns(page: PageCall, schema_id: str) -> list[str]:
    schema = page.view().schema(schema_id)
    if schema is None:
        return []
    return ["holderDid", *(place.name for place in RowShape.of(schema.content).claims), "expirationDate"]


def aims_of(page: PageCall, choices: DraftChoices) -> list[tuple[str, str]]:
    """What may be issued: its words, and its schema."""
    kinds = [(one.label_in(page.texts.language), one.schema_id) for one in choices.kinds]
    return kinds + [(schema_words(one), one.schema_id) for one in choices.schemas]


def template_href(schema_id: str) -> str:
    """Where the template of a schema is."""
    return f"{BATCHES}/template.csv?{urlencode({'schema': schema_id})}"


def template(page: PageCall) -> Reply:
    """GET /batches/template.csv: a table with every column, and two sample rows."""
    schema = page.office.access.schema(page.query.text("schema"), page.view())
    content = b"".join(template_csv(RowShape.of(schema.content)))
    return page.download(content, f"{schema.name}.csv", "text/csv; charset=utf-8")


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", BATCHES, _I, show, query=LIST),
    PageRoute("GET", f"{BATCHES}/template.csv", _I, template, query=TEMPLATE),
)
