"""A shopping agent: it asks what it may do, gets a price, has a token made for just that purchase, and buys.

It keeps no rules of its own. What it may do it learns from the office's tool server (Model Context Protocol, over
standard input and output), as a language model would; what it may not do, the shop refuses.

    .venv/bin/python examples/groceries/agent.py milk=2 bread=1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from sealwright.protocols.capability.proof import ProofKey

SETTINGS: Final = Path("var/groceries/agent.json")
REFUSED: Final = 3


class NotAllowed(Exception):
    """The office or the shop said no; what it said."""

    def __init__(self, who: str, told: Mapping[str, Any]) -> None:
        super().__init__(f"{who}: {told.get('code')}: {told.get('detail')}")


@asynccontextmanager
async def tools(office: str, key_file: str) -> AsyncIterator[ClientSession]:
    """The office's tools for this agent: a program of its own, which alone reads the agent's key."""
    arguments = ["-m", "sealwright", "agent", "tools", "--office", office, "--key-file", key_file]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
    async with stdio_client(server) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


async def use(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    """Use one tool; raises NotAllowed."""
    told = await session.call_tool(tool, arguments)
    members = told.structured_content or {}
    if told.is_error:
        raise NotAllowed("the office", members)
    return members


def ask(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Call the shop; raises NotAllowed."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json", **(headers or {})})
    request.method = method
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        raise NotAllowed("the shop", json.load(error)) from None
    except urllib.error.URLError as error:
        raise NotAllowed("the shop", {"code": "UNAVAILABLE", "detail": error.reason}) from None


async def buy(session: ClientSession, shop: str, basket: Mapping[str, int]) -> dict[str, Any]:
    """Buy a basket; raises NotAllowed."""
    quote = ask("POST", f"{shop}/quotes", dict(basket))
    wanted = quote["token"]
    print(f"The shop asks {wanted['context']['amount']} {wanted['context']['currency']}.")
    # The key that the token is bound to is made for this purchase and forgotten after it.
    key = ProofKey()
    made = await use(
        session,
        "make_token",
        audience=wanted["audience"],
        action=wanted["action"],
        jkt=key.jkt,
        **wanted["context"],
    )
    print(f"I have a token for it, good until {made['expiresAt']}.")
    headers = key.headers(made["token"], method="POST", url=quote["order"], now=datetime.now(UTC))
    return ask("POST", quote["order"], {"quoteId": quote["quoteId"]}, headers)


async def run(settings: Mapping[str, str], basket: Mapping[str, int]) -> int:
    """Do the shopping; gives the exit code."""
    async with tools(settings["office"], settings["keyFile"]) as session:
        try:
            authority = await session.call_tool("what_may_i_do", {})
            print("".join(one.text for one in authority.content if one.type == "text").partition("\n")[0])
            receipt = await buy(session, settings["shop"], basket)
        except NotAllowed as error:
            print(f"I may not. {error}")
            return REFUSED
    print(f"Bought for {receipt['amount']} {receipt['currency']}, charged to {receipt['chargedTo']}.")
    return 0


def item(text: str) -> tuple[str, int]:
    """Read ``milk=2``; ``milk`` alone is one."""
    name, _, count = text.partition("=")
    return name, int(count or 1)


def main() -> None:
    """Go shopping."""
    parser = argparse.ArgumentParser(description="A shopping agent.")
    parser.add_argument("items", nargs="+", type=item, metavar="ITEM=COUNT")
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="where the town put office, shop and key")
    options = parser.parse_args()
    try:
        settings = json.loads(options.settings.read_text("utf-8"))
    except FileNotFoundError:
        parser.error(f"there is no {options.settings}, which town.py writes; is the town up?")
    code = 1
    try:
        code = asyncio.run(run(settings, dict(options.items)))
    except* MCPError:
        # Why, the tool server has told on standard error already.
        print(f"My tools have ended. Is the office at {settings['office']} up?", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
