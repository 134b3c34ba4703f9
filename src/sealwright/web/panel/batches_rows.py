"""The rows of a draft (S9): read and checked while one watches, what is wrong with which, and mending in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.batch_drafts import Reading
from sealwright.domain.batches import Batch, BatchStatus, CellFault, OnDuplicate, RowFault
from sealwright.domain.errors import NotFound
from sealwright.locales import N_
from sealwright.services.batch_drafts import DraftSheet
from sealwright.services.batch_results import KeptRow
from sealwright.services.batch_rows import DUPLICATE
from sealwright.services.row_change import changed_row
from sealwright.services.row_shape import CLAIMS, HOLDER, CellKind, CellPlace, RowShape
from sealwright.services.row_tables import cell_text
from sealwright.services.row_wire import UNREADABLE
from sealwright.web.panel.batches_draft import begun, frame, place_word, sheet_of
from sealwright.web.panel.batches_words import BATCHES, CHECK_STEP, fault_lines, fault_text, person_name
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{BATCHES}/{{id}}"
LIST: Final = Form(Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))
DUPLICATES: Final = Form(
    Field("duplicates", Kind.CHOICE, required=True, choices=tuple(one.value for one in OnDuplicate))
)
CELLS: Final = Form(Field("cell.*", max_length=20_000, keep_spaces=True))
_NO_ROW: Final = N_("The batch has no such row.")
_LONG_TEXT: Final = 80


@dataclass(frozen=True, slots=True)
class FaultyLine:
    """A row that something is wrong with; `number` counts from 1."""

    number: int
    person: str | None
    holder_did: str | None
    faults: Sequence[str]
    edit: str


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/check: how far the reading is, then what is ready and what is not."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet)) is not None:
        return elsewhere
    batch, draft = sheet.batch, sheet.draft
    path = f"{BATCHES}/{batch.batch_id}"
    if draft.reading is Reading.FAILED:
        return page.redirect(f"{path}/columns")
    if not draft.is_busy and batch.total == 0:
        return page.redirect(path)
    values = frame(page, sheet, CHECK_STEP) | _reading(page, sheet)
    if draft.is_busy:
        return page.render("batches/reading.html", status=status, **values)
    return page.render("batches/check.html", status=status, partial="region", **values, **_checked(page, sheet))


def news(page: PageCall) -> Reply:
    """GET /batches/{id}/check/news: what a page that watches the reading asks for by itself."""
    sheet = sheet_of(page)
    if not page.is_partial:
        return page.redirect(f"{BATCHES}/{sheet.batch.batch_id}/check")
    return page.render(
        "batches/reading.html", partial="news", **frame(page, sheet, CHECK_STEP), **_reading(page, sheet)
    )


def _reading(page: PageCall, sheet: DraftSheet) -> dict[str, Any]:
    draft = sheet.draft
    percent = 100 if draft.size == 0 else min(100, draft.read_bytes * 100 // draft.size)
    state = draft.reading.value if draft.is_busy else "over"
    return {"state": state, "percent": percent, "said": page._("%(percent)s %% of the file is read", percent=percent)}


def _checked(page: PageCall, sheet: DraftSheet) -> dict[str, Any]:
    batch = sheet.batch
    counts = page.office.bulk.pages.counts(batch)
    number, size = wanted_page(page)
    found = page.office.bulk.pages.faulty(batch, page=number, count=size)
    duplicates = counts.by_code.get(DUPLICATE, 0)
    return {
        "counts": counts,
        "duplicates": duplicates,
        "skipped": sheet.draft.skipped,
        "asks_duplicates": sheet.draft.has_file and (duplicates > 0 or sheet.draft.skipped > 0),
        "skips": batch.options.on_duplicate is OnDuplicate.SKIP,
        "lines": [_line(page, batch, one) for one in found.items],
        "paging": Paging.of(page, found),
        "form": form_of(page, DUPLICATES),
    }


def _line(page: PageCall, batch: Batch, kept: KeptRow) -> FaultyLine:
    claims = kept.members.get(CLAIMS)
    holder = kept.members.get(HOLDER)
    assert kept.fault is not None
    return FaultyLine(
        number=kept.row + 1,
        person=person_name(page, holder, claims if isinstance(claims, dict) else {}),
        holder_did=holder if isinstance(holder, str) else None,
        faults=fault_lines(page, kept.fault),
        edit=f"{BATCHES}/{batch.batch_id}/rows/{kept.row}",
    )


def choose_duplicates(page: PageCall) -> Reply:
    """POST /batches/{id}/duplicates: fail them or leave them out; the file is read again."""
    batch_id = page.params["id"]

    def run() -> tuple[str, Toast | None]:
        choice = OnDuplicate(page.form.choice("duplicates", OnDuplicate.FAIL.value))
        page.act(lambda uow, me: page.office.bulk.drafts.set_duplicates(uow, me, batch_id, choice))
        return f"{BATCHES}/{batch_id}/check", None

    return save(page, lambda status: show(page, status), run)


# -- one row ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CellField:
    """One cell of a row as it is typed.

    Args:
        name: Of the control: ``cell.`` and the JSON pointer.
        fault: What is wrong with it now.
    """

    name: str
    label: str
    type: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    fault: str | None = None
    required: bool = False


def show_row(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/rows/{row}: its cells, and what is wrong with them."""
    batch, kept, shape = _row(page)
    is_draft = batch.status is BatchStatus.DRAFT
    return page.render(
        "batches/row.html",
        status=status,
        **frame(page, page.office.bulk.drafts.get(page.caller, batch.batch_id, page.view()), CHECK_STEP),
        number=kept.row + 1,
        is_draft=is_draft,
        failed=batch.failed,
        cells=_cells(page, shape, kept),
        unreadable=kept.members.get(UNREADABLE),
        faults=_other_faults(page, shape, kept.fault),
        form=form_of(page, CELLS),
        action=f"{BATCHES}/{batch.batch_id}/rows/{kept.row}",
        back=f"{BATCHES}/{batch.batch_id}{'/check' if is_draft else ''}",
    )


def _row(page: PageCall) -> tuple[Batch, KeptRow, RowShape]:
    batch = page.office.bulk.desk.get(page.caller, page.params["id"], page.view())
    text = page.params["row"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
    kept = page.office.bulk.pages.row(batch, number)
    if kept is None or (batch.is_open and batch.status is not BatchStatus.DRAFT):
        raise NotFound(page._(_NO_ROW))
    schema = page.office.access.schema(batch.schema_id or "", page.view())
    return batch, kept, RowShape.of(schema.content)


def _cells(page: PageCall, shape: RowShape, kept: KeptRow) -> list[CellField]:
    faults: dict[str, str] = {}
    for cell in kept.fault.cells if kept.fault is not None else ():
        faults.setdefault(cell.pointer, _sentence(page, kept.fault, cell))
    own = [one for one in shape.places if one.path[0] != CLAIMS]
    holder = [one for one in own if one.path == (HOLDER,)]
    rest = [one for one in own if one.path != (HOLDER,)]
    return [_cell(page, one, kept.members, faults) for one in (*holder, *shape.claims, *rest)]


def _cell(page: PageCall, place: CellPlace, members: Mapping[str, Any], faults: Mapping[str, str]) -> CellField:
    value = cell_text(members, place)
    is_choice = bool(place.values) and not place.is_list
    options: tuple[tuple[str, str], ...] = ()
    if is_choice:
        words = [str(one) if not isinstance(one, bool) else str(one).lower() for one in place.values]
        options = (("", "–"), *((one, one) for one in dict.fromkeys((*words, *((value,) if value else ())))))
    kind = "select" if is_choice else "textarea" if len(value) > _LONG_TEXT and place.path[0] == CLAIMS else "text"
    hint = page._("Several, with semicolons between.") if place.is_list else ""
    if place.kind is CellKind.DATE:
        hint = page._("Such as 2027-11-20.")
    fault = faults.get(place.pointer)
    return CellField(
        name=f"cell.{place.pointer}",
        label=place_word(page, place.name) if place.path[0] != CLAIMS else place.name,
        type=kind,
        value=value,
        options=options,
        help=hint,
        fault=fault,
        required=place.required,
    )


def _other_faults(page: PageCall, shape: RowShape, fault: RowFault | None) -> list[str]:
    """What is wrong with the row and stands at no cell of the form."""
    if fault is None:
        return []
    if not fault.cells:
        return [fault_text(page, fault.code, fault.detail)]
    known = shape.by_pointer
    return [_sentence(page, fault, one) for one in fault.cells if one.pointer not in known]


def _sentence(page: PageCall, fault: RowFault | None, cell: CellFault) -> str:
    code = fault.code if fault is not None and not cell.code.isupper() else cell.code
    text = fault_text(page, code, cell.detail)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def save_row(page: PageCall) -> Reply:
    """POST /batches/{id}/rows/{row}: in place in a draft; of a batch that is over, in a draft of its failed rows."""
    batch, kept, shape = _row(page)
    is_draft = batch.status is BatchStatus.DRAFT

    def run() -> tuple[str, Toast | None]:
        cells = {
            name: text for name, text in page.form.under("cell.").items() if text != cell_text_of(kept, shape, name)
        }
        target, row = batch, kept.row
        if not is_draft:
            drafts = page.office.bulk.drafts
            row = drafts.mended_row(batch, kept.row)
            target = page.act(lambda uow, me: drafts.mend(uow, me, batch.batch_id))
        before = page.office.bulk.pages.row(target, row)
        if before is None:
            raise NotFound(page._(_NO_ROW))
        change = changed_row(before.members, cells, shape)
        after = page.act(
            lambda uow, me: page.office.bulk.editing.edit(
                uow, me, target.batch_id, row, change.members, removed=change.removed
            )
        )
        path = f"{BATCHES}/{target.batch_id}/check"
        return path, Toast(_said(page, after, is_draft=is_draft, number=kept.row + 1))

    return save(page, lambda status: show_row(page, status), run)


def cell_text_of(kept: KeptRow, shape: RowShape, pointer: str) -> str | None:
    """What stands in a cell now; None for none of the row's places."""
    place = shape.by_pointer.get(pointer)
    return cell_text(kept.members, place) if place is not None else None


def _said(page: PageCall, after: KeptRow, *, is_draft: bool, number: int) -> str:
    if after.fault is not None:
        return page._("Row %(number)s is saved; something is still wrong with it.", number=number)
    if is_draft:
        return page._("Row %(number)s is ready.", number=number)
    return page._("Row %(number)s is mended. This draft holds all the rows that failed.", number=number)


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", f"{_ONE}/check", _I, show, query=LIST),
    PageRoute("GET", f"{_ONE}/check/news", _I, news, quiet=True),
    PageRoute("POST", f"{_ONE}/duplicates", _I, choose_duplicates, form=DUPLICATES),
    PageRoute("GET", f"{_ONE}/rows/{{row}}", _I, show_row),
    PageRoute("POST", f"{_ONE}/rows/{{row}}", _I, save_row, form=CELLS),
)
