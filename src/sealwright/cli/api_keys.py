"""API keys for issuers' programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.options import checked, commas, expiry, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.access import ApiKey

api_keys = group("API keys: bound to issuer DIDs, and perhaps to schemas.")


@api_keys.command("create")
def create(
    ctx: typer.Context,
    *,
    issuer_did: Annotated[list[str], typer.Option("--issuer-did", metavar="DID", help="May be repeated.")],
    schemas: Annotated[str | None, typer.Option("--schemas", help="Only these schema ids: a,b")] = None,
    name: Annotated[str, typer.Option("--name", help="What the key is for.")] = "cli",
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Owner; else the DID's owner.")] = None,
    issue_per_minute: Annotated[int | None, typer.Option("--issue-per-minute", help="A limit of its own.")] = None,
    expires_in: Annotated[int | None, typer.Option("--expires-in", help="Life in seconds; a year if left out.")] = None,
) -> None:
    """Make an API key; it is shown this once."""
    from sealwright.web.api.shapes.registry import CREATE_API_KEY

    body = checked(
        CREATE_API_KEY,
        present(name=name, issuerDids=issuer_did, schemas=commas(schemas), issuePerMinute=issue_per_minute),
    )
    with desk.writing() as at:
        if user is not None:
            at.office.people.get(user)
        ends = expiry(expires_in, at.office.clock)
        made, secret = at.act(
            lambda uow, caller: at.office.api_keys.create(
                uow,
                caller,
                name=body["name"],
                issuer_dids=body["issuerDids"],
                schemas=body.get("schemas"),
                expires_at=ends,
                issue_per_minute=body.get("issuePerMinute"),
                owner=user,
            )
        )
        now = at.office.clock.now()
    of(ctx).emit({"api_key": secret.text, **_members(made, now)}, plain=secret.text)
    of(ctx).say(f"Key {made.api_key_id}; it is not shown again.")


@api_keys.command("list")
def list_keys(ctx: typer.Context) -> None:
    """List API keys; secrets are not kept."""
    with desk.reading() as at:
        now = at.office.clock.now()
        found = [_members(key, now) for key in at.office.api_keys.list(at.caller)]
    of(ctx).emit_list(found, ("api_key_id", "name", "prefix", "issuer_dids", "status", "expires_at"))


@api_keys.command("revoke")
def revoke(ctx: typer.Context, api_key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End an API key at once."""
    with desk.writing() as at:
        ended = at.act(lambda uow, caller: at.office.api_keys.revoke(uow, caller, api_key_id))
        now = at.office.clock.now()
    of(ctx).emit(_members(ended, now))


def _members(key: ApiKey, now: datetime) -> dict[str, object]:
    from sealwright.web.api.rendering import api_key

    return rendering.snake_members(api_key(key, now))
