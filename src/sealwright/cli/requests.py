"""Requests for credentials: the queue, and decisions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import DONE, PARTLY, Misused
from sealwright.cli.options import DryRun, Yes, confirm
from sealwright.cli.output import of, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealwright.domain.requests import RequestFilter, RequestState
    from sealwright.services.review_values import DecidedItem, RequestView

requests = group("Requests for credentials: list, show, approve, reject, ask.")

As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Decide as this person, within their scope.")]
Message = Annotated[str | None, typer.Option("--message", help="What the requester is told.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...")]
RequestId = Annotated[str, typer.Argument(metavar="ID")]
_COLUMNS = ("id", "requester_name", "credential_type", "status", "requested_at", "version")
_PAGE = 100
_TEXT_MAX = 2_000
_MOST_IDS = 100


@requests.command("list")
def list_requests(
    ctx: typer.Context,
    *,
    status: Annotated[str, typer.Option("--status", help="pending, approved, rejected, withdrawn or all.")] = "all",
    type_value: Annotated[str | None, typer.Option("--type", metavar="VALUE", help="Only this type.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or address, or an id.")] = None,
    as_user: As = None,
) -> None:
    """List requests: pending ones first and oldest first, then decided ones, newest first."""
    wanted = _filter(status, type_value, search)
    found: list[dict[str, Any]] = []
    with desk.reading() as opened:
        at = opened.seated(as_user)
        page = 1
        while True:
            part = at.office.review.list(at.caller, wanted, page=page, count=_PAGE)
            found += [_shown(at, view) for view in part.items]
            if page * _PAGE >= part.total:
                break
            page += 1
    of(ctx).emit_list(found, _COLUMNS)


@requests.command("show")
def show_request(ctx: typer.Context, request_id: RequestId, as_user: As = None) -> None:
    """Show a request with its history."""
    from sealwright.web.api.desk_rendering import history

    with desk.reading() as opened:
        at = opened.seated(as_user)
        found = at.office.review.get(at.caller, request_id)
        members = {**_shown(at, found.view), "history": history(found.history, for_reviewer=True)}
    of(ctx).emit(members)


@requests.command("approve")
def approve_requests(
    ctx: typer.Context,
    request_ids: Ids,
    *,
    note: Annotated[str | None, typer.Option("--note", help="Kept for reviewers.")] = None,
    message: Message = None,
    as_user: As = None,
    dry_run: DryRun = False,
) -> int:
    """Approve requests, one by one: each grants its type and signs its credential; a failure stops nobody else."""
    return _decide(ctx, request_ids, "approved", (note, message), as_user, dry_run=dry_run)


@requests.command("reject")
def reject_requests(
    ctx: typer.Context,
    request_ids: Ids,
    *,
    note: Annotated[str, typer.Option("--note", help="Why; kept for reviewers.")],
    message: Message = None,
    as_user: As = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Reject requests, one by one; rejecting an approved one revokes what it granted."""
    if not dry_run:
        confirm(of(ctx), f"Reject {len(request_ids)}?", yes=yes)
    return _decide(ctx, request_ids, "rejected", (note, message), as_user, dry_run=dry_run)


@requests.command("ask")
def ask_requester(
    ctx: typer.Context,
    request_id: RequestId,
    *,
    message: Annotated[str, typer.Option("--message", help="The question.")],
    as_user: As = None,
) -> None:
    """Ask the requester for more; the request waits for the answer."""
    text = _text(message, "--message")
    with desk.writing() as opened:
        at = opened.seated(as_user)
        view = at.act(lambda uow, caller: at.office.review.ask(uow, caller, request_id, text), changes_registry=False)
        members = _shown(at, view)
    of(ctx).emit(members)


def _decide(
    ctx: typer.Context,
    request_ids: Sequence[str],
    verdict: str,
    words: tuple[str | None, str | None],
    as_user: str | None,
    *,
    dry_run: bool,
) -> int:
    from sealwright.domain.deciding import Decision, read_verdict

    ids = list(dict.fromkeys(request_ids))
    if len(ids) > _MOST_IDS:
        raise Misused(f"at most {_MOST_IDS} requests at a time")
    note = _text(words[0], "--note") if words[0] is not None else None
    message = _text(words[1], "--message") if words[1] is not None else None
    with desk.writing() as opened:
        at = opened.seated(as_user)
        versions = {one: _version(at, one, verdict) for one in ids}
        decisions = [
            Decision(
                request_id=one,
                state=read_verdict(verdict),
                note=note,
                message=message,
                expected_version=versions[one],
                dry_run=dry_run,
            )
            for one in ids
        ]
        items = at.office.review.decide_many(at.caller, decisions)
        if len(items) == 1 and items[0].error is not None:
            raise items[0].error
        rows = [_row(at, item) for item in items]
    failed = sum(item.error is not None for item in items)
    # Of a single one the request itself is the answer, as everywhere; its row stands beside it.
    alone = {**rows[0]["request"], "effects": rows[0]["effects"]} if len(rows) == 1 else {}
    answer: dict[str, object] = {**alone, "results": rows, "decided": len(items) - failed, "failed": failed}
    if dry_run:
        answer["dry_run"] = True
    of(ctx).emit(answer, plain=lambda: "\n".join(_line(row) for row in rows))
    return PARTLY if failed else DONE


def _version(at: desk.Desk, request_id: str, verdict: str) -> int | None:
    """The version of a decided request: whoever names it at the terminal means it as it stands now."""
    from sealwright.domain.errors import NotAllowed, NotFound

    try:
        request = at.office.review.view(at.caller, request_id).request
    except (NotFound, NotAllowed):
        # The decision itself refuses it, in its own row.
        return None
    return request.version if request.state.value not in ("pending", verdict) else None


def _row(at: desk.Desk, item: DecidedItem) -> dict[str, Any]:
    from sealwright.web.api.desk_rendering import effects
    from sealwright.web.problems import fault_for

    decided = item.decided
    request = _shown(at, decided.view) if decided is not None else None
    return {
        "request_id": item.request_id,
        "status": request["status"] if request is not None else None,
        "request": request,
        "effects": effects(decided.effects) if decided is not None else None,
        "error": fault_for(item.error) if item.error is not None else None,
    }


def _line(row: dict[str, Any]) -> str:
    if row["error"] is not None:
        return printable(f"{row['request_id']}  {row['error']['code']}")
    return printable(f"{row['request_id']}  {row['status']}  {row['effects']['summary']}")


def _shown(at: desk.Desk, view: RequestView) -> dict[str, Any]:
    from sealwright.web.api.desk_rendering import request

    return request(view, at.office.clock.now(), for_reviewer=True)


def _filter(status: str, type_value: str | None, search: str | None) -> RequestFilter:
    from sealwright.domain.requests import RequestFilter

    return RequestFilter(
        states=_states(status),
        types=frozenset({type_value}) if type_value is not None else None,
        search=search,
    )


def _states(text: str) -> frozenset[RequestState]:
    from sealwright.domain.requests import RequestState

    if text.lower() == "all":
        return frozenset()
    try:
        return frozenset({RequestState(text.lower())})
    except ValueError as error:
        raise Misused(f"--status is all, {', '.join(state.value for state in RequestState)}") from error


def _text(text: str, option: str) -> str:
    if not text.strip() or len(text) > _TEXT_MAX:
        raise Misused(f"{option} takes 1 to {_TEXT_MAX} characters")
    return text
