"""Agents: their tools, and the desk where they are made and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused
from sealwright.cli.options import Yes, checked, commas, confirm, present
from sealwright.cli.output import of, spell, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.agent_tools.office import AgentOffice
    from sealwright.services.agents import AgentView

agents = group("Agents, and the tools that they are offered.")

DID = Annotated[str, typer.Argument(metavar="DID")]
Name = Annotated[str | None, typer.Option("--name", help="Shown name.")]
Description = Annotated[str | None, typer.Option("--description", help="What it does.")]
Model = Annotated[
    str | None, typer.Option("--model", metavar="PROVIDER/NAME", help="What it runs on: provider/name[/version].")
]
Capabilities = Annotated[str | None, typer.Option("--capabilities", help="What it can do: a,b")]
Version = Annotated[str | None, typer.Option("--version", help="Of the agent, not of its model.")]
Services = Annotated[
    list[str] | None, typer.Option("--service", metavar="NAME=TYPE=URL", help="Where it is found; may be repeated.")
]


@agents.command("tools")
def tools(
    *,
    office: Annotated[
        str | None, typer.Option("--office", metavar="URL", help="The office; by default that of the settings.")
    ] = None,
    key_file: Annotated[
        str | None,
        typer.Option("--key-file", metavar="FILE", help="The agent's API key; else SEALWRIGHT_AGENT_KEY."),
    ] = None,
) -> None:
    """Offer an agent its tools over standard input and output (Model Context Protocol), until these are closed."""
    serve = _serve()
    serve(_recognized(_office(office, key_file)))


@agents.command("create")
def create(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="Shown name.")],
    operator: Annotated[str, typer.Option("--operator", metavar="DID", help="Who answers for it.")],
    description: Description = None,
    model: Model = None,
    capabilities: Capabilities = None,
    version: Version = None,
    service: Services = None,
    method: Annotated[str | None, typer.Option("--method", help="adi, key, jwk or web.")] = None,
    path: Annotated[str | None, typer.Option("--path", help="Name under the public URL, for did:web.")] = None,
    proof_types: Annotated[str | None, typer.Option("--proof-types", help="What its keys sign: a,b")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="USER", help="Who controls it; else the operator DID's owner.")
    ] = None,
) -> None:
    """Make an agent; its private keys stay here."""
    from sealwright.web.api.agents import wish_of
    from sealwright.web.api.shapes.agents import CREATE_AGENT

    said = _said(
        name=name,
        description=description,
        model=model,
        capabilities=capabilities,
        version=version,
        service=service,
    )
    body = checked(
        CREATE_AGENT, present(operator=operator, method=method, path=path, proofTypes=commas(proof_types), **said)
    )
    with desk.writing() as at:
        if owner is not None:
            at.office.people.get(owner)
        known = at.view.did(operator)
        wish = wish_of(body, owner=owner or (known.owner_user_id if known is not None else None))
        made = at.act(lambda uow, caller: at.office.delegations.agents.create(uow, caller, wish))
    of(ctx).emit(_members(made))


@agents.command("list")
def list_agents(ctx: typer.Context) -> None:
    """List agents, newest first."""
    found = []
    with desk.reading() as at:
        cursor: str | None = None
        while True:
            page = at.office.delegations.agents.list(at.caller, limit=100, cursor=cursor)
            found += [_members(one) for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    of(ctx).emit_list(found, ("did", "name", "operator", "status", "version"))


@agents.command("show")
def show(ctx: typer.Context, did: DID) -> None:
    """Show what is said of an agent, and what it may do now."""
    from sealwright.web.api.agents import authority_members

    with desk.reading() as at:
        agent = at.office.delegations.agents.get(did)
        held = authority_members(at.office.delegations.authority.of(at.caller, did))["delegations"]
    said, listed = _members(agent), [_held(one) for one in held]
    of(ctx).emit(
        {**said, "delegations": listed}, plain=lambda: "\n\n".join(filter(None, (spell(said), _shown(listed))))
    )


@agents.command("update")
def update(
    ctx: typer.Context,
    did: DID,
    *,
    name: Name = None,
    description: Description = None,
    model: Model = None,
    capabilities: Capabilities = None,
    version: Version = None,
    service: Services = None,
) -> None:
    """Change what is said of an agent."""
    from sealwright.web.api.agents import changes_of
    from sealwright.web.api.shapes.agents import UPDATE_AGENT

    said = _said(
        name=name,
        description=description,
        model=model,
        capabilities=capabilities,
        version=version,
        service=service,
    )
    changes = changes_of(checked(UPDATE_AGENT, said))
    with desk.writing() as at:
        changed = at.act(lambda uow, caller: at.office.delegations.agents.update(uow, caller, did, changes))
    of(ctx).emit(_members(changed))


@agents.command("decommission")
def decommission(ctx: typer.Context, did: DID, yes: Yes = False) -> None:
    """End an agent for good, with its keys and all that was delegated to it."""
    with desk.writing() as at:
        delegations, _ = at.office.delegations.agents.affected(did)
        confirm(of(ctx), f"Decommission {did} for good? Delegations that end with it: {delegations}.", yes=yes)
        ended = at.act(lambda uow, caller: at.office.delegations.agents.decommission(uow, caller, did))
    counts = {"invalidated": ended.invalidated, "active_credentials": ended.active_credentials}
    of(ctx).emit({**_members(ended.agent), **counts})


def _held(members: dict[str, Any]) -> dict[str, object]:
    """A delegation to an agent; limits keep the names that delegations give them."""
    kept = {name: members[name] for name in ("constraints", "remaining")}
    return {**rendering.snake_members(members), **kept}


def _shown(listed: list[dict[str, object]]) -> str:
    return table(
        listed, ("delegation_id", "on_behalf_of", "scope", "constraints", "remaining", "expires_at", "effective")
    )


def _members(agent: AgentView) -> dict[str, object]:
    from sealwright.web.api.agents import members_of

    return rendering.snake_members(members_of(agent))


def _said(
    *,
    name: str | None,
    description: str | None,
    model: str | None,
    capabilities: str | None,
    version: str | None,
    service: list[str] | None,
) -> dict[str, Any]:
    """What options say of an agent, as a body of the API; raises Misused."""
    return present(
        name=name,
        description=description,
        model=_model(model) if model is not None else None,
        capabilities=commas(capabilities),
        version=version,
        services=[_service(one) for one in service] if service else None,
    )


def _model(text: str) -> dict[str, str]:
    parts = text.split("/")
    if not 2 <= len(parts) <= 3:
        raise Misused(f"--model takes provider/name or provider/name/version, and not {text!r}")
    return dict(zip(("provider", "modelName", "modelVersion"), parts, strict=False))


def _service(text: str) -> dict[str, str]:
    parts = text.split("=", 2)
    if len(parts) != 3:
        raise Misused(f"--service takes name=type=url, and not {text!r}")
    return {"id": f"#{parts[0].removeprefix('#')}", "type": parts[1], "serviceEndpoint": parts[2]}


def _serve() -> Callable[[AgentOffice], None]:
    """What serves, from the extra that it needs; raises Misused where that is absent."""
    try:
        from sealwright.agent_tools.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise Misused("the tools need an extra that is not installed: pip install 'sealwright[agents]'") from error
    return serve


def _office(url: str | None, key_file: str | None) -> AgentOffice:
    """The office that the tools speak to; raises Misused."""
    from sealwright.agent_tools.office import AddressRefused, AgentOffice
    from sealwright.cli.key_files import private_content

    settings = desk.peek_settings()
    if key_file is not None:
        key = private_content(key_file, "key").decode("ascii", "replace").strip()
    elif settings.agent_key is not None:
        key = settings.agent_key.reveal()
    else:
        raise Misused("name the agent's API key by --key-file or SEALWRIGHT_AGENT_KEY")
    if not key.isascii() or not key.isprintable() or " " in key or not key:
        raise Misused("this is no API key")
    where = url or settings.public_url
    try:
        return AgentOffice(where, key)
    except AddressRefused as error:
        raise Misused(f"{where} {error}; an office is https://host, or http://host:port on one's own machine") from None


def _recognized(office: AgentOffice) -> AgentOffice:
    """The office, once it has recognized the key: who starts this with a wrong one hears of it before any tool runs.

    Raises:
        NotSignedIn, StoreUnavailable: The key is not, or no longer, taken; there is no answer.
        Misused: The key is not an agent's.
    """
    from sealwright.agent_tools.office import OfficeRefused
    from sealwright.domain.errors import NotSignedIn, StoreUnavailable

    try:
        office.did  # noqa: B018 - asks the office
    except OfficeRefused as error:
        if error.code == "UNAVAILABLE":
            raise StoreUnavailable(error.detail) from error
        if error.code == "UNAUTHENTICATED":
            raise NotSignedIn(error.detail) from error
        raise Misused(error.detail) from error
    return office
