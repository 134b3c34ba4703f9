"""Webhook endpoints of the office."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.options import checked, commas, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.domain.webhooks import Webhook

_PAGE = 100

webhooks = group("Webhook endpoints: addresses that hear of events.")


@webhooks.command("create")
def create(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    *,
    events: Annotated[str, typer.Option("--events", help="Kinds: a,b; left out or * means all.")] = "*",
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
) -> None:
    """Add an endpoint; its secret is shown this once."""
    from sealwright.services.webhooks import WebhookWish
    from sealwright.web.api.shapes.webhooks import CREATE_WEBHOOK

    body = checked(CREATE_WEBHOOK, present(url=url, events=commas(events), description=description))
    wish = WebhookWish(url=body["url"], events=body["events"], description=body.get("description"))
    with desk.writing() as at:
        at.office.webhooks.judge(at.caller, body["url"])
        made, secret = at.act(lambda uow, caller: at.office.webhooks.create(uow, caller, wish))
    of(ctx).emit({"secret": secret, **_members(made)}, plain=secret)
    of(ctx).say(f"Endpoint {made.webhook_id}; its secret is not shown again.")


@webhooks.command("list")
def list_webhooks(ctx: typer.Context) -> None:
    """List endpoints, newest first."""
    found: list[dict[str, object]] = []
    cursor = None
    with desk.reading() as at:
        while True:
            page = at.office.webhooks.list(at.caller, limit=_PAGE, cursor=cursor)
            found += [_members(webhook) for webhook in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, ("webhook_id", "url", "events", "status", "failing_since"))


def _members(webhook: Webhook) -> dict[str, object]:
    from sealwright.web.api.webhooks import webhook_json

    return rendering.snake_members(webhook_json(webhook))
