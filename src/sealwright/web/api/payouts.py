"""Payout obligations: what improvers are owed, and what admins make of it. Nothing is paid from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sealwright.domain.payouts import EXPORTABLE, Payout, PayoutStatus
from sealwright.domain.people import Caller
from sealwright.services.csv_text import write_csv
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_ports import PayoutFilter
from sealwright.web.api import workflow_rendering
from sealwright.web.api.analytics import CSV
from sealwright.web.api.desk_routes import LIST_CODES, Family
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import GIVE_REASON, SETTLE
from sealwright.web.auth.form_token import unmasked
from sealwright.web.auth.same_origin import CSRF_HEADER, require_own_write
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route
from sealwright.web.shape import Shape

COLUMNS: Final = (
    *("id", "workflow_id", "step_id", "payee_user_id", "amount", "status", "reference", "reason"),
    *("created_at", "requested_at", "settled_at"),
)


def list_own(call: Call) -> Reply:
    """GET /improvers/payouts."""
    page, count = page_asked(call)
    found = call.office.payouts.own(call.caller, _status(call), page, count)
    return page_reply(call, found, workflow_rendering.payout)


def list_all(call: Call) -> Reply:
    """GET /admin/payouts: a page, in JSON or CSV; the CSV of what is owed or failed is the export."""
    as_csv = _asks_for_csv(call.exchange.header(b"accept") or "")
    status = _status(call)
    if as_csv and call.exchange.method == "GET" and call.query.keys() <= {"status"} and status in (None, *EXPORTABLE):
        _require_meant(call)
        return _csv(
            call.office.acts.run(call.caller, lambda uow, caller: call.office.payouts.export(uow, caller, status))
        )
    page, count = page_asked(call)
    wanted = PayoutFilter(status, call.query.get("payee_user_id"), call.query.get("workflow_id"))
    found = call.office.payouts.list(call.caller, wanted, page, count)
    if not as_csv:
        return page_reply(call, found, workflow_rendering.payout)
    call.office.looks.exported(call.caller, "payout_list", "payouts", len(found.items))
    return _csv(found.items)


def _require_meant(call: Call) -> None:
    """Refuse an export that no page of ours has asked for: it changes something, although it is a GET.

    Raises:
        CsrfFailed: A browser came by its cookie, without the proofs of a write.
    """
    if call.caller.session_id is not None:
        told = call.exchange.header(CSRF_HEADER)
        token = unmasked(told) if told is not None else None
        require_own_write(call.exchange, call.office.public_url, call.office.sessions, call.caller, token)


def _asks_for_csv(accept: str) -> bool:
    """Tell whether a caller names CSV; what would also take anything else does not ask for an export."""
    return any(part.partition(";")[0].strip().lower() == "text/csv" for part in accept.split(","))


def _csv(found: Iterable[Payout]) -> Reply:
    rows = ([workflow_rendering.payout(one)[column] for column in COLUMNS] for one in found)
    attachment = (b"content-disposition", b'attachment; filename="payouts.csv"')
    return Reply(200, b"".join(write_csv(COLUMNS, rows)), CSV, (attachment,))


def _status(call: Call) -> PayoutStatus | None:
    status = call.query.get("status", "all")
    return None if status == "all" else PayoutStatus(status)


def settle(call: Call) -> Reply:
    """POST /admin/payouts/{id}/settle."""
    desk, reference = call.office.payouts, call.body.get("reference")
    return _moved(call, lambda uow, caller: desk.settle(uow, caller, call.params["id"], reference))


def fail(call: Call) -> Reply:
    """POST /admin/payouts/{id}/fail."""
    desk, reason = call.office.payouts, call.body["reason"]
    return _moved(call, lambda uow, caller: desk.fail(uow, caller, call.params["id"], reason))


def void(call: Call) -> Reply:
    """POST /admin/payouts/{id}/void."""
    desk, reason = call.office.payouts, call.body["reason"]
    return _moved(call, lambda uow, caller: desk.void(uow, caller, call.params["id"], reason))


def _moved(call: Call, act: Callable[[UnitOfWork, Caller], Payout]) -> Reply:
    return call.perform(act, lambda one: json_reply(workflow_rendering.payout(one)))


_FOR_IMPROVERS: Final = Family("Payouts", Audience.IMPROVER, "M")
_FOR_ADMINS: Final = Family("Payouts", Audience.ADMIN, "A")
_STATUS: Final = Parameter(
    "status",
    {"type": "string", "enum": ["all", *(status.value for status in PayoutStatus)], "default": "all"},
    "Payouts in this state; case does not matter.",
    folds_case=True,
)
_PAYEE: Final = Parameter(
    "payee_user_id", {"type": "string", "minLength": 1, "maxLength": 255}, "Payouts to this person."
)
_WORKFLOW: Final = Parameter(
    "workflow_id", {"type": "string", "minLength": 1, "maxLength": 64}, "Payouts of this workflow."
)
_LISTED: Final = numbered_answer(workflow_answers.PAYOUT, workflow_examples.PAYOUT, "One page, newest first.")


def _move_route(verb: str, summary: str, body: Shape, example: object) -> Route:
    handler = {"settle": settle, "fail": fail, "void": void}[verb]
    return _FOR_ADMINS.posts(
        f"/admin/payouts/{{id}}/{verb}",
        summary,
        handler,
        (Answered(200, "The payout.", workflow_answers.PAYOUT, example),),
        body=body,
        codes=("NOT_FOUND", "STATE_CONFLICT"),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _FOR_IMPROVERS.gets(
        "/improvers/payouts", "List what one is or was owed", list_own, _LISTED, query=numbered(_STATUS)
    ),
    Route(
        "GET",
        "/admin/payouts",
        Audience.ADMIN,
        "A",
        "List payouts, or export what is owed as CSV",
        list_all,
        (_LISTED, Answered(200, "The rows.", {"type": "string"}, None, "text/csv")),
        "Payouts",
        bucket=Bucket.READ,
        query=numbered(_STATUS, _PAYEE, _WORKFLOW),
        codes=(*LIST_CODES, "CSRF_FAILED", "AUDIT_UNAVAILABLE"),
        takes_api_keys=False,
        request_headers={
            "Accept": "`text/csv` for CSV; that is the export, unless a query asks for anything but `owed` or `failed`."
        },
    ),
    _move_route("settle", "Record that a payout was paid", SETTLE, workflow_examples.SETTLED),
    _move_route("fail", "Record that a payment did not work out", GIVE_REASON, workflow_examples.PAYOUT_FAILED),
    _move_route("void", "Give a payout up", GIVE_REASON, workflow_examples.VOID),
)
