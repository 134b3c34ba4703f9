"""Agent cards: what anybody may read about an agent kept here, in the shape in which agents describe themselves.

The shape is that of the Agent2Agent protocol. The office serves the card and not the agent, so the card claims no
interface but those that the operator has listed as services of the agent's DID.

It holds nothing that the protocol leaves out of what is signed (defaults, null, empty texts, empty lists that nobody
demands), so that readers who drop those and readers who do not check the same bytes.

Spec: Agent2Agent Protocol 1.0, "Agent Card"; "Canonicalization Requirements".
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from sealwright.domain.delegations import AgentProfile
from sealwright.domain.dids import DIDRecord, ServiceRecord
from sealwright.vc.encoding.strict_json import JSONValue

CARD: Final = "AgentCard"
CARD_PATH: Final = "/agents/{did}/.well-known/agent-card.json"
EXTENSION: Final = "urn:sealwright:delegated-agent:1"
# The methods whose documents list services.
LISTING_METHODS: Final = frozenset({"adi", "web"})
_PROTOCOL: Final = "1.0"
_BINDINGS: Final = {"A2A": "JSONRPC", "A2A-JSONRPC": "JSONRPC", "A2A-GRPC": "GRPC", "A2A-REST": "HTTP+JSON"}
_MODES: Final = ("application/json", "text/plain")


def card_address(public_url: str, did: str) -> str:
    """Where the card of an agent stands."""
    return public_url + CARD_PATH.replace("{did}", quote(did, safe=":"))


def card_service(public_url: str, did: str) -> ServiceRecord:
    """How the DID document of an agent names its card."""
    return ServiceRecord(f"{did}#agent-card", CARD, card_address(public_url, did))


def card_of(
    record: DIDRecord, profile: AgentProfile, operator: DIDRecord | None, public_url: str
) -> dict[str, JSONValue]:
    """Word the card of an agent.

    Args:
        operator: Who answers for it, where that DID is kept here.
    """
    resolved = f"{public_url}/1.0/identifiers/{quote(record.did, safe=':')}"
    named = operator.name if operator is not None and operator.name else record.operator
    params: dict[str, JSONValue] = {
        "did": record.did,
        "didDocument": resolved,
        "verifyChain": f"{public_url}/api/v1/delegations/verify-chain",
        "authorize": f"{public_url}/api/v1/delegations/authorize",
    }
    if record.operator is not None:
        params["operator"] = record.operator
    if profile.model:
        params["model"] = dict(profile.model)
    interfaces: list[JSONValue] = [
        {"url": service.service_endpoint, "protocolBinding": _BINDINGS[service.type], "protocolVersion": _PROTOCOL}
        for service in record.services
        if service.type in _BINDINGS and isinstance(service.service_endpoint, str)
    ]
    skills: list[JSONValue] = [
        {"id": one, "name": one, "description": one, "tags": _tags(one)} for one in profile.capabilities
    ]
    about = "An agent that acts within what people and organizations delegate to it."
    # The protocol demands a skill; this one has every agent that is kept here.
    any_agents: dict[str, JSONValue] = {"id": "delegated-acts", "name": "Delegated acts", "tags": ["delegation"]}
    return {
        "name": record.name or record.did,
        "description": profile.description or about,
        "version": profile.version,
        "provider": {"organization": named, "url": public_url},
        "supportedInterfaces": interfaces,
        "capabilities": {
            "streaming": False,
            "pushNotifications": False,
            "extensions": [
                {
                    "uri": EXTENSION,
                    "description": "Acts under delegation credentials that a human or an organization began.",
                    "params": params,
                }
            ],
        },
        "defaultInputModes": list(_MODES),
        "defaultOutputModes": list(_MODES),
        "skills": skills or [{**any_agents, "description": about}],
    }


def _tags(capability: str) -> list[JSONValue]:
    return list(dict.fromkeys(part for part in capability.split(":") if part)) or [capability]
