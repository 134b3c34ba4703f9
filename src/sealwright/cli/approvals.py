"""Approvals: acts that agents ask people to approve, once and as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from sealwright.cli import delegation_words as words
from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.options import Yes, confirm
from sealwright.cli.output import of, printable

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.delegations import Approval

approvals = group("What agents ask people to approve: list, show, approve, decline.")

ApprovalId: TypeAlias = Annotated[str, typer.Argument(metavar="ID")]
As: TypeAlias = Annotated[str | None, typer.Option("--as", metavar="USER", help="Decide as this person.")]
_PAGE = 100
_COLUMNS = ("approval_id", "agent_did", "delegator_did", "action", "context", "status", "expires_at")


@approvals.command("list")
def list_approvals(
    ctx: typer.Context,
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for a decision.")] = False,
    as_user: As = None,
) -> None:
    """List what agents asked, newest first."""
    found: list[dict[str, object]] = []
    cursor = None
    with desk.reading() as opened:
        at = opened.seated(as_user)
        now = at.office.clock.now()
        while True:
            page = at.office.delegations.approving.list(at.caller, waiting=waiting, limit=_PAGE, cursor=cursor)
            found += [_members(one, now) for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, _COLUMNS)


@approvals.command("show")
def show(ctx: typer.Context, approval_id: ApprovalId) -> None:
    """Show what an agent asks a person to approve."""
    with desk.reading() as at:
        found = _members(at.office.delegations.approving.get(at.caller, approval_id), at.office.clock.now())
    of(ctx).emit(found)


@approvals.command("approve")
def approve(ctx: typer.Context, approval_id: ApprovalId, *, as_user: As = None, yes: Yes = False) -> None:
    """Say yes to one act: it may be done once, with these very values."""
    confirm(of(ctx), f"Approve {approval_id}?", yes=yes)
    with desk.writing() as opened:
        at = opened.seated(as_user)
        approving = at.office.delegations.approving
        decided = at.act(lambda uow, caller: approving.approve(uow, caller, approval_id), changes_registry=False)
        now = at.office.clock.now()
    _tell(ctx, decided, now)


@approvals.command("decline")
def decline(
    ctx: typer.Context,
    approval_id: ApprovalId,
    *,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; shown to the agent.")] = None,
    as_user: As = None,
) -> None:
    """Say no to one act."""
    with desk.writing() as opened:
        at = opened.seated(as_user)
        approving = at.office.delegations.approving
        decided = at.act(
            lambda uow, caller: approving.decline(uow, caller, approval_id, reason), changes_registry=False
        )
        now = at.office.clock.now()
    _tell(ctx, decided, now)


def _tell(ctx: typer.Context, decided: Approval, now: datetime) -> None:
    members = _members(decided, now)
    of(ctx).emit(members, plain=printable(f"{decided.approval_id}  {members['status']}"))


def _members(approval: Approval, now: datetime) -> dict[str, object]:
    from sealwright.web.api.authorizing import approval_members

    return words.with_own_names(approval_members(approval, now), "context", "credential", "request")
