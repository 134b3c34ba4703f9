"""The issuance API: batches, their rows and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sealwright.domain.batches import Batch, BatchFilter, BatchKind, BatchStatus, Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.domain.errors import InvalidFilter
from sealwright.domain.people import Caller
from sealwright.services import row_tables
from sealwright.services.batch_desk import BatchDesk, BatchWish
from sealwright.services.batch_results import Rows
from sealwright.services.batch_views import BatchView
from sealwright.services.mass_values import MassWish
from sealwright.services.ports import UnitOfWork
from sealwright.services.row_cells import DateOrder
from sealwright.services.row_intake import RowsWish
from sealwright.services.row_judging import RowError
from sealwright.services.status_moves import Cause
from sealwright.vc.errors import Fault
from sealwright.web.api import batch_rendering as rendering
from sealwright.web.api.batch_issue import accepted
from sealwright.web.api.batch_stream import BatchStream
from sealwright.web.api.shapes import batches as shapes
from sealwright.web.api.shapes.parts import BOOLEAN, DID
from sealwright.web.beside import UPLOADS
from sealwright.web.call import Call, given, kept, ok
from sealwright.web.query import Parameter, QueryShape, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

PATH: Final = rendering.PATH
ROW_TYPES: Final = ("application/x-ndjson", "text/csv")
_CSV: Final = b"text/csv; charset=utf-8"


def create(call: Call) -> Reply:
    """POST /api/v1/batches."""
    body = call.body
    wish = BatchWish(body["issuerDid"], body["schemaId"], shapes.options_of(body), body.get("name"))
    return call.perform(
        lambda uow, caller: call.office.bulk.desk.create(uow, caller, wish),
        lambda batch: _created(call, batch),
        for_good=True,
    )


def _created(call: Call, batch: Batch) -> Reply:
    location = (b"location", header_text(f"{PATH}/{batch.batch_id}"))
    return json_reply(rendering.plain(batch, call.office.public_url), 201, (location,))


async def put_rows(call: Call) -> Reply:
    """PUT /api/v1/batches/{id}/rows: the body is read, judged and kept while it arrives."""
    return await UPLOADS.run(call.caller.bucket, lambda: _take_in(call))


def _take_in(call: Call) -> Reply:
    incoming = call.incoming
    assert incoming is not None
    query = call.query
    media_type = call.exchange.header(b"content-type") or ""
    wish = RowsWish(
        media_type=media_type.partition(";")[0],
        encoding=query.get("encoding") or _charset(media_type),
        separator=query.get("separator"),
        dates={"": DateOrder(query["dates"])} if "dates" in query else {},
    )
    report = call.office.bulk.intake.take_in(call.caller, call.params["id"], incoming.parts(), wish)
    errors = [_error(error) for error in report.errors]
    return ok({"rows": report.rows, "valid": report.valid, "invalid": report.invalid, "errors": errors})


def _charset(media_type: str) -> str | None:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            return value.strip('"') or None
    return None


def _error(error: RowError) -> dict[str, Any]:
    column = error.column or error.pointer or None
    return {"row": error.row, "column": column, "code": error.code, "detail": error.detail}


def list_rows(call: Call) -> Reply:
    """GET /api/v1/batches/{id}/rows."""
    limit, cursor = page_of(call.query)
    batch = _batch(call)
    found = call.office.bulk.desk.results.rows(
        batch, faulty=call.query.get("faulty", False), limit=limit, cursor=cursor
    )
    return _page(found, rendering.kept_row)


def edit_row(call: Call) -> Reply:
    """PATCH /api/v1/batches/{id}/rows/{row}."""
    editing, batch_id, row = call.office.bulk.editing, call.params["id"], _row_number(call.params["row"])
    return call.perform(
        lambda uow, caller: editing.edit(uow, caller, batch_id, row, call.body),
        lambda edited: ok(rendering.kept_row(edited)),
    )


def _row_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidFilter(
            "The batch has no such row.", faults=[Fault("/row", "INVALID_FILTER", "is no row's number")]
        )
    return int(text)


Move = Callable[[BatchDesk, UnitOfWork, Caller, str], Batch]


def _moving(move: Move, *, makes_one: bool = False) -> Handler:
    """The handler of one move of a batch."""

    def handler(call: Call) -> Reply:
        desk, batch_id = call.office.bulk.desk, call.params["id"]
        return call.perform(
            lambda uow, caller: move(desk, uow, caller, batch_id),
            lambda batch: accepted(batch, call.office.public_url),
            for_good=makes_one,
        )

    return handler


def revoke(call: Call) -> Reply:
    """POST /api/v1/batches/{id}/revoke."""
    batch = _batch(call)
    cause = Cause(call.body["reason"], ReasonCode(call.body.get("reasonCode", "unspecified")))
    wish = MassWish(batch.issuer_did, Selection(batch_id=batch.batch_id), cause, batch.name)
    mass = call.office.bulk.mass
    return given(
        mass.answer_revoke(call.caller, wish, lambda made: kept(accepted(made, call.office.public_url)), call.scope())
    )


def list_batches(call: Call) -> Reply:
    """GET /api/v1/batches."""
    query = call.query
    limit, cursor = page_of(query)
    wanted = BatchFilter(
        status=BatchStatus(query["status"]) if "status" in query else None,
        kind=BatchKind(query["kind"]) if "kind" in query else None,
        issuer_did=query.get("issuerDid"),
    )
    page = call.office.bulk.desk.list(call.caller, wanted, limit=limit, cursor=cursor)
    return ok(cursor_page([rendering.plain(one, call.office.public_url) for one in page.items], page.next_cursor))


def get(call: Call) -> Reply:
    """GET /api/v1/batches/{id}."""
    return ok(rendering.batch(_look(call), call.office.public_url))


def results(call: Call) -> Reply:
    """GET /api/v1/batches/{id}/results."""
    limit, cursor = page_of(call.query)
    batch = _batch(call)
    desk = call.office.bulk.desk
    if _wants_csv(call):
        return _download(call, batch, "results", desk.results.results_csv(batch))
    return _page(desk.results.page(batch, limit=limit, cursor=cursor), rendering.listed_result)


def errors_csv(call: Call) -> Reply:
    """GET /api/v1/batches/{id}/errors.csv."""
    batch = _batch(call)
    bulk = call.office.bulk
    if batch.kind is BatchKind.REVOKE or batch.schema_id is None:
        return _download(call, batch, "errors", bulk.desk.results.errors_csv(batch))
    shape = bulk.intake.shape(batch.schema_id, call.view())
    return _download(call, batch, "errors", row_tables.errors_csv(shape, bulk.desk.results.faults(batch)))


async def events(call: Call) -> Reply:
    """GET /api/v1/batches/{id}/events."""
    batch_id = call.params["id"]
    await call.in_thread(lambda: _batch(call))
    return Reply(200, media_type=b"text/event-stream", live=BatchStream(call, batch_id))


def _batch(call: Call) -> Batch:
    return call.office.bulk.desk.get(call.caller, call.params["id"], call.view())


def _look(call: Call) -> BatchView:
    return call.office.bulk.desk.look(call.caller, call.params["id"], call.view())


def _page(found: Rows, render: Callable[[Any], dict[str, Any]]) -> Reply:
    cursor = str(found.next_row) if found.next_row is not None else None
    return ok(cursor_page([render(item) for item in found.items], cursor))


def _wants_csv(call: Call) -> bool:
    """Tell whether a table is asked for by name."""
    accepted_types = (call.exchange.header(b"accept") or "").lower().split(",")
    return any(kind.partition(";")[0].strip() == "text/csv" for kind in accepted_types)


def _download(call: Call, batch: Batch, what: str, lines: Iterator[bytes]) -> Reply:
    """A long table; that a person took it out is put on record, as they are other people's data."""
    call.office.looks.exported(call.caller, "batch", batch.batch_id, batch.total)
    attachment = (b"content-disposition", f'attachment; filename="{batch.batch_id}-{what}.csv"'.encode("ascii"))
    return Reply(200, media_type=_CSV, headers=(attachment,), stream=lines)


_TAG: Final = "Batches"
_WHO: Final = "K, R (types in scope)"
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_RIGHTS: Final = ("ISSUER_NOT_AUTHORIZED", "SCHEMA_NOT_AUTHORIZED", "OUT_OF_SCOPE")
_FRAME_CODES: Final = (
    "ISSUER_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    *_RIGHTS,
    "ISSUER_DEACTIVATED",
    "ISSUER_KEY_MISSING",
    "SCHEMA_INACTIVE",
    "EXPIRATION_IN_PAST",
    "EXPIRATION_TOO_FAR",
    "POLICY_VIOLATION",
)
_START_CODES: Final = ("BATCH_NOT_FOUND", *_FRAME_CODES, "STATE_CONFLICT", "ISSUING_HALTED", "SEALED", *_KEY_CODES)
_ROW_CODES: Final = ("BATCH_NOT_FOUND", *_RIGHTS, "STATE_CONFLICT")
_MOVED: Final = Answered(
    202,
    "The batch as it stands now.",
    shapes.BATCH,
    shapes.BATCH_EXAMPLE,
    headers=("Location", "Idempotent-Replayed"),
)
_MADE: Final = Answered(
    202,
    "A new batch.",
    shapes.BATCH,
    shapes.REVOKING_EXAMPLE,
    headers=("Location", "Idempotent-Replayed"),
)
_CSV_ANSWER: Final[dict[str, Any]] = {"type": "string"}


def _moves(verb: str, summary: str, move: Move, codes: tuple[str, ...]) -> Route:
    return Route(
        "POST",
        f"{PATH}/{{id}}/{verb}",
        Audience.CALLER,
        _WHO,
        summary,
        _moving(move),
        (_MOVED,),
        _TAG,
        bucket=Bucket.WRITE,
        codes=codes,
        idempotent=True,
    )


def _reads(path: str, summary: str, handler: Handler, answers: tuple[Answered, ...], **more: Any) -> Route:
    codes = ("BATCH_NOT_FOUND", *more.pop("codes", ()))
    return Route(
        "GET", f"{PATH}/{{id}}{path}", Audience.CALLER, _WHO, summary, handler, answers, _TAG, codes=codes, **more
    )


ROUTES: Final = (
    Route(
        "POST",
        PATH,
        Audience.CALLER,
        _WHO,
        "Make a batch, to be filled with rows",
        create,
        (Answered(201, "A draft.", shapes.BATCH, shapes.DRAFT_EXAMPLE, headers=("Location", "Idempotent-Replayed")),),
        _TAG,
        bucket=Bucket.BATCH,
        body=shapes.NEW_BATCH,
        codes=(
            *_FRAME_CODES,
            "INVALID_DID",
            "INVALID_DATE",
            "CONFLICTING_FIELDS",
            "UNSUPPORTED_PROOF_TYPE",
            *_KEY_CODES,
        ),
        idempotent=True,
    ),
    Route(
        "GET",
        PATH,
        Audience.CALLER,
        _WHO,
        "List batches",
        list_batches,
        (Answered(200, "One page, newest first.", shapes.BATCH_PAGE, shapes.PAGE_EXAMPLE),),
        _TAG,
        query=paged(
            Parameter(
                "status", {"type": "string", "enum": [one.value for one in BatchStatus]}, "Batches in this state."
            ),
            Parameter("kind", {"type": "string", "enum": [one.value for one in BatchKind]}, "Batches of this kind."),
            Parameter("issuerDid", DID, "Batches of this issuer."),
        ),
        codes=("INVALID_PAGINATION", "INVALID_FILTER"),
    ),
    _reads("", "Read a batch with its pace", get, (Answered(200, "The batch.", shapes.BATCH, shapes.BATCH_EXAMPLE),)),
    Route(
        "PUT",
        f"{PATH}/{{id}}/rows",
        Audience.CALLER,
        _WHO,
        "Put the rows of a file in place of a draft's",
        put_rows,
        (Answered(200, "How many there are, and what is wrong.", shapes.ROWS_TAKEN, shapes.ROWS_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        streamed_types=ROW_TYPES,
        query=QueryShape(
            (
                Parameter(
                    "encoding", {"type": "string", "maxLength": 40}, "How the text is encoded; else it is found."
                ),
                Parameter(
                    "separator",
                    {"type": "string", "enum": [",", ";", "\t", "|"]},
                    "What stands between the cells of a table; else it is found.",
                ),
                Parameter(
                    "dates",
                    {"type": "string", "enum": [one.value for one in DateOrder]},
                    "How dates such as 01/02/2026 are read, where nothing else tells.",
                ),
            )
        ),
        codes=(*_ROW_CODES, "BATCH_TOO_LARGE", "INVALID_BODY", "INVALID_VALUE", "INVALID_UNICODE"),
        deadline_seconds=None,
    ),
    _reads(
        "/rows",
        "List the rows that are kept, with what is wrong with them",
        list_rows,
        (Answered(200, "One page, in order.", shapes.ROW_PAGE, shapes.ROW_PAGE_EXAMPLE),),
        query=paged(Parameter("faulty", BOOLEAN, "Only rows that something is wrong with.")),
        codes=("INVALID_PAGINATION", "INVALID_FILTER"),
    ),
    Route(
        "PATCH",
        f"{PATH}/{{id}}/rows/{{row}}",
        Audience.CALLER,
        _WHO,
        "Mend a row of a draft",
        edit_row,
        (Answered(200, "The row, judged again.", shapes.KEPT_ROW, {**shapes.KEPT_EXAMPLE, "faults": []}),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.EDITED_ROW,
        codes=(*_ROW_CODES, "INVALID_FILTER", "CLAIMS_TOO_LARGE"),
    ),
    _moves("start", "Let a draft's rows be issued", BatchDesk.start, _START_CODES),
    _moves(
        "pause",
        "Let no further rows be begun",
        BatchDesk.pause,
        ("BATCH_NOT_FOUND", "STATE_CONFLICT", *_KEY_CODES),
    ),
    _moves("resume", "Go on with a paused batch", BatchDesk.resume, _START_CODES),
    _moves(
        "cancel",
        "Give up the rows that nobody has begun",
        BatchDesk.cancel,
        ("BATCH_NOT_FOUND", "STATE_CONFLICT", *_KEY_CODES),
    ),
    Route(
        "POST",
        f"{PATH}/{{id}}/retry-failed",
        Audience.CALLER,
        _WHO,
        "Try the failed rows again, in a new batch",
        _moving(BatchDesk.retry_failed, makes_one=True),
        (Answered(202, "The new batch.", shapes.BATCH, shapes.BATCH_EXAMPLE, headers=_MOVED.headers),),
        _TAG,
        bucket=Bucket.BATCH,
        codes=_START_CODES,
        idempotent=True,
    ),
    Route(
        "POST",
        f"{PATH}/{{id}}/revoke",
        Audience.CALLER,
        _WHO,
        "Revoke every credential of a batch, in a new batch",
        revoke,
        (_MADE,),
        _TAG,
        bucket=Bucket.BATCH,
        body=shapes.REVOKE_BATCH,
        codes=("BATCH_NOT_FOUND", *_RIGHTS, "STATE_CONFLICT", *_KEY_CODES),
        idempotent=True,
    ),
    _reads(
        "/results",
        "List what became of each row",
        results,
        (
            Answered(200, "One page, in input order.", shapes.RESULT_PAGE, shapes.RESULT_PAGE_EXAMPLE),
            Answered(200, "With `Accept: text/csv`: all of it.", _CSV_ANSWER, None, "text/csv"),
        ),
        query=paged(),
        codes=("INVALID_PAGINATION",),
        request_headers={"Accept": "`text/csv` gives all results as a table, rows counted from 1."},
    ),
    _reads(
        "/errors.csv",
        "Export what is wrong, or went wrong, as CSV",
        errors_csv,
        (
            Answered(
                200,
                "Each faulty row with what is wrong, to be mended and sent again; rows counted from 1.",
                _CSV_ANSWER,
                None,
                "text/csv",
            ),
        ),
    ),
    _reads(
        "/events",
        "Follow a batch by server-sent events, until it is over",
        events,
        (
            Answered(
                200, "`progress` with the Batch every second, then `done`.", _CSV_ANSWER, None, "text/event-stream"
            ),
        ),
    ),
)
