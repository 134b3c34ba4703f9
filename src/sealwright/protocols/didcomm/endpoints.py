"""Where a DID takes messages.

Spec: DIDComm Messaging v2.1, "Service Endpoint", "Using a DID as an endpoint".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.vc.dids.document import DIDDocument
from sealwright.vc.encoding.strict_json import JSONValue

SERVICE_TYPE: Final = "DIDCommMessaging"
PROFILE: Final = "didcomm/v2"
_MAX_ROUTING: Final = 4
_MAX_SERVICES: Final = 32


@dataclass(frozen=True, slots=True)
class MessageEndpoint:
    """One place that takes messages.

    Args:
        uri: An http(s) address, or the DID of a mediator.
        routing_keys: Key ids of those it goes through, the first one first.
    """

    uri: str
    routing_keys: tuple[str, ...] = ()


def message_endpoints(document: DIDDocument) -> tuple[MessageEndpoint, ...]:
    """The endpoints that speak DIDComm v2, in the order of the document."""
    return tuple(_endpoints(document.to_json()))


def own_service(did: str, uri: str) -> tuple[str, str, dict[str, JSONValue]]:
    """The service entry by which others reach a DID of ours: its id, type and endpoint."""
    endpoint: dict[str, JSONValue] = {"uri": uri, "accept": [PROFILE], "routingKeys": []}
    return f"{did}#didcomm", SERVICE_TYPE, endpoint


def _endpoints(document: Mapping[str, JSONValue]) -> Iterator[MessageEndpoint]:
    services = document.get("service")
    for service in services[:_MAX_SERVICES] if isinstance(services, list) else []:
        if not isinstance(service, dict) or not _is_messaging(service.get("type")):
            continue
        endpoint = service.get("serviceEndpoint")
        for entry in endpoint[:_MAX_SERVICES] if isinstance(endpoint, list) else [endpoint]:
            found = _endpoint(entry, service)
            if found is not None:
                yield found


def _is_messaging(kind: JSONValue) -> bool:
    return kind == SERVICE_TYPE or (isinstance(kind, list) and SERVICE_TYPE in kind)


def _endpoint(entry: JSONValue, service: Mapping[str, JSONValue]) -> MessageEndpoint | None:
    # Older peers write the address alone, and the rest beside it.
    members = entry if isinstance(entry, dict) else {**service, "uri": entry}
    uri, accept, routing = members.get("uri"), members.get("accept", [PROFILE]), members.get("routingKeys", [])
    if not isinstance(uri, str) or not isinstance(routing, list) or len(routing) > _MAX_ROUTING:
        return None
    if isinstance(accept, list) and accept and PROFILE not in accept:
        return None
    if not all(isinstance(key, str) for key in routing):
        return None
    return MessageEndpoint(uri, tuple(str(key) for key in routing))
