"""The tool server: the protocol's own SDK over standard input and output, with our tools behind it."""

from __future__ import annotations

from typing import Any, Final

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from sealwright import __version__
from sealwright.agent_tools.calls import Told
from sealwright.agent_tools.office import AgentOffice, OfficeRefused
from sealwright.agent_tools.tools import BY_NAME, TOOLS, AgentTool
from sealwright.domain.errors import DomainError
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import VcError

NAME: Final = "sealwright"
_INSTRUCTIONS: Final = (
    "You act for people and organizations within what they delegated to you, and everything you ask here is on "
    "record. Ask what_may_i_do first. Name all that a limit speaks of (amount, currency, merchant, region, resource): "
    "what is left unsaid is refused. A refusal is final for these values: do not try again unchanged."
)


def build_server(office: AgentOffice) -> Server[dict[str, Any]]:
    """The server of one agent; it keeps nothing between calls but the agent's own DID."""

    async def list_tools(_context: object, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])

    async def call_tool(_context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = BY_NAME.get(params.name)
        if tool is None:
            return _refused(OfficeRefused("UNKNOWN_TOOL", f"There is no tool {params.name[:100]!r} here."))
        try:
            arguments = tool.arguments.read(dump_json(params.arguments or {}))
        except (DomainError, VcError) as error:
            return _refused(_misuse(error))
        try:
            # The office is asked in a thread, so that calls side by side do not wait for each other.
            told = await anyio.to_thread.run_sync(tool.run, office, arguments)
        except OfficeRefused as error:
            return _refused(error)
        return _told(told)

    return Server(
        NAME, version=__version__, instructions=_INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def serve(office: AgentOffice) -> None:
    """Serve over standard input and output until the other side closes them."""

    async def run() -> None:
        server = build_server(office)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def _described(tool: AgentTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.arguments.schema),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads_only,
            destructive_hint=False,
            idempotent_hint=tool.reads_only,
            open_world_hint=True,
        ),
    )


def _told(told: Told) -> types.CallToolResult:
    # Hosts that know nothing of structured content show the model the text alone.
    text = f"{told.sentence}\n{dump_json(told.members).decode('utf-8')}"
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=told.members)


def _refused(error: OfficeRefused) -> types.CallToolResult:
    members = {
        "code": error.code,
        "detail": error.detail,
        "errors": [dict(fault) for fault in error.faults],
        "retryable": error.retryable,
    }
    return types.CallToolResult(content=[types.TextContent(text=str(error))], structured_content=members, is_error=True)


def _misuse(error: DomainError | VcError) -> OfficeRefused:
    """What was given does not fit the tool."""
    found = getattr(error, "faults", ())
    faults = [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in found]
    return OfficeRefused(faults[0]["code"] if faults else "INVALID_BODY", str(error), faults=faults)
