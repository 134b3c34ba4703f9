"""The tools that an agent is offered: what each takes, and the call of the office that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sealwright.agent_tools import words
from sealwright.agent_tools.office import AgentOffice, Members
from sealwright.web.shape import Shape

Node = dict[str, Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool answers: a sentence, and the office's own answer."""

    sentence: str
    members: Members


@dataclass(frozen=True, slots=True)
class AgentTool:
    """One tool.

    Args:
        arguments: What it takes; what is not named there is refused.
        run: Asks the office; blocking; raises OfficeRefused.
        reads_only: It leaves nothing behind but the record that it was asked.
    """

    name: str
    title: str
    description: str
    arguments: Shape
    run: Callable[[AgentOffice, Arguments], Told]
    reads_only: bool = False


def _text(longest: int, description: str) -> Node:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


_ACTION: Final = _text(200, "What is to be done, as delegations name it, for example purchase:groceries.")
_CONTEXT: Final[Node] = {
    "amount": {"type": "number", "minimum": 0, "description": "What the act costs."},
    "currency": _text(3, "The amount's currency, for example USD."),
    "merchant": _text(200, "Who is paid."),
    "schemaId": _text(2048, "The credential schema that the act is about."),
    "region": _text(64, "Where it takes place."),
    "resource": _text(2048, "What it is done to."),
}
_DELEGATION: Final = _text(
    200, "The delegation to act under, by its id or its credential's; any that allows it if left out."
)
_APPROVAL: Final = _text(64, "The id of an approval that a person gave for exactly this act.")


def _shape(name: str, properties: Node, required: tuple[str, ...] = (), example: Node | None = None) -> Shape:
    schema: Node = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return Shape(name, schema, example=example)


def context_of(arguments: Arguments) -> Members:
    """What an act is about, as the office takes it."""
    return {name: arguments[name] for name in _CONTEXT if name in arguments}


def given(arguments: Arguments, **names: str) -> Members:
    """Members of a body that were given, under the office's names for them."""
    return {member: arguments[name] for member, name in names.items() if name in arguments}


def _what_may_i_do(office: AgentOffice, _arguments: Arguments) -> Told:
    members = office.get(f"{office.path}/authority")
    return Told(words.authority(members), members)


def _may_i(office: AgentOffice, arguments: Arguments) -> Told:
    body = {
        "agentDid": office.did,
        "action": arguments["action"],
        "context": context_of(arguments),
        "record": arguments.get("record", False),
        **given(arguments, credentialId="delegation", approvalId="approvalId"),
    }
    members = office.post("/api/v1/delegations/authorize", body, once=arguments.get("record", False))
    return Told(words.verdict(members), members)


TOOLS: Final[tuple[AgentTool, ...]] = (
    AgentTool(
        "what_may_i_do",
        "What may I do?",
        "Tells what has been delegated to you: on whose behalf, which actions, within which limits, what is left of "
        "each budget, and until when. Ask this first.",
        _shape("WhatMayIDo", {}),
        _what_may_i_do,
        reads_only=True,
    ),
    AgentTool(
        "may_i",
        "May I do this now?",
        "Tells whether one act is allowed now, and which limit forbids it if not. With record it is also counted "
        "against your budgets: say so for an act that you carry out yourself right after, and never for a token that "
        "you make, which is counted by itself.",
        _shape(
            "MayI",
            {
                "action": _ACTION,
                **_CONTEXT,
                "delegation": _DELEGATION,
                "approvalId": _APPROVAL,
                "record": {"type": "boolean", "default": False, "description": "Count it: you are doing it now."},
            },
            required=("action",),
        ),
        _may_i,
    ),
)
BY_NAME: Final[Mapping[str, AgentTool]] = {tool.name: tool for tool in TOOLS}
