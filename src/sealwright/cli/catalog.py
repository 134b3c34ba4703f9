"""Credential types: made, changed, listed, retired, deleted while unused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.options import Yes, checked, confirm, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.domain.catalog import CredentialType
    from sealwright.services.catalog import TypeMembers

types = group("Credential types: what people may hold.")

Value = Annotated[str, typer.Argument(metavar="VALUE", help="The type's name on the wire.")]
_COLUMNS = ("value", "label", "visibility", "active", "validity_days", "issuer_did")
Visibility = Annotated[str | None, typer.Option("--visibility", help="public, unlisted or private.")]
Policy = Annotated[str | None, typer.Option("--policy", help="What becomes of step claims when a grant is lost.")]
ValidityDays = Annotated[int | None, typer.Option("--validity-days", help="A grant ends so many days later.")]
IssuerDid = Annotated[str | None, typer.Option("--issuer-did", metavar="DID", help="Who signs.")]
SchemaId = Annotated[str | None, typer.Option("--schema", metavar="ID", help="A registered credential schema.")]
Description = Annotated[str | None, typer.Option("--description", help="What it is.")]
Criteria = Annotated[str | None, typer.Option("--criteria", help="What a person must meet.")]
TargetHours = Annotated[int | None, typer.Option("--target-hours", help="A later decision is past its target.")]


@types.command("create")
def create_type(
    ctx: typer.Context,
    value: Value,
    *,
    label: Annotated[str, typer.Option("--label", help="What people read.")],
    visibility: Visibility = None,
    policy: Policy = None,
    validity_days: ValidityDays = None,
    issuer_did: IssuerDid = None,
    schema: SchemaId = None,
    description: Description = None,
    criteria: Criteria = None,
    target_hours: TargetHours = None,
    suspendable: Annotated[bool, typer.Option("--suspendable", help="Its credentials can be suspended.")] = False,
    two_person: Annotated[bool, typer.Option("--two-person", help="Two reviewers must approve.")] = False,
) -> None:
    """Add a credential type; a schema is registered for it unless one is named."""
    from sealwright.web.api.shapes.enrollment import CREATE_TYPE

    given = present(
        value=value,
        label=label,
        visibility=visibility,
        revocation_policy=policy,
        validity_days=validity_days,
        issuer_did=issuer_did,
        schema_id=schema,
        description=description,
        criteria=criteria,
        target_hours=target_hours,
        suspendable=suspendable or None,
        two_person=two_person or None,
    )
    members = _members_of(checked(CREATE_TYPE, given))
    with desk.writing() as at:
        # Proving its schema takes long, and other writers must not wait for it.
        at.office.catalog.prepare(value, members)
        made = at.act(lambda uow, caller: at.office.catalog.create(uow, caller, value, members))
    of(ctx).emit(_shown(made))


@types.command("update")
def update_type(
    ctx: typer.Context,
    value: Value,
    *,
    label: Annotated[str | None, typer.Option("--label", help="What people read.")] = None,
    visibility: Visibility = None,
    policy: Policy = None,
    validity_days: ValidityDays = None,
    issuer_did: IssuerDid = None,
    schema: SchemaId = None,
    description: Description = None,
    criteria: Criteria = None,
    target_hours: TargetHours = None,
) -> None:
    """Change a credential type; what is left out stays."""
    from sealwright.web.api.shapes.enrollment import UPDATE_TYPE

    given = present(
        label=label,
        visibility=visibility,
        revocation_policy=policy,
        validity_days=validity_days,
        issuer_did=issuer_did,
        schema_id=schema,
        description=description,
        criteria=criteria,
        target_hours=target_hours,
    )
    members = _members_of(checked(UPDATE_TYPE, given))
    with desk.writing() as at:
        changed = at.act(lambda uow, caller: at.office.catalog.update(uow, caller, value, members))
    of(ctx).emit(_shown(changed))


@types.command("list")
def list_types(ctx: typer.Context) -> None:
    """List every credential type, active and retired."""
    with desk.reading() as at:
        found = at.office.catalog.all(at.caller)
    of(ctx).emit_list([_shown(one) for one in found], _COLUMNS)


@types.command("show")
def show_type(ctx: typer.Context, value: Value) -> None:
    """Show a credential type and what refers to it."""
    with desk.reading() as at:
        found = at.office.catalog.get(at.caller, value)
        usage = at.office.catalog.usage(at.caller, value)
    counted = {
        "requests": usage.requests,
        "grants": usage.grants,
        "scopes": usage.scopes,
        "workflow_roles": usage.workflow_roles,
    }
    of(ctx).emit({**_shown(found), "usage": counted})


@types.command("retire")
def retire_type(ctx: typer.Context, value: Value) -> None:
    """Take no new requests and make no new grants; what was granted stays."""
    with desk.writing() as at:
        retired = at.act(lambda uow, caller: at.office.catalog.retire(uow, caller, value))
    of(ctx).emit(_shown(retired))


@types.command("reactivate")
def reactivate_type(ctx: typer.Context, value: Value) -> None:
    """Open a retired type again."""
    with desk.writing() as at:
        opened = at.act(lambda uow, caller: at.office.catalog.reactivate(uow, caller, value))
    of(ctx).emit(_shown(opened))


@types.command("delete")
def delete_type(ctx: typer.Context, value: Value, yes: Yes = False) -> None:
    """Take away a type that was never used."""
    confirm(of(ctx), f"Delete {value}?", yes=yes)
    with desk.writing() as at:
        at.act(lambda uow, caller: at.office.catalog.delete(uow, caller, value))
    of(ctx).emit({"value": value, "deleted": True})


def _shown(record: CredentialType) -> dict[str, Any]:
    from sealwright.web.api.desk_rendering import credential_type

    return credential_type(record)


def _members_of(body: dict[str, Any]) -> TypeMembers:
    """What the desk takes: the body's words as values."""
    from sealwright.domain.catalog import RevocationPolicy
    from sealwright.domain.catalog import Visibility as Shown

    members: dict[str, Any] = {name: value for name, value in body.items() if name not in ("value", "expected_version")}
    if "visibility" in members:
        members["visibility"] = Shown(members["visibility"])
    if "revocation_policy" in members:
        members["revocation_policy"] = RevocationPolicy(members["revocation_policy"])
    return cast("TypeMembers", members)
