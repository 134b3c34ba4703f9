"""The page about agents: its tools are those of the program with what they take, and so are its names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from sealwright.agent_tools.calls import CONTEXT_NAMES
from sealwright.agent_tools.tools import TOOLS, AgentTool
from sealwright.services.act_contents import CONTENT_OF
from sealwright.services.agent_cards import CARD_PATH, EXTENSION

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "agents.md").read_text("utf-8")
ROWS: Final = dict(re.findall(r"^\| `([a-z_]+)` \| [^|]+ \|([^|]*)\|$", PAGE, flags=re.MULTILINE))
SHARED: Final = {"the act": {*CONTEXT_NAMES, "delegation"}, "for whom": {"onBehalfOf", "delegation", "approvalId"}}


def test_every_tool_stands_there_and_no_other() -> None:
    assert set(ROWS) == {tool.name for tool in TOOLS}
    assert len(TOOLS) == 9


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_tools_take_what_the_page_says(tool: AgentTool) -> None:
    told, _, more = ROWS[tool.name].partition(";")
    needed = set(tool.arguments.schema.get("required", ()))
    optional = set(tool.arguments.schema["properties"]) - needed
    if not needed:
        told, more = "", told
    assert set(re.findall(r"`(\w+)`", told)) == needed
    listed = set(re.findall(r"`(\w+)`", more)).union(*(names for words, names in SHARED.items() if words in more))
    assert listed - needed == optional


def test_names_on_the_page_are_the_programs() -> None:
    assert f"`{EXTENSION}`" in PAGE
    assert f"`GET {CARD_PATH}`" in PAGE
    issuing, requesting = CONTENT_OF
    assert f"| Action | `{issuing}` | `{requesting}` |" in PAGE
    assert f"| Approved as | `{CONTENT_OF[issuing]}` | `{CONTENT_OF[requesting]}` |" in PAGE


def test_settings_for_a_host_are_json() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (server,) = json.loads(text)["mcpServers"].values()
    assert server["command"] == "sealwright"
    assert server["args"][:2] == ["agent", "tools"]
