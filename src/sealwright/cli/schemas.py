"""Credential schemas: registered once, listed, shown, deactivated."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes, checked, commas, confirm, present
from sealwright.cli.output import of

schemas = group("Credential schemas; their content never changes.")

SchemaId = Annotated[str, typer.Argument(metavar="ID", help="The schema's id.")]


@schemas.command("register")
def register(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A JSON Schema, or a registration body; `-` for input.")],
    *,
    name: Annotated[str | None, typer.Option("--name", help="a-z, 0-9 and hyphens.")] = None,
    type_name: Annotated[str | None, typer.Option("--type", help="Credential type names: A,B")] = None,
    version: Annotated[str | None, typer.Option("--version", help="1.0 if left out.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="DID")] = None,
    restricted: Annotated[bool, typer.Option("--restricted", help="Only for the issuers of --allow.")] = False,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", metavar="DID", help="An issuer that may use it.")
    ] = None,
) -> None:
    """Register a credential schema and generate its context."""
    from sealwright.services.schemas import NewSchema
    from sealwright.web.api.shapes.registry import REGISTER_SCHEMA

    given = present(
        name=name,
        type=commas(type_name),
        version=version,
        author=author,
        restricted=restricted or None,
        allowedIssuers=allow or None,
    )
    body = checked(REGISTER_SCHEMA, {**_registration(file), **given})
    wish = NewSchema(
        name=body["name"],
        type=tuple(body["type"]),
        schema=body["schema"],
        version=body.get("version", "1.0"),
        author=body.get("author"),
        description=body.get("description"),
        schema_id=body.get("schemaId"),
        restricted=body.get("restricted", False),
        allowed_issuers=tuple(body.get("allowedIssuers", ())),
        revocation_required=body.get("revocationRequired", False),
    )
    with desk.writing() as at:
        # Proving takes long, and other writers must not wait for it.
        at.office.schemas.prove(wish)
        made = at.act(lambda uow, caller: at.office.schemas.register(uow, caller, wish))
    of(ctx).emit(_members(made))


@schemas.command("list")
def list_schemas(ctx: typer.Context) -> None:
    """List credential schemas, newest first."""
    found = []
    with desk.reading() as at:
        cursor: str | None = None
        while True:
            page = at.office.schemas.list(active=None, limit=100, cursor=cursor)
            found += [_members(record) for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, ("schema_id", "version", "type", "active"))


@schemas.command("show")
def show(ctx: typer.Context, schema_id: SchemaId) -> None:
    """Show a credential schema."""
    with desk.reading() as at:
        found = at.office.schemas.get(schema_id)
    of(ctx).emit(_members(found))


@schemas.command("deactivate")
def deactivate(ctx: typer.Context, schema_id: SchemaId, yes: Yes = False) -> None:
    """Allow no new credentials of a schema; old ones verify on."""
    confirm(of(ctx), f"Deactivate {schema_id}?", yes=yes)
    with desk.writing() as at:
        changed = at.act(lambda uow, caller: at.office.schemas.deactivate(uow, caller, schema_id))
    of(ctx).emit(_members(changed))


def _members(record: Any) -> dict[str, object]:
    from sealwright.web.api.rendering import schema

    return rendering.snake_members(schema(record))


def _registration(name: str) -> dict[str, Any]:
    """Read a registration body; a bare JSON Schema is wrapped as one."""
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    content = parse_json(read_input(name))
    if not isinstance(content, dict):
        raise Misused(f"{name} holds no JSON object")
    # A JSON Schema may have a member named `schema` only below `properties`, a registration has it on top.
    return content if "schema" in content and "properties" not in content else {"schema": content}
