"""Shapes and examples of anchors: receipts, proofs, the check of both, and what the log proves."""

from __future__ import annotations

from typing import Final

from sealwright.web.api.shapes.parts import OBJECT, Node, answer, closed, listed, nullable
from sealwright.web.shape import Shape

_STRING: Final[Node] = {"type": "string"}
_INTEGER: Final[Node] = {"type": "integer"}
_HASH: Final[Node] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TRANSACTION: Final[Node] = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_TIME: Final[Node] = {"type": "string", "format": "date-time"}

RECEIPT: Final = answer(
    "Receipt",
    {
        "transactionHash": _TRANSACTION,
        "backend": {"type": "string", "enum": ["log", "evm"]},
        "merkleRoot": _HASH,
        "leafCount": _INTEGER,
        "entry": OBJECT,
        "entryIndex": _INTEGER,
        "treeSize": _INTEGER,
        "inclusionPath": listed(_HASH),
        "checkpoint": _STRING,
        "anchoredAt": _TIME,
        "chain": nullable(OBJECT),
    },
)
LEAF_PROOF: Final = answer(
    "LeafProof",
    {
        "credentialId": _STRING,
        "documentSha256": _HASH,
        "leafIndex": _INTEGER,
        "leafHash": _HASH,
        "path": listed(_HASH),
        "merkleRoot": _HASH,
    },
)
VERDICT: Final = answer(
    "ReceiptVerdict",
    {
        "verified": {"type": ["boolean", "null"]},
        "checks": listed(
            closed(
                {
                    "name": _STRING,
                    "outcome": {"type": "string", "enum": ["passed", "failed", "unchecked", "not_applicable"]},
                    "detail": _STRING,
                },
                ("name", "outcome", "detail"),
            )
        ),
    },
)
CONSISTENCY: Final = answer("ConsistencyProof", {"first": _INTEGER, "second": _INTEGER, "path": listed(_HASH)})

# They hold, with a key made for them; a test checks it.
RECEIPT_EXAMPLE: Final = {
    "transactionHash": "0xc0d9b131488d530ff0e467b0664f245ac480e6a49f8cf9989bf39154db890385",
    "backend": "log",
    "merkleRoot": "c0d9b131488d530ff0e467b0664f245ac480e6a49f8cf9989bf39154db890385",
    "leafCount": 3,
    "entry": {
        "kind": "batch",
        "batchId": "bat_kq3c7xm2vbn5tz4wpd6ahf2yqe",
        "merkleRoot": "c0d9b131488d530ff0e467b0664f245ac480e6a49f8cf9989bf39154db890385",
        "count": 3,
        "at": "2026-11-21T02:30:00Z",
    },
    "entryIndex": 4,
    "treeSize": 6,
    "inclusionPath": [
        "473eeea4328cd254643ad15692bf545cb9e09b6e639aae435bc6e561b9b53671",
        "9bcd51240af4005168f033121ba85be5a6ed4f0e6a5fac262066729b8fbfdecb",
    ],
    "checkpoint": (
        "credentials.example/log\n6\nALneDa/Oh5ChnYl6D4IIZNd99FuagfrCsxtmKw6pLLc=\n\n— credentials.example/log "
        "bvripabhhHsvWp+bZYUIe/39uGfEB4G5b38BPIEIlLSICt99/yk8kNqKUDhvT6DhrowDSEsiHutik48ZKRX0FpVlewM=\n"
    ),
    "anchoredAt": "2026-11-21T02:30:00Z",
    "chain": None,
}
LEAF_PROOF_EXAMPLE: Final = {
    "credentialId": "urn:uuid:019a3f00-7d5c-8000-8001-2f6b8f0f3f11",
    "documentSha256": "facb5bebeecdcfbc6d3a7df5c9fcf6f5faa5efe61a014126be55c9d64d2fa8d0",
    "leafIndex": 1,
    "leafHash": "9153f4a32ce1fe4113fdd1119eba903e2d40de72d9b5112e6205a08ec40472d7",
    "path": [
        "88efde2b4fcbdab7a4130a5c19fed84e694e0b82be45d01bcde7458077b6c3ad",
        "dc464b71140feb417323b0eca11175ec7158066d783f93f2fa29278942e238ff",
    ],
    "merkleRoot": "c0d9b131488d530ff0e467b0664f245ac480e6a49f8cf9989bf39154db890385",
}
VERDICT_EXAMPLE: Final = {
    "verified": True,
    "checks": [
        {"name": "form", "outcome": "passed", "detail": "Every member has its form."},
        {"name": "entry", "outcome": "passed", "detail": "The receipt says what the log's entry says."},
        {"name": "inclusion", "outcome": "passed", "detail": "The entry is number 4 of 6 in the log."},
        {
            "name": "signature",
            "outcome": "passed",
            "detail": "The checkpoint is signed by the key of credentials.example/log.",
        },
        {"name": "chain", "outcome": "not_applicable", "detail": "The root stands in the log alone."},
        {"name": "leaf", "outcome": "passed", "detail": "The credential is number 1 of 3 under the root."},
        {"name": "document", "outcome": "not_applicable", "detail": "No credential was given."},
        {"name": "consistency", "outcome": "not_applicable", "detail": "No earlier checkpoint was given."},
    ],
}
CONSISTENCY_EXAMPLE: Final = {
    "first": 4,
    "second": 6,
    "path": ["a3a5a85c674bb5f6670b48469d8c0aae8ec44e7332243ff430ba4bb3b6521f0f"],
}

CHECK_RECEIPT: Final = Shape(
    "CheckReceipt",
    closed(
        {
            "receipt": {**OBJECT, "description": "As `GET /api/v1/anchors/{transactionHash}` answers it."},
            "proof": {**OBJECT, "description": "As `GET …/proofs/{credentialId}` answers it."},
        },
        required=("receipt",),
    ),
    opaque=("receipt", "proof"),
    example={"receipt": RECEIPT_EXAMPLE, "proof": LEAF_PROOF_EXAMPLE},
)
