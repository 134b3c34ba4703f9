"""How the file of a draft is read (S9): its encoding, what stands between its cells, its dates, where columns lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.batch_drafts import FileShape, Reading
from sealwright.locales import N_
from sealwright.services.batch_drafts import ColumnWish, DraftSheet
from sealwright.services.row_cells import DateOrder
from sealwright.services.row_shape import CLAIMS, RowShape
from sealwright.web.panel.batches_draft import begun, frame, place_word, sheet_of
from sealwright.web.panel.batches_words import BATCHES, COLUMNS_STEP, ENCODING_NAMES
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.refusal_words import refusal_words
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.draft_reading import FileLook
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{BATCHES}/{{id}}"
_LEAVE_OUT: Final = ""
_ENCODINGS: Final = ("", "utf-8", "utf-16", "windows-1252")
_SEPARATORS: Final = {"": N_("As found"), ",": N_("Comma"), ";": N_("Semicolon"), "tab": N_("Tab")}
_ORDERS: Final = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
COLUMNS_FORM: Final = Form(
    Field("encoding", Kind.CHOICE, choices=_ENCODINGS),
    Field("separator", Kind.CHOICE, choices=tuple(_SEPARATORS)),
    Field("act", Kind.CHOICE, choices=("look", "check")),
    Field("column.*", max_length=500, keep_spaces=True),
    Field("to.*", max_length=2000),
    Field("date.*", max_length=20),
)


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of the file.

    Args:
        place: JSON pointer that it leads to; empty where it is left out.
    """

    number: int
    name: str
    examples: tuple[str, ...]
    place: str


def show_columns(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/columns: how the file is read, and where its columns lead."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet)) is not None:
        return elsewhere
    if not sheet.draft.has_file:
        return page.redirect(f"{BATCHES}/{sheet.batch.batch_id}/upload")
    look = page.office.bulk.draft_reading.look(sheet, page.view())
    finding = look.finding
    form = form_of(page, COLUMNS_FORM)
    return page.render(
        "batches/columns.html",
        status=status,
        **frame(page, sheet, COLUMNS_STEP),
        form=form,
        is_table=sheet.draft.shape is FileShape.CSV,
        finding=finding,
        encoding_name=ENCODING_NAMES.get(finding.encoding, finding.encoding) if finding is not None else None,
        encodings=[(one, ENCODING_NAMES[one] if one else page._("As found")) for one in _ENCODINGS],
        separators=[(one, page._(word)) for one, word in _SEPARATORS.items()],
        separator="tab" if sheet.draft.separator == "\t" else sheet.draft.separator or "",
        separator_name=_separator_name(page, finding.separator if finding is not None else None),
        columns=_columns(look),
        places=_places(page, look.shape),
        missing=[place_word(page, name) for name in finding.missing] if finding is not None else (),
        unclear=_unclear(sheet, look),
        fault=_fault_words(page, sheet, look),
    )


def _columns(look: FileLook) -> list[ColumnLine]:
    finding = look.finding
    if finding is None:
        return []
    return [
        ColumnLine(number, name, look.examples.get(name, ()), finding.columns.get(name, _LEAVE_OUT))
        for number, name in enumerate(finding.header)
        if name
    ]


def _places(page: PageCall, shape: RowShape) -> list[tuple[str, str]]:
    """Where a column may lead, by the names that templates use; what must be there says so."""
    places = [(_LEAVE_OUT, page._("Leave out"))]
    for place in shape.places:
        word = place_word(page, place.name) if place.path[0] != CLAIMS else place.name
        places.append((place.pointer, f"{word} *" if place.required else word))
    return places


def _separator_name(page: PageCall, separator: str | None) -> str:
    name = _SEPARATORS.get("tab" if separator == "\t" else separator or "")
    return page._(name) if name and separator else ""


def _unclear(sheet: DraftSheet, look: FileLook) -> list[tuple[str, str, tuple[str, ...]]]:
    """Columns whose dates can be read in two ways: name, what was said of it, some of them."""
    finding = look.finding
    if finding is None:
        return []
    said = dict(sheet.draft.dates)
    names = dict.fromkeys((*finding.unclear_dates, *(name for name in said if name in finding.header)))
    return [(name, said.get(name, ""), look.examples.get(name, ())) for name in names]


def _fault_words(page: PageCall, sheet: DraftSheet, look: FileLook) -> str | None:
    """Why the file cannot be read as it stands: now, or when it was last tried."""
    if look.fault is not None:
        return refusal_words(page.texts, look.fault)
    return sheet.draft.fault if sheet.draft.reading is Reading.FAILED else None


def settle_columns(page: PageCall) -> Reply:
    """POST /batches/{id}/columns: look again, or have the rows read and checked."""
    batch_id = page.params["id"]
    form = page.form

    def run() -> tuple[str, Toast | None]:
        wish = _column_wish(form)
        drafts = page.office.bulk.drafts
        if form.text("act") == "look":
            page.act(lambda uow, me: drafts.note_columns(uow, me, batch_id, wish))
            return f"{BATCHES}/{batch_id}/columns", None
        page.act(lambda uow, me: drafts.settle_columns(uow, me, batch_id, wish))
        return f"{BATCHES}/{batch_id}/check", None

    return save(page, lambda status: show_columns(page, status), run)


def _column_wish(form: FormData) -> ColumnWish:
    names = form.under("column.")
    led = form.under("to.")
    dates = form.under("date.")
    separator = form.choice("separator", "")
    return ColumnWish(
        encoding=form.choice("encoding", "") or None,
        separator={"tab": "\t", "": None}.get(separator, separator),
        mapping={name: led.get(number, _LEAVE_OUT) for number, name in names.items()},
        dates={name: DateOrder(order) for name, order in _dated(names, dates) if order in _ORDERS},
    )


def _dated(names: dict[str, str], dates: dict[str, str]) -> list[tuple[str, str]]:
    return [(names[number], order) for number, order in dates.items() if number in names]


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", f"{_ONE}/columns", _I, show_columns),
    PageRoute("POST", f"{_ONE}/columns", _I, settle_columns, form=COLUMNS_FORM),
)
