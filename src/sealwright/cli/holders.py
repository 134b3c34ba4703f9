"""Holders: who holds what."""

from __future__ import annotations

from typing import Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.output import of

holders = group("Holders: who holds which credential types.")

_COLUMNS = ("user_id", "display_name", "email", "is_improver", "active")
_MOST = 100


@holders.command("find")
def find_holders(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Name, e-mail address, id, DID or wallet address.")],
) -> None:
    """Find people; at most a hundred."""
    from sealwright.web.api.desk_rendering import holder

    with desk.reading() as at:
        found = at.office.holders.find(at.caller, text, count=_MOST)
    of(ctx).emit_list([holder(person) for person in found.items], _COLUMNS)
    if found.total > len(found.items):
        of(ctx).say(f"{found.total - len(found.items)} more; search for more of the name.")


@holders.command("show")
def show_holder(
    ctx: typer.Context, user_id: Annotated[str, typer.Argument(metavar="ID", help="The person's id.")]
) -> None:
    """Show a person with every grant and request."""
    from sealwright.web.api.desk_rendering import brief_request, grant, holder

    with desk.reading() as at:
        found = at.office.holders.detail(at.caller, user_id)
        now = at.office.clock.now()
    of(ctx).emit(
        {
            **holder(found.person),
            "grants": [grant(one, now, in_scope=True) for one in found.grants],
            "requests": [brief_request(one) for one in found.requests],
        }
    )
