"""An agent of somebody else: its own keys and DID, its messages, and a mailbox that takes the place of the network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from sealwright.domain.delivery_errors import UrlNotAllowed
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.agreement import LocalKey, x25519_key
from sealwright.protocols.didcomm.issuing import Detail, read_attached, read_detail, request_parts
from sealwright.protocols.didcomm.message import Message
from sealwright.protocols.didcomm.packing import agreement_keys, open_message, pack, pack_bytes
from sealwright.services.delivery_ports import NotSent, Posted
from sealwright.services.office import Office
from sealwright.services.resolving import OfficeResolver
from sealwright.vc.dids.methods import did_key
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.keys import ed25519, x25519
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import PublicKey

_NUMBERS: Final = count(1)
AGENT_URL: Final = "https://agent.example/didcomm"
# What holders ask for in proposals.
WANTED: Final[Mapping[str, Any]] = {"type": ["VerifiableCredential", "UniversityDegreeCredential"]}


class PeerAgent:
    """An agent that speaks DIDComm through our own envelope code, with keys that the office does not have.

    Args:
        name: Its keys follow from it.
        endpoint: Where it takes messages; None for nowhere.
        routing: Key ids of its mediators.
        method: ``peer`` (algorithm 2), or ``key``, which names no place.
    """

    def __init__(
        self,
        office: Office,
        name: str = "agent",
        *,
        endpoint: str | None = AGENT_URL,
        routing: tuple[str, ...] = (),
        method: str = "peer",
    ) -> None:
        self.office = office
        self.resolver = OfficeResolver(office.registry, None)
        self.signer = Ed25519Signer(Secret32(hashlib.sha256(f"signing {name}".encode()).digest()))
        signing = PublicKey("Ed25519", self.signer.public_key)
        if method == "key":
            seed = Secret32(hashlib.sha256(f"signing {name}".encode()).digest())
            private = x25519.private_of_ed25519(seed)
            agreeing = PublicKey("X25519", ed25519.derive_x25519(signing.raw))
            self.did = did_key(signing)
            self.signing_kid, kid = f"{self.did}#{signing.multikey}", f"{self.did}#{agreeing.multikey}"
        else:
            private = Secret32(hashlib.sha256(f"agreeing {name}".encode()).digest())
            agreeing = PublicKey("X25519", x25519.public_from_private(private))
            self.did = f"did:peer:2.V{signing.multikey}.E{agreeing.multikey}{_service(endpoint, routing)}"
            self.signing_kid, kid = f"{self.did}#key-1", f"{self.did}#key-2"
        self.key: LocalKey = x25519_key(kid, private)

    def message(self, to: str, kind: str, body: Mapping[str, Any] | None = None, **members: Any) -> Message:
        """A message of its own; `members` replace what it would say."""
        usual: dict[str, Any] = {
            "id": f"peer-message-{next(_NUMBERS)}",
            "sender": self.did,
            "to": (to,),
            "created": int(self.office.clock.now().timestamp()),
            **members,
        }
        return Message(type=kind, body=body or {}, **usual)

    def pack(self, message: Message, to: str | None = None) -> bytes:
        """The message encrypted for a DID of the office."""
        return pack(message, self.resolver.resolve(to or message.to[0]), sender=self.key)

    def pack_raw(self, source: Mapping[str, Any], to: str, *, sender: bool = True) -> bytes:
        """Any JSON object, encrypted."""
        keys = agreement_keys(self.resolver.resolve(to))
        return pack_bytes(json.dumps(source).encode(), keys, sender=self.key if sender else None)

    def say(self, message: Message, to: str | None = None) -> bytes:
        """Bring a message to the office; gives it packed, to be brought again."""
        packed = self.pack(message, to)
        self.office.didcomm.receive(packed)
        return packed

    def open(self, packed: bytes) -> Message:
        """Open a message of the office; its sender must be proved."""
        opened = open_message(packed, keys={self.key.kid: self.key}.get, resolver=self.resolver)
        assert opened.sender is not None
        assert opened.sender == opened.message.sender
        return opened.message

    def request(self, offer: Message, **members: Any) -> Message:
        """The answer to an offer that asks for exactly what was offered."""
        body, attachments = request_parts(read_detail(offer))
        assert offer.sender is not None
        usual: dict[str, Any] = {"thid": offer.thread, "attachments": attachments, **members}
        return self.message(offer.sender, types.REQUEST_CREDENTIAL, body, **usual)

    def proposal(self, issuer: str, credential: Mapping[str, Any], **members: Any) -> Message:
        """A first message that asks for a credential which says this."""
        body, attachments = request_parts(Detail(credential, "Ed25519Signature2020"))
        return self.message(issuer, types.PROPOSE_CREDENTIAL, body, **{"attachments": attachments, **members})

    def acknowledge(self, issued: Message) -> Message:
        """The answer to a credential that arrived."""
        assert issued.sender is not None
        return self.message(issued.sender, types.ISSUE_ACK, {"status": "OK"}, thid=issued.thread)

    @staticmethod
    def credential(issued: Message) -> Mapping[str, Any]:
        """The credential in a message."""
        return read_attached(issued, "aries/ld-proof-vc@v1.0")


@dataclass
class Mailbox:
    """Stands in for the way out: keeps what is posted.

    Args:
        answers: A status for each post, or the reason why nothing is answered; beyond it, 202.
    """

    answers: list[int | str] = field(default_factory=list)
    posted: list[tuple[str, bytes]] = field(default_factory=list)
    closed: frozenset[str] = frozenset()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Keep a message."""
        assert headers == {"content-type": "application/didcomm-encrypted+json"}
        self.posted.append((url, body))
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, str):
            raise NotSent(answer)
        return Posted(answer, b"")

    def judge(self, url: str) -> None:
        """Refuse closed addresses."""
        if url in self.closed:
            raise UrlNotAllowed("not there")

    def stand_in(self, office: Office) -> Mailbox:
        """Take the place of an office's way out."""
        office.dispatching._poster = self
        office.didcomm.post._poster = self
        return self

    def last(self, agent: PeerAgent) -> Message:
        """The newest message, opened."""
        return agent.open(self.posted[-1][1])


def _service(endpoint: str | None, routing: tuple[str, ...]) -> str:
    if endpoint is None:
        return ""
    members = {"uri": endpoint, "a": ["didcomm/v2"], "r": list(routing)}
    return ".S" + base64url_encode(json.dumps({"t": "dm", "s": members}, separators=(",", ":")).encode())
