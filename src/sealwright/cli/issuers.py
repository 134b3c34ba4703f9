"""Issuers: who reviews which credential types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import checked, commas, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.domain.enrollment import IssuerProfile, IssuerState

issuers = group("Issuers: who may decide on which credential types.")

UserId = Annotated[str, typer.Argument(metavar="USER", help="The person's id.")]
Note = Annotated[str, typer.Option("--note", help="Why; the person is told.")]
_COLUMNS = ("user_id", "organization", "email", "status", "allowed_credentials")
_PAGE = 100


@issuers.command("list")
def list_issuers(
    ctx: typer.Context,
    status: Annotated[
        str | None, typer.Option("--status", help="pending, approved, suspended, rejected, ended")
    ] = None,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or e-mail address.")] = None,
) -> None:
    """List issuers and those who ask to be one."""
    wanted = _state(status) if status is not None else None
    found: list[dict[str, Any]] = []
    with desk.reading() as at:
        page = 1
        while True:
            part = at.office.enrollment.issuers(at.caller, state=wanted, search=search, page=page, count=_PAGE)
            found += [_shown(one.profile) for one in part.items]
            if page * _PAGE >= part.total:
                break
            page += 1
    of(ctx).emit_list(found, _COLUMNS)


@issuers.command("show")
def show_issuer(ctx: typer.Context, user_id: UserId) -> None:
    """Show an issuer."""
    with desk.reading() as at:
        found = at.office.enrollment.issuer(at.caller, user_id)
    of(ctx).emit(_shown(found.profile))


@issuers.command("approve")
def approve_issuer(
    ctx: typer.Context,
    user_id: UserId,
    *,
    scopes: Annotated[str | None, typer.Option("--scopes", help="Credential types they may decide on: a,b")] = None,
    did: Annotated[str | None, typer.Option("--did", metavar="DID", help="Their own issuer DID.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="The person is told.")] = None,
) -> None:
    """Make somebody an issuer, or end a suspension; role and issuer scope are set in one act."""
    _put(ctx, user_id, {"status": "approved", "issuer_did": did, "note": note}, scopes=scopes)


@issuers.command("scopes")
def set_scopes(
    ctx: typer.Context,
    user_id: UserId,
    scopes: Annotated[str, typer.Argument(metavar="A,B", help="The whole issuer scope; `-` for none.")],
) -> None:
    """Replace an issuer's scope."""
    _put(ctx, user_id, {}, scopes="" if scopes == "-" else scopes, keeps_state=True)


@issuers.command("suspend")
def suspend_issuer(ctx: typer.Context, user_id: UserId, *, note: Note) -> None:
    """End role and scope until the issuer is approved again; grants they made stay."""
    _put(ctx, user_id, {"status": "suspended", "note": note})


@issuers.command("reject")
def reject_issuer(ctx: typer.Context, user_id: UserId, *, note: Note) -> None:
    """Turn a request down, or an approval back."""
    _put(ctx, user_id, {"status": "rejected", "note": note})


@issuers.command("end")
def end_issuer(ctx: typer.Context, user_id: UserId, *, note: Note) -> None:
    """End role and scope; grants they made stay."""
    _put(ctx, user_id, {"status": "ended", "note": note})


def _put(
    ctx: typer.Context,
    user_id: str,
    members: dict[str, str | None],
    *,
    scopes: str | None = None,
    keeps_state: bool = False,
) -> None:
    from sealwright.web.api.shapes.enrollment import PUT_ISSUER

    wanted = commas(scopes) if scopes else ([] if scopes is not None else None)
    body = checked(PUT_ISSUER, {"user_id": user_id, "allowed_credentials": wanted or [], **present(**members)})
    with desk.writing() as at:
        state = at.office.enrollment.issuer(at.caller, user_id).profile.state if keeps_state else None
        profile = at.act(
            lambda uow, caller: at.office.enrollment.put_issuer(
                uow,
                caller,
                user_id,
                allowed_credentials=wanted,
                state=state if keeps_state else _state(body["status"]),
                issuer_did=body.get("issuer_did"),
                note=body.get("note"),
            )
        )
    of(ctx).emit(_shown(profile))


def _state(text: str) -> IssuerState:
    from sealwright.domain.enrollment import IssuerState

    try:
        return IssuerState(text)
    except ValueError as error:
        raise Misused(f"--status is one of {', '.join(state.value for state in IssuerState)}") from error


def _shown(profile: IssuerProfile) -> dict[str, Any]:
    from sealwright.web.api.desk_rendering import issuer

    return issuer(profile)
