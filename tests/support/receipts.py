"""A log of seven entries, made without the office: its notes, a batch under one root, receipts of both kinds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from nacl.signing import SigningKey

from sealwright.domain.anchors import AnchorEntry, AnchorKind
from sealwright.domain.audit_check import VerifierKey, assemble_note, signature_line
from sealwright.domain.receipt_check import LogKey, parse_log_key
from sealwright.protocols.transparency import merkle
from sealwright.services.log_notes import checkpoint_text
from tests.support import log_client

ORIGIN: Final = "office.example/log"
NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHAIN: Final = {
    "chainId": 1337,
    "transactionHash": "0x" + "7e" * 32,
    "from": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "blockNumber": 12,
    "blockHash": "0x" + "b1" * 32,
}
DOCUMENT: Final = {"@context": ["https://www.w3.org/ns/credentials/v2"], "id": "urn:uuid:2", "name": "Zoë ≠ Zoe"}


def signing_key(name: str = "log") -> SigningKey:
    return SigningKey(hashlib.sha256(name.encode()).digest())


def log_key(name: str = "log", origin: str = ORIGIN) -> LogKey:
    return parse_log_key(str(VerifierKey(origin, bytes(signing_key(name).verify_key))))


def note(size: int, root: bytes, *, key: str = "log", origin: str = ORIGIN) -> str:
    """A signed checkpoint."""
    signer, text = signing_key(key), checkpoint_text(origin, size, root)
    line = signature_line(origin, bytes(signer.verify_key), signer.sign(text).signature)
    return assemble_note(text, line).decode()


@dataclass
class Log:
    """Entries and what can be said of them."""

    entries: list[bytes] = field(default_factory=list)

    def note(self, size: int, **signer: str) -> str:
        return note(size, log_client.mth(self.entries[:size]), **signer)

    def consistency(self, first: int, second: int) -> dict[str, Any]:
        steps = log_client.proof(first, self.entries[:second])
        return {"first": first, "second": second, "path": [step.hex() for step in steps]}


def spelled(document: object) -> bytes:
    """A document's bytes as the office stores them."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def sound(size: int = 7, *, chain: dict[str, Any] | None = None) -> tuple[Log, dict[str, Any]]:
    """A log, and a file that holds: receipt, proof, credential and consistency from size 3 on."""
    documents = {f"urn:uuid:{n}": spelled({**DOCUMENT, "id": f"urn:uuid:{n}"}) for n in range(5)}
    leaves = [merkle.issued_leaf(name, hashlib.sha256(content).digest()) for name, content in documents.items()]
    leaves.insert(1, merkle.failed_leaf("SCHEMA_VALIDATION_FAILED"))
    root = merkle.merkle_root(leaves)
    entry = AnchorEntry(AnchorKind.BATCH, "bat_one", root.hex(), len(leaves), NOON)
    log = Log([entry.data if n == 4 else b"%d" % n for n in range(size)])
    receipt = {
        "transactionHash": chain["transactionHash"] if chain else f"0x{root.hex()}",
        "backend": "evm" if chain else "log",
        "merkleRoot": root.hex(),
        "leafCount": len(leaves),
        "entry": entry.as_object(),
        "entryIndex": 4,
        "treeSize": size,
        "inclusionPath": [step.hex() for step in log_client.path(4, log.entries)],
        "checkpoint": log.note(size),
        "anchoredAt": "2026-11-21T12:00:00Z",
        "chain": chain,
    }
    proof = {
        "credentialId": "urn:uuid:2",
        "documentSha256": hashlib.sha256(documents["urn:uuid:2"]).hexdigest(),
        "leafIndex": 3,
        "leafHash": leaves[3].hex(),
        "path": [step.hex() for step in merkle.inclusion_path(leaves, 3)],
        "merkleRoot": root.hex(),
    }
    file = {"receipt": receipt, "proof": proof, "credential": DOCUMENT, "consistency": log.consistency(3, size)}
    return log, file
