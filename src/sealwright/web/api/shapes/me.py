"""Bodies and answers of the routes about one's own account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealwright.domain.notices import NoticeKind
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    DID,
    OBJECT,
    PROOF_TYPE,
    TIMESTAMP,
    Node,
    answer,
    closed,
    listed,
    nullable,
    text,
)
from sealwright.web.shape import Body, Shape

_STRING: Final[Node] = {"type": "string"}
_NAME: Final = text(200)
_EMAIL: Final = text(254, "An e-mail address.")
_ADDRESS: Final[Node] = {
    "type": "string",
    "pattern": "^0x[0-9a-fA-F]{40}$",
    "x-fault": "INVALID_ADDRESS",
    "description": "A wallet address; mixed case must be its EIP-55 checksum.",
}
_WALLET: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
_DID: Final = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
_AT: Final = "2026-11-21T02:35:00Z"


def _maybe(node: Node, empties: str) -> Node:
    return {**nullable(node), "description": empties}


UPDATE_ME: Final = Shape(
    "UpdateMe",
    closed(
        {
            "display_name": _NAME,
            "first_name": _maybe(_NAME, "Null empties it."),
            "last_name": _maybe(_NAME, "Null empties it."),
            "locale": _maybe({"type": "string", "enum": ["en", "es"]}, "Null: as the browser asks."),
            "theme": _maybe({"type": "string", "enum": ["light", "dark"]}, "Null: as the system has it."),
            "time_zone": _maybe(text(60), "IANA name of a time zone; null: UTC."),
            "shortcuts": {**BOOLEAN, "description": "Whether single keys act on the pages."},
            "holder_did": _maybe(DID, "A DID of one's own that new credentials name; null: one is made at need."),
        },
        minProperties=1,
    ),
    example={"display_name": "Ana Muñoz", "locale": "es"},
)
ADD_EMAIL: Final = Shape(
    "AddEmail", closed({"email": _EMAIL}, required=("email",)), example={"email": "ana@example.org"}
)
VERIFY_EMAIL: Final = Shape(
    "VerifyEmail",
    closed({"token": text(128, "The last part of the link in the letter.")}, required=("token",)),
    example={"token": "8s0Wm1pJx3Qk5Vn7Zc9Bb2Dd4Ff6Gg8Hh0Jj2Kk4LlM"},
)
WALLET_CHALLENGE: Final = Shape(
    "WalletChallenge", closed({"address": _ADDRESS}, required=("address",)), example={"address": _WALLET}
)
ADD_WALLET: Final = Shape(
    "AddWallet",
    closed(
        {
            "address": _ADDRESS,
            "message": text(4_000, "The challenge, to the letter."),
            "signature": text(200, "Personal signature (EIP-191) over the message: `0x` and 130 hexadecimal digits."),
            "label": text(80),
        },
        required=("address", "message", "signature"),
    ),
    example={
        "address": _WALLET,
        "message": "cred.example wants you to sign in with your Ethereum account:\n…",
        "signature": "0x" + "1b" * 65,
    },
)
DID_CHALLENGE: Final = Shape("DidChallenge", closed({"did": DID}, required=("did",)), example={"did": _DID})


def _proved_and_made(body: Body) -> Iterable[Fault]:
    if "proofTypes" in body and ("did" in body or "proof" in body):
        yield Fault("/proofTypes", "CONFLICTING_FIELDS", "a DID is either proved or made here")


ADD_DID: Final = Shape(
    "AddDid",
    closed(
        {
            "did": DID,
            "proof": text(8_192, "Compact JWS over the challenge by an authentication method of the DID."),
            "proofTypes": listed(
                PROOF_TYPE, least=1, most=16, description="In place of the others: make a DID with keys for these."
            ),
        },
        anyOf=[{"required": ["did", "proof"]}, {"required": ["proofTypes"]}],
        missing="proof",
    ),
    check=_proved_and_made,
    example={"did": _DID, "proof": "eyJhbGciOiJFZERTQSIsImtpZCI6IiN6Nk1r4oCmIn0.eyJhdWQiOiLigKYifQ.c2ln"},
)
EXPORT_KEYS: Final = Shape(
    "ExportKeys",
    closed(
        {"passphrase": {"type": "string", "minLength": 12, "maxLength": 256, "description": "Encrypts the keys."}},
        required=("passphrase",),
    ),
    example={"passphrase": "correct horse battery staple"},
)
CREATE_TOKEN: Final = Shape(
    "CreateToken",
    closed({"name": _NAME, "expires_at": {**TIMESTAMP, "description": "90 days from now when left out."}}, ("name",)),
    example={"name": "My script"},
)

CHALLENGE: Final = answer("OwnChallenge", {"challenge": _STRING, "expires_at": TIMESTAMP})
ENCRYPTED_KEYS: Final = answer(
    "EncryptedKeys",
    {"encrypted_keys": {"type": "string", "description": "Compact JWE (PBES2-HS512+A256KW) over a JWK set."}},
)
TOKEN: Final = answer(
    "OwnToken",
    {
        "token_id": _STRING,
        "name": _STRING,
        "created_at": TIMESTAMP,
        "expires_at": nullable(TIMESTAMP),
        "revoked_at": nullable(TIMESTAMP),
    },
)
TOKEN_LIST: Final = listed(TOKEN)
NEW_TOKEN: Final = answer(
    "NewOwnToken",
    {
        "token_id": _STRING,
        "token": {"type": "string", "description": "Shown this once."},
        "name": _STRING,
        "expires_at": nullable(TIMESTAMP),
    },
)
NOTICE: Final = answer(
    "OwnNotice",
    {
        "id": _STRING,
        "kind": {"type": "string", "enum": [kind.value for kind in NoticeKind]},
        "data": {**OBJECT, "additionalProperties": _STRING},
        "created_at": TIMESTAMP,
        "read": BOOLEAN,
    },
)
NOTICE_LIST: Final = listed(NOTICE)
OWN_DATA: Final = answer(
    "OwnData",
    {
        "exported_at": TIMESTAMP,
        "person": OBJECT,
        "roles": listed(OBJECT),
        "issuer": {"type": ["object", "null"]},
        "requests": listed(OBJECT),
        "grants": listed(OBJECT),
        "credentials": listed({"type": ["object", "string"]}),
        "offers": listed(OBJECT),
        "shares": listed(OBJECT),
        "disclosures": listed(OBJECT),
        "didcomm_threads": listed(OBJECT),
        "webhooks": listed(OBJECT),
        "work": OBJECT,
        "sessions": listed(OBJECT),
        "passkeys": listed(OBJECT),
        "has_password": BOOLEAN,
        "tokens": listed(OBJECT),
        "api_keys": listed(OBJECT),
        "saved_views": listed(OBJECT),
        "report": {"type": ["object", "null"]},
    },
)
ATTACHMENT: Final = answer(
    "Attachment",
    {
        "attachment_id": _STRING,
        "name": _STRING,
        "media_type": _STRING,
        "bytes": {"type": "integer"},
        "sha256": _STRING,
    },
)
ERASED: Final = answer("Erased", {"user_id": _STRING, "erased": BOOLEAN})

CHALLENGE_EXAMPLE: Final = {
    "challenge": "cred.example wants you to sign in with your Ethereum account:\n" + _WALLET + "\n…",
    "expires_at": _AT,
}
TOKEN_EXAMPLE: Final[dict[str, Any]] = {
    "token_id": "tok_3fxqz7ihd5mvtc2wlo6rba4nyu",
    "name": "My script",
    "created_at": _AT,
    "expires_at": "2027-02-19T02:35:00Z",
    "revoked_at": None,
}
NEW_TOKEN_EXAMPLE: Final = {
    "token_id": TOKEN_EXAMPLE["token_id"],
    "token": "swp_…",
    "name": "My script",
    "expires_at": TOKEN_EXAMPLE["expires_at"],
}
NOTICE_EXAMPLE: Final = {
    "id": "ntc_q5t2xw7khz3mdc4vlo6rba5nyu",
    "kind": "approved",
    "data": {"request_id": "req_7hv3kq2xm5nbtz4wpd6acf2yqe", "credential_type": "dpw_certified"},
    "created_at": _AT,
    "read": False,
}
ATTACHMENT_EXAMPLE: Final = {
    "attachment_id": "att_c6m2xw7khz3qdt4vlo5rba6nyu",
    "name": "certificate.pdf",
    "media_type": "application/pdf",
    "bytes": 48_213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
EXPORT_EXAMPLE: Final = {"encrypted_keys": "eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIn0.…"}
ERASED_EXAMPLE: Final = {"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "erased": True}
OWN_DATA_EXAMPLE: Final[dict[str, Any]] = {
    "exported_at": _AT,
    "person": {"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "display_name": "Ana Muñoz"},
    "roles": [{"role": "improver", "status": "approved", "note": None, "answer": None}],
    "issuer": None,
    "requests": [],
    "grants": [],
    "credentials": [],
    "offers": [],
    "shares": [],
    "disclosures": [],
    "didcomm_threads": [],
    "webhooks": [],
    "work": {
        "workflows": [],
        "proposals": [],
        "drafts": [],
        "votes": [],
        "steps": [],
        "step_claims": [],
        "series_claims": [],
        "absence_periods": [],
        "payouts": [],
    },
    "sessions": [],
    "passkeys": [],
    "has_password": True,
    "tokens": [],
    "api_keys": [],
    "saved_views": [],
    "report": {"every": "week", "credential_types": None},
}
