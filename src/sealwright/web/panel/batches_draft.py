"""Making a batch (S9): what, from which file, how its columns are read, how it reaches the holders, and the start.

Each step is a page of its own that can be left and come back to: the draft keeps everything.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.batches import Batch, BatchOptions, BatchStatus
from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import OfferChannel
from sealwright.locales import N_
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_drafts import DraftSheet
from sealwright.services.row_shape import EMAIL, EXPIRATION, HOLDER, RowShape
from sealwright.services.row_tables import columns_of
from sealwright.web.panel.batches import aims_of, template_href
from sealwright.web.panel.batches_words import (
    BATCHES,
    DELIVERY_STEP,
    RUN_STEP,
    STEPS,
    TYPE_STEP,
    UPLOAD_STEP,
    aim_words,
    batch_name,
)
from sealwright.web.panel.file_form import read_file_form
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.proof_words import FIRST, KNOWN, NO_KEY, absent_hint, proof_options, signable_by
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{BATCHES}/{{id}}"
NONE: Final = "none"
_CHANNEL_WORDS: Final = {
    NONE: (N_("Not now"), N_("They are issued and kept. Each can be delivered later, on its own page.")),
    OfferChannel.EMAIL.value: (
        N_("By mail"),
        N_("Each holder gets a letter with a link, in their own language. Rows can bring an address of their own."),
    ),
    OfferChannel.QR.value: (
        N_("QR codes"),
        N_("An offer for wallets is made for each credential; their codes are fetched over the API."),
    ),
    OfferChannel.TOKEN.value: (
        N_("One-time links"),
        N_("A link that works once is made for each credential; they are fetched over the API."),
    ),
    OfferChannel.DIDCOMM.value: (N_("DIDComm"), N_("To the agent that each holder's DID names.")),
}

NEW: Final = Form(
    Field("aim", required=True, max_length=600, label=N_("What is issued")),
    Field("issuer", max_length=2100, label=N_("Issuer")),
    Field("name", max_length=120, label=N_("Name of the batch")),
    Field("until", Kind.DATE, label=N_("Valid until")),
    Field("proof", Kind.CHOICE, choices=KNOWN),
)
UPLOAD: Final = Form(Field("file", Kind.FILE), Field("pasted", max_length=1_000_000))
DELIVERY_FORM: Final = Form(
    Field("channel", Kind.CHOICE, required=True, choices=tuple(_CHANNEL_WORDS)), Field("tx_code", Kind.FLAG)
)
START: Final = Form(Field("typed", Kind.NUMBER, label=N_("Number of credentials")))
TYPED_ABOVE: Final = 500
WRONG_COUNT: Final = N_("Type the number of credentials: %(count)s.")
NOTHING_SENT: Final = N_("Choose a file, or paste its rows.")
NO_ISSUER: Final = N_("Choose who issues it.")


# -- the steps around every page -------------------------------------------------------------------


def frame(page: PageCall, sheet: DraftSheet | None, step: int) -> dict[str, Any]:
    """What every step shows: the title, the stepper with links back, and where this draft's pages are."""
    path = f"{BATCHES}/{sheet.batch.batch_id}" if sheet is not None else BATCHES
    return {
        "steps": [page._(word) for word in STEPS],
        "step": step,
        "path": path,
        "batch": sheet.batch if sheet is not None else None,
        "draft": sheet.draft if sheet is not None else None,
        "title": batch_name(page, sheet.batch) if sheet is not None else page._("New batch"),
        "what": aim_words(page, sheet.batch) if sheet is not None else None,
    }


def place_word(page: PageCall, name: str) -> str:
    words = {HOLDER: page._("Holder DID"), EXPIRATION: page._("Valid until"), EMAIL: page._("E-mail address")}
    return words.get(name, name)


def sheet_of(page: PageCall) -> DraftSheet:
    return page.office.bulk.drafts.get(page.caller, page.params["id"], page.view())


def begun(page: PageCall, sheet: DraftSheet) -> Reply | None:
    """A batch that is no draft any more has another page."""
    if sheet.batch.status is BatchStatus.DRAFT:
        return None
    return page.redirect(f"{BATCHES}/{sheet.batch.batch_id}")


# -- type ------------------------------------------------------------------------------------------


def show_new(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/new: what is issued, and by whom."""
    return _type_page(page, None, form_of(page, NEW), status)


def show_type(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/type: the same for a draft that is there."""
    sheet = sheet_of(page)
    return begun(page, sheet) or _type_page(page, sheet, form_of(page, NEW), status)


def _type_page(page: PageCall, sheet: DraftSheet | None, form: FormData, status: int) -> Reply:
    choices = page.office.bulk.drafts.choices(page.caller)
    batch = sheet.batch if sheet is not None else None
    offered = signable_by(choices.issuers)
    chosen = batch.options.proof_type if batch is not None else FIRST
    return page.render(
        "batches/type.html",
        status=status,
        **frame(page, sheet, TYPE_STEP),
        form=form,
        action=f"{BATCHES}/{batch.batch_id}/type" if batch is not None else BATCHES,
        aims=[("", page._("Please choose")), *[(schema, word) for word, schema in aims_of(page, choices)]],
        aim=batch.schema_id if batch is not None else page.query.text("schema"),
        has_schemas=bool(choices.schemas),
        issuers=[(one.did, f"{one.name} ({one.did})" if one.name else one.did) for one in choices.issuers],
        issuer=batch.issuer_did if batch is not None else None,
        name=batch.name or "" if batch is not None else "",
        until=_day(batch),
        proofs=proof_options(page, offered, chosen),
        proof=chosen,
        no_proofs=absent_hint(page, offered),
        today=page.now.date().isoformat(),
    )


def _day(batch: Batch | None) -> str:
    end = batch.options.expiration if batch is not None else None
    return end.date().isoformat() if end is not None else ""


def make(page: PageCall) -> Reply:
    """POST /batches: a draft, which waits for its file."""

    def run() -> tuple[str, Toast | None]:
        wish = _wish(page)
        batch = page.act(lambda uow, me: page.office.bulk.drafts.create(uow, me, wish))
        return f"{BATCHES}/{batch.batch_id}/upload", None

    _require_issuer(page)
    return save(page, lambda status: show_new(page, status), run)


def change(page: PageCall) -> Reply:
    """POST /batches/{id}/type."""
    batch_id = page.params["id"]

    def run() -> tuple[str, Toast | None]:
        wish = _wish(page)
        page.act(lambda uow, me: page.office.bulk.drafts.change(uow, me, batch_id, wish))
        return f"{BATCHES}/{batch_id}", None

    _require_issuer(page)
    return save(page, lambda status: show_type(page, status), run)


def _require_issuer(page: PageCall) -> None:
    """A credential type names its issuer and proof; who issues anything else must be said, and have the key for it."""
    form = page.form
    if form.errors or page.view().type_by_schema(form.text("aim")) is not None:
        return
    if not form.text("issuer"):
        form.fail("issuer", NO_ISSUER)
        return
    record = page.view().did(form.text("issuer"))
    if record is not None and record.signing_method(form.choice("proof", FIRST)) is None:
        form.fail("proof", NO_KEY)


def _wish(page: PageCall) -> BatchWish:
    form = page.form
    kind = page.view().type_by_schema(form.text("aim"))
    last_day = form.date("until")
    # The day itself still counts.
    until = datetime.combine(last_day, time(23, 59, 59), UTC) if last_day is not None else None
    proof = kind.proof_type if kind is not None else form.choice("proof", FIRST)
    options = BatchOptions(
        proof_type=proof, expiration=until, suspendable=kind.suspendable if kind is not None else False
    )
    issuer = kind.issuer_did if kind is not None else form.text("issuer")
    return BatchWish(issuer, form.text("aim"), options, form.optional("name"))


# -- upload ----------------------------------------------------------------------------------------


def show_upload(page: PageCall, status: int = 200, fault: str | None = None) -> Reply:
    """GET /batches/{id}/upload: a file, or pasted rows."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet)) is not None:
        return elsewhere
    schema = page.view().schema(sheet.batch.schema_id or "")
    shape = RowShape.of(schema.content) if schema is not None else None
    form = page.fresh_form(UPLOAD)
    if fault is not None:
        form.fail_in_words("file", fault)
    return page.render(
        "batches/upload.html",
        status=status,
        **frame(page, sheet, UPLOAD_STEP),
        form=form,
        template_href=template_href(sheet.batch.schema_id or ""),
        places=columns_of(shape) if shape is not None else (),
        most_rows=page.office.bulk.limits.rows,
        most_bytes=page.office.bulk.limits.rows_bytes // (1024 * 1024),
    )


def upload(page: PageCall) -> Reply:
    """POST /batches/{id}/upload: keep the file as it comes."""
    batch_id = page.params["id"]
    sent = read_file_form(page)
    pasted = sent.fields.get("pasted", "")
    if sent.file_name:
        blocks, name = sent.blocks, sent.file_name
    elif pasted.strip():
        for _ in sent.blocks:
            pass
        blocks, name = iter((pasted.encode("utf-8"),)), page._("pasted rows")
    else:
        return show_upload(page, 422, page._(NOTHING_SENT))
    page.office.bulk.drafts.keep_file(page.caller, batch_id, name, blocks)
    return page.redirect(f"{BATCHES}/{batch_id}/columns")


# -- delivery --------------------------------------------------------------------------------------


def show_delivery(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/delivery: how the credentials reach their holders."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet) or _unread(page, sheet)) is not None:
        return elsewhere
    wish = sheet.batch.options.delivery
    has_didcomm = page.office.offers.didcomm is not None
    channels = [
        (one, page._(word), page._(text))
        for one, (word, text) in _CHANNEL_WORDS.items()
        if one != OfferChannel.DIDCOMM.value or has_didcomm
    ]
    return page.render(
        "batches/delivery.html",
        status=status,
        **frame(page, sheet, DELIVERY_STEP),
        form=form_of(page, DELIVERY_FORM),
        channels=channels,
        channel=wish.channel.value if wish is not None else NONE,
        tx_code=wish.asks_tx_code if wish is not None else True,
    )


def settle_delivery(page: PageCall) -> Reply:
    """POST /batches/{id}/delivery."""
    batch_id = page.params["id"]

    def run() -> tuple[str, Toast | None]:
        wish = _delivery_wish(page.form)
        page.act(lambda uow, me: page.office.bulk.drafts.settle_delivery(uow, me, batch_id, wish))
        return f"{BATCHES}/{batch_id}/confirm", None

    return save(page, lambda status: show_delivery(page, status), run)


def _delivery_wish(form: FormData) -> OfferWish | None:
    chosen = form.choice("channel", NONE)
    if chosen == NONE:
        return None
    is_qr = chosen == OfferChannel.QR.value
    return OfferWish(OfferChannel(chosen), tx_code=form.flag("tx_code") if is_qr else None)


def _unread(page: PageCall, sheet: DraftSheet) -> Reply | None:
    """Later steps need rows: whoever comes too early is sent to where the draft stands."""
    if sheet.batch.total and not sheet.draft.is_busy:
        return None
    return page.redirect(f"{BATCHES}/{sheet.batch.batch_id}")


# -- confirm ---------------------------------------------------------------------------------------


def show_confirm(page: PageCall, status: int = 200) -> Reply:
    """GET /batches/{id}/confirm: everything once more, and what the start does."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet) or _unread(page, sheet)) is not None:
        return elsewhere
    batch = sheet.batch
    counts = page.office.bulk.pages.counts(batch)
    wish = batch.options.delivery
    word, _ = _CHANNEL_WORDS[wish.channel.value if wish is not None else NONE]
    issuer = page.view().did(batch.issuer_did)
    return page.render(
        "batches/confirm.html",
        status=status,
        **frame(page, sheet, RUN_STEP),
        form=form_of(page, START),
        counts=counts,
        issuer=issuer.name if issuer is not None else None,
        delivery=page._(word),
        proof=batch.options.proof_type,
        until=batch.options.expiration,
        asks_count=counts.ready > TYPED_ABOVE,
        effect=_effect(page, batch, counts.ready),
    )


def _effect(page: PageCall, batch: Batch, ready: int) -> str:
    count = number_text(ready, page.texts)
    if batch.credential_type is not None:
        return page.ngettext(
            "Will issue %(count)s credential and make its grant; workflow roles that it opens are open at once.",
            "Will issue %(count)s credentials and make their grants; workflow roles that they open are open at once.",
            ready,
            count=count,
        )
    return page.ngettext("Will issue %(count)s credential.", "Will issue %(count)s credentials.", ready, count=count)


def start(page: PageCall) -> Reply:
    """POST /batches/{id}/start."""
    batch_id = page.params["id"]
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet)) is not None:
        # A second click finds what the first has begun.
        return elsewhere
    ready = page.office.bulk.pages.counts(sheet.batch).ready
    if ready > TYPED_ABOVE and page.form.number("typed") != ready:
        page.form.fail("typed", WRONG_COUNT, count=number_text(ready, page.texts))

    def run() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.bulk.drafts.start(uow, me, batch_id))
        return f"{BATCHES}/{batch_id}", None

    return save(page, lambda status: show_confirm(page, status), run)


def ask_discard(page: PageCall) -> Reply:
    """GET /batches/{id}/discard."""
    sheet = sheet_of(page)
    if (elsewhere := begun(page, sheet)) is not None:
        return elsewhere
    return page.render("batches/discard.html", dialog="dialog", **frame(page, sheet, TYPE_STEP))


def discard(page: PageCall) -> Reply:
    """POST /batches/{id}/discard: the draft goes, with its file and rows."""
    page.act(lambda uow, me: page.office.bulk.drafts.discard(uow, me, page.params["id"]))
    return page.done(BATCHES, Toast(page._("The draft is gone.")))


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", f"{BATCHES}/new", _I, show_new, query=Form(Field("schema", max_length=500))),
    PageRoute("POST", BATCHES, _I, make, form=NEW),
    PageRoute("GET", f"{_ONE}/type", _I, show_type),
    PageRoute("POST", f"{_ONE}/type", _I, change, form=NEW),
    PageRoute("GET", f"{_ONE}/upload", _I, show_upload),
    PageRoute("POST", f"{_ONE}/upload", _I, upload, streams=True, deadline_seconds=3600),
    PageRoute("GET", f"{_ONE}/delivery", _I, show_delivery),
    PageRoute("POST", f"{_ONE}/delivery", _I, settle_delivery, form=DELIVERY_FORM),
    PageRoute("GET", f"{_ONE}/confirm", _I, show_confirm),
    PageRoute("POST", f"{_ONE}/start", _I, start, form=START),
    PageRoute("GET", f"{_ONE}/discard", _I, ask_discard),
    PageRoute("POST", f"{_ONE}/discard", _I, discard),
)
