"""The call of the office that each tool is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sealwright.agent_tools import words
from sealwright.agent_tools.office import AgentOffice, Members

Arguments = Mapping[str, Any]

CONTEXT_NAMES: Final = ("amount", "currency", "merchant", "schemaId", "region", "resource")
# Of all that a tool's arguments are called elsewhere.
_ELSEWHERE: Final = {"delegation": "credentialId"}
_CALLS_USUAL: Final = 20
# Delegations whose calls are gathered where none is named.
_GATHERED_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool answers: a sentence, and the office's own answer."""

    sentence: str
    members: Members


def what_may_i_do(office: AgentOffice, _arguments: Arguments) -> Told:
    """GET /api/v1/agents/{did}/authority."""
    members = office.get(f"{office.path}/authority")
    return Told(words.authority(members), members)


def may_i(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/delegations/authorize."""
    records = arguments.get("record", False)
    body = {"agentDid": office.did, **_act(arguments), "record": records, **_given(arguments, "approvalId")}
    members = office.post("/api/v1/delegations/authorize", body, once=records)
    return Told(words.verdict(members), members)


def issue_credential(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/agents/{did}/issue."""
    members = office.post(f"{office.path}/issue", _given(arguments, *arguments), once=True)
    sentence = f"Issued {members.get('credentialId')} for {members.get('onBehalfOf')}, to {arguments['holderDid']}."
    return Told(sentence, members)


def request_credential(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/agents/{did}/requests."""
    members = office.post(f"{office.path}/requests", _given(arguments, *arguments), once=True)
    sentence = (
        f"Asked for {members.get('credentialType')} for {members.get('onBehalfOf')}: request "
        f"{members.get('requestId')} waits for a reviewer's decision."
    )
    return Told(sentence, members)


def present_delegation(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/agents/{did}/presentations."""
    members = office.post(f"{office.path}/presentations", _given(arguments, *arguments), once=True)
    return Told(f"Here is the signed presentation for {arguments['domain']}; give it to that verifier only.", members)


def make_token(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/agents/{did}/tokens."""
    body = {**_act(arguments), **_given(arguments, "audience", "jkt", "approvalId", "expiresInSeconds")}
    members = office.post(f"{office.path}/tokens", body, once=True)
    sentence = (
        f"Here is a token for {members.get('action')} at {members.get('audience')}, good once and until "
        f"{members.get('expiresAt')}. Send it as `Authorization: DPoP`, with a DPoP proof by the key of `jkt`."
    )
    return Told(sentence, members)


def ask_for_approval(office: AgentOffice, arguments: Arguments) -> Told:
    """POST /api/v1/approvals."""
    body = {"agentDid": office.did, **_act(arguments), **_given(arguments, "credential", "request", "note")}
    members = office.post("/api/v1/approvals", body, once=True)
    return Told(words.approval(members), members)


def approval_state(office: AgentOffice, arguments: Arguments) -> Told:
    """GET /api/v1/approvals/{id}."""
    members = office.get(f"/api/v1/approvals/{quote(arguments['approvalId'], safe='')}")
    return Told(words.approval(members), members)


def my_calls(office: AgentOffice, arguments: Arguments) -> Told:
    """GET /api/v1/delegations/{id}/calls, of one delegation or of all that the agent holds now."""
    most = arguments.get("limit", _CALLS_USUAL)
    named = arguments.get("delegation")
    if named is not None:
        wanted = [named]
    else:
        held = office.get(f"{office.path}/authority").get("delegations", [])
        wanted = [one["delegationId"] for one in held[:_GATHERED_MOST]]
    found: list[Members] = []
    for one in wanted:
        page = office.get(f"/api/v1/delegations/{quote(one, safe=':')}/calls", limit=str(most))
        found += page.get("data", [])
    own = [one for one in found if one.get("agentDid") == office.did]
    newest = sorted(own, key=lambda one: str(one.get("at")), reverse=True)[:most]
    return Told(words.calls(newest), {"calls": newest})


def _act(arguments: Arguments) -> Members:
    """An act as the office takes it: what is done, what it is about, and under which delegation."""
    context = {name: arguments[name] for name in CONTEXT_NAMES if name in arguments}
    return {"action": arguments["action"], "context": context, **_given(arguments, "delegation")}


def _given(arguments: Arguments, *names: str) -> Members:
    """Those arguments that were given, under the office's names for them."""
    return {_ELSEWHERE.get(name, name): arguments[name] for name in names if name in arguments}
