"""Agents at the terminal: made, listed, shown, changed, ended."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Terminal

AGENT = "did:adi:agent:7f3a"


def made(terminal: Terminal, *more: str) -> dict[str, Any]:
    said = terminal("agent", "create", "--name", "Clerk", "--operator", "did:adi:human001", *more)
    assert said.code == 0, said
    return said.answer


def test_agent_is_made_shown_changed_and_ended(demo: dict[str, Any], terminal: Terminal) -> None:
    options = (
        "--model",
        "Example/clerk/2",
        "--capabilities",
        "filing,chat",
        "--service",
        "a2a=A2A=https://x.example/a=b",
    )
    agent = made(terminal, *options, "--description", "Files papers.", "--version", "2.1")
    did = agent["did"]
    assert agent["model"] == {"provider": "Example", "model_name": "clerk", "model_version": "2"}
    assert (agent["capabilities"], agent["version"], agent["status"]) == (["filing", "chat"], "2.1", "active")
    assert agent["services"] == [{"id": f"{did}#a2a", "type": "A2A", "service_endpoint": "https://x.example/a=b"}]
    listed = terminal("agent", "list").answer["items"]
    assert {one["did"] for one in listed} >= {did, AGENT}
    shown = terminal("agent", "show", did).answer
    assert {name: shown[name] for name in agent} == agent
    assert shown["delegations"] == []
    changed = terminal("agent", "update", did, "--version", "3", "--name", "Scribe").answer
    assert (changed["version"], changed["name"], changed["capabilities"]) == ("3", "Scribe", ["filing", "chat"])
    ended = terminal("agent", "decommission", did, "--yes").answer
    assert (ended["status"], ended["card_url"], ended["invalidated"], ended["active_credentials"]) == (
        *("decommissioned", None),
        *(0, 0),
    )
    assert terminal("agent", "decommission", did, "--yes").problem["code"] == "ALREADY_DEACTIVATED"
    assert "Scribe" in terminal("agent", "list", json_output=False).out


@pytest.mark.parametrize(
    ("options", "code", "exit_code"),
    [
        (("--model", "clerk"), "USAGE", 2),
        (("--service", "a2a=https://x.example"), "USAGE", 2),
        (("--service", "a2a=A2A=ftp://x.example"), "INVALID_VALUE", 6),
        (("--capabilities", "a,,b"), "USAGE", 2),
        (("--owner", "usr_nobody"), "USER_NOT_FOUND", 4),
        (("--method", "ethr"), "UNSUPPORTED_DID_METHOD", 6),
    ],
)
def test_what_is_no_agent_is_not_made(
    demo: dict[str, Any], terminal: Terminal, options: tuple[str, ...], code: str, exit_code: int
) -> None:
    said = terminal("agent", "create", "--name", "Clerk", "--operator", "did:adi:human001", *options)
    assert (said.code, said.problem["code"]) == (exit_code, code)


def test_agents_that_are_none_are_not_found(demo: dict[str, Any], terminal: Terminal) -> None:
    for command in (("show",), ("update", "--version", "2"), ("decommission", "--yes")):
        said = terminal("agent", command[0], "did:adi:human001", *command[1:])
        assert (said.code, said.problem["code"]) == (4, "DID_NOT_FOUND")
    nothing = terminal("agent", "update", AGENT)
    assert (nothing.code, nothing.problem["code"]) == (6, "INVALID_BODY")
    operator = terminal("agent", "create", "--name", "Clerk", "--operator", AGENT)
    assert (operator.code, operator.problem["code"]) == (6, "INVALID_VALUE")
