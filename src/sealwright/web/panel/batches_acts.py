"""What else can be done with a batch that runs or is over (S9): cancel, revoke, check its hash, take its rows along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.batch_errors import AnchorNotFound
from sealwright.domain.batches import Batch, Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.locales import N_
from sealwright.services.mass_values import MassWish
from sealwright.services.row_shape import RowShape
from sealwright.services.row_tables import errors_csv
from sealwright.services.status_moves import Cause
from sealwright.web.panel.batches_run import Checked, show
from sealwright.web.panel.batches_words import BATCHES, batch_name
from sealwright.web.panel.holders import REASON_WORDS
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{BATCHES}/{{id}}"
REVOKE: Final = Form(
    Field("reason", required=True, max_length=2000),
    Field("code", Kind.CHOICE, choices=tuple(one.value for one in ReasonCode)),
    Field("typed", Kind.NUMBER),
)
# Above so many, whoever acts types the number: a click is no count.
TYPED_ABOVE: Final = 500
WRONG_COUNT: Final = N_("Type the number of credentials: %(count)s.")


def ask_cancel(page: PageCall) -> Reply:
    """GET /batches/{id}/cancel: how many rows will never be issued."""
    batch = _batch(page)
    return page.render(
        "batches/cancel.html", dialog="dialog", batch=batch, name=batch_name(page, batch), back=_path(batch)
    )


def ask_revoke(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/revoke: how many credentials end, and who loses something by it."""
    batch = _batch(page)
    preview = page.office.bulk.mass.preview(page.caller, _wish(page, batch), page.view())
    return page.render(
        "batches/revoke.html",
        status=status,
        batch=batch,
        name=batch_name(page, batch),
        back=_path(batch),
        preview=preview,
        asks_count=preview.count > TYPED_ABOVE,
        codes=[(code.value, page._(word)) for code, word in REASON_WORDS.items()],
        form=form_of(page, REVOKE),
    )


def revoke(page: PageCall) -> Reply:
    """POST /batches/{id}/revoke: a batch of its own ends them."""
    batch = _batch(page)
    wish = _wish(page, batch)
    count = page.office.bulk.mass.preview(page.caller, wish, page.view()).count
    if count > TYPED_ABOVE and page.form.number("typed") != count:
        page.form.fail("typed", WRONG_COUNT, count=number_text(count, page.texts))

    def run() -> tuple[str, Toast | None]:
        ending = page.office.bulk.mass.revoke(page.caller, wish)
        return _path(ending), Toast(page._("The credentials of the batch are being revoked."))

    return save(page, lambda status: ask_revoke(page, status), run)


def _wish(page: PageCall, batch: Batch) -> MassWish:
    code = ReasonCode(page.form.choice("code", ReasonCode.UNSPECIFIED.value))
    cause = Cause(page.form.text("reason"), code)
    return MassWish(batch.issuer_did, Selection(batch_id=batch.batch_id), cause, batch.name)


# -- the transaction hash --------------------------------------------------------------------------


def check(page: PageCall) -> Reply:
    """POST /batches/{id}/check: compute the fingerprint again, and look it up in the log."""
    batch = _batch(page)
    return show(page, checked=_checked(page, batch))


def _checked(page: PageCall, batch: Batch) -> Checked:
    if batch.transaction_hash is None:
        return Checked("question", page._("There is no transaction hash to be checked yet."))
    root = page.office.bulk.pages.root(batch)
    if root != batch.merkle_root:
        return Checked("late", page._("The rows that are stored do not lead to this hash. Tell your operator."))
    try:
        receipt = page.office.bulk.receipts.receipt(batch.transaction_hash)
    except AnchorNotFound:
        return Checked("question", page._("The log does not know this hash yet."))
    verdict = page.office.bulk.receipts.verify(receipt.as_object())
    if verdict.verified is not True:
        return Checked("late", page._("The log's proof does not hold."), (verdict.detail,))
    return Checked(
        "check",
        page._("The hash holds."),
        (
            page._("The fingerprint over all rows, computed again just now, is the same."),
            page._(
                "It is entry %(index)s of %(size)s of the public log, which is signed by this office.",
                index=receipt.anchor.entry_index + 1,
                size=receipt.checkpoint.size,
            ),
        ),
    )


def receipt(page: PageCall) -> Reply:
    """GET /batches/{id}/receipt.json: what others check the hash with."""
    batch = _batch(page)
    if batch.transaction_hash is None:
        raise AnchorNotFound("This batch has no receipt yet.")
    content = encode(page.office.bulk.receipts.receipt(batch.transaction_hash).as_object())
    return page.download(content, f"{batch.batch_id}-receipt.json", "application/json")


# -- taking along ----------------------------------------------------------------------------------


def results_csv(page: PageCall) -> Reply:
    """GET /batches/{id}/results.csv."""
    batch = _batch(page)
    page.office.looks.exported(page.caller, "batch", batch.batch_id, batch.issued + batch.failed)
    return _streamed(page, page.office.bulk.results.results_csv(batch), f"{batch.batch_id}-results.csv")


def faulty_csv(page: PageCall) -> Reply:
    """GET /batches/{id}/errors.csv: the rows that failed, or would, to be mended and sent again."""
    batch = _batch(page)
    schema = page.office.access.schema(batch.schema_id or "", page.view())
    page.office.looks.exported(page.caller, "batch", batch.batch_id, batch.failed)
    rows = errors_csv(RowShape.of(schema.content), page.office.bulk.results.faults(batch))
    return _streamed(page, rows, f"{batch.batch_id}-errors.csv")


def _streamed(page: PageCall, content: Iterator[bytes], name: str) -> Reply:
    plain = page.download(b"", name, "text/csv; charset=utf-8")
    return Reply(200, b"", plain.media_type, plain.headers, stream=content)


def _batch(page: PageCall) -> Batch:
    return page.office.bulk.desk.get(page.caller, page.params["id"], page.view())


def _path(batch: Batch) -> str:
    return f"{BATCHES}/{batch.batch_id}"


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", f"{_ONE}/cancel", _I, ask_cancel),
    PageRoute("GET", f"{_ONE}/revoke", _I, ask_revoke, fresh=True),
    PageRoute("POST", f"{_ONE}/revoke", _I, revoke, form=REVOKE, fresh=True),
    PageRoute("POST", f"{_ONE}/check", _I, check, deadline_seconds=120),
    PageRoute("GET", f"{_ONE}/receipt.json", _I, receipt),
    PageRoute("GET", f"{_ONE}/results.csv", _I, results_csv, deadline_seconds=120),
    PageRoute("GET", f"{_ONE}/errors.csv", _I, faulty_csv, deadline_seconds=120),
)
