"""Agents of others that speak DIDComm: their processes, and holders that think with their code.

PyPI's `didcomm` pins companions that are years old, so it lives in an environment of its own, which is made here from a
lock with hashes, once, and made anew when the lock changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from sealwright.vc.dids.document import DIDDocument
from sealwright.vc.dids.peer import resolve_did_peer
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.keys import x25519
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import PublicKey
from tests.interop.peer import Peer, PeerMissing, start_node
from tests.interop.python_peer import start_python_peer
from tests.support import tools

NODE: Final = Path(__file__).parent / "didcomm_node"
PYTHON: Final = Path(__file__).parent / "didcomm_python"
_NUMBERS: Final = count(1)
Document = Mapping[str, Any]


def start_python() -> Peer:
    """Start PyPI's implementation; raises PeerMissing."""
    return start_python_peer(PYTHON)


@contextmanager
def agent_peer(kind: str) -> Iterator[Peer]:
    """The process of one implementation for as long as the block runs; a loud skip where it cannot run."""
    try:
        peer = start_python() if kind == "python" else start_node(NODE, "peer.mjs", packages=NODE)
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield peer
    finally:
        peer.stop()


def shown_to_peers(document: DIDDocument) -> dict[str, Any]:
    """A DID document in the plain form that the peers' programs take."""

    def listed(purpose: str) -> list[dict[str, Any]]:
        methods = (document.method(kid) for kid in document.relationship(purpose))
        # A BLS key has no registered JWK, and no envelope uses one.
        usable = (one for one in methods if one is not None and one.public_key.kind != "BLS12-381-G2")
        return [{"kid": one.id, "jwk": public_jwk(one.public_key)} for one in usable]

    return {"keyAgreement": listed("keyAgreement"), "authentication": listed("authentication")}


@dataclass
class StrangeAgent:
    """A holder whose envelopes are all made and opened by a stranger's implementation.

    Args:
        office: The office's DID → its document.
        endpoint: Where it takes messages.
    """

    peer: Peer
    office: Mapping[str, DIDDocument]
    endpoint: str = "https://agent.example/"
    name: str = "holder"
    did: str = field(init=False)

    def __post_init__(self) -> None:
        secret = Secret32(hashlib.sha256(f"agreeing {self.name}".encode()).digest())
        seed = Secret32(hashlib.sha256(f"signing {self.name}".encode()).digest())
        signing = PublicKey("Ed25519", Ed25519Signer(seed).public_key)
        agreeing = PublicKey("X25519", x25519.public_from_private(secret))
        service = json.dumps({"t": "dm", "s": {"uri": self.endpoint, "a": ["didcomm/v2"]}}, separators=(",", ":"))
        self.did = f"did:peer:2.V{signing.multikey}.E{agreeing.multikey}.S{base64url_encode(service.encode())}"
        self._secrets = [
            {"kid": f"{self.did}#key-1", "jwk": {**public_jwk(signing), "d": base64url_encode(seed.reveal())}},
            {"kid": f"{self.did}#key-2", "jwk": {**public_jwk(agreeing), "d": base64url_encode(secret.reveal())}},
        ]

    @property
    def _known(self) -> dict[str, Any]:
        documents = {**self.office, self.did: resolve_did_peer(self.did)}
        return {
            "documents": {did: shown_to_peers(document) for did, document in documents.items()},
            "secrets": self._secrets,
        }

    def pack(self, to: str, kind: str, body: Document, **members: Any) -> bytes:
        """A message of its own, encrypted; `members` are further ones of the message, or `signedBy`."""
        signed_by = members.pop("signedBy", None)
        message = {
            "id": f"strange-{next(_NUMBERS)}",
            "typ": "application/didcomm-plain+json",
            "type": kind,
            "from": self.did,
            "to": [to],
            "body": body,
            **members,
        }
        asked = {"message": message, "to": to, "from": self.did, "signedBy": signed_by}
        return json.dumps(self.peer.ask("pack", **asked, **self._known)).encode()

    def open(self, packed: bytes) -> dict[str, Any]:
        """What the office sent; the stranger must find it authenticated. Raises PeerRefused."""
        opened: dict[str, Any] = self.peer.ask("unpack", packed=json.loads(packed), **self._known)
        assert opened["authenticated"] is True
        message: dict[str, Any] = opened["message"]
        assert opened["encryptedFrom"].partition("#")[0] == message["from"]
        return message
