"""Agents: their tools, and the desk where they are made and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import Misused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.agent_tools.office import AgentOffice

agents = group("Agents, and the tools that they are offered.")


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
