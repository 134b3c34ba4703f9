"""Bodies and answers of the routes about what is in one's own account: addresses, DIDs, and ways to sign in."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.people import Theme
from sealwright.domain.sign_in import SignInMethod
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP, Node, answer, closed, listed, nullable, text
from sealwright.web.shape import Shape

_STRING: Final[Node] = {"type": "string"}
_INTEGER: Final[Node] = {"type": "integer"}
_ADDRESS: Final[Node] = {
    "type": "string",
    "pattern": "^0x[0-9a-fA-F]{40}$",
    "x-fault": "INVALID_ADDRESS",
    "description": "A wallet address of one's own, in any case.",
}
_WALLET: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
_EMAIL: Final = "ana@work.example"
_AT: Final = "2026-11-21T02:30:00Z"

ONE_EMAIL: Final = Shape(
    "OneEmail",
    closed({"email": text(254, "A further address of one's own, in any case.")}, required=("email",)),
    example={"email": _EMAIL},
)
ONE_WALLET: Final = Shape(
    "OneWallet", closed({"address": _ADDRESS}, required=("address",)), example={"address": _WALLET}
)
TYPED_WALLET: Final = Shape(
    "TypedWallet",
    closed(
        {
            "address": {**_ADDRESS, "description": "A wallet address; mixed case must be its EIP-55 checksum."},
            "label": text(80),
        },
        required=("address",),
    ),
    example={"address": _WALLET, "label": "Savings"},
)
LABEL_WALLET: Final = Shape(
    "LabelWallet",
    closed(
        {"address": _ADDRESS, "label": {**nullable(text(80)), "description": "Null takes the label off."}},
        required=("address", "label"),
    ),
    example={"address": _WALLET, "label": "Savings"},
)
SET_PASSWORD: Final = Shape(
    "SetPassword",
    closed(
        {
            "current": text(256, "The present password; needed where there is one."),
            "password": {"type": "string", "minLength": 12, "maxLength": 256, "description": "The new one."},
        },
        required=("password",),
    ),
    example={"current": "correct horse battery staple", "password": "many small boats cross the bay"},
)

APPEARANCE: Final = answer(
    "Appearance",
    {
        "locale": nullable(_STRING),
        "theme": nullable({"type": "string", "enum": [theme.value for theme in Theme]}),
        "time_zone": nullable(_STRING),
        "shortcuts": BOOLEAN,
    },
)
OWN_WALLETS: Final = listed(
    answer("OwnWallet", {"address": _STRING, "verified": BOOLEAN, "label": nullable(_STRING), "primary": BOOLEAN})
)
SESSION_LIST: Final = listed(
    answer(
        "OwnSession",
        {
            "session_id": _STRING,
            "browser": _STRING,
            "method": {"type": "string", "enum": [method.value for method in SignInMethod]},
            "created_at": TIMESTAMP,
            "last_seen_at": TIMESTAMP,
            "current": BOOLEAN,
        },
    )
)
ENDED: Final = answer("EndedSessions", {"ended": _INTEGER})
MEANS: Final = answer(
    "SignInMeans",
    {
        "has_password": BOOLEAN,
        "recovery_codes_left": _INTEGER,
        "passkeys": listed(
            answer(
                "OwnPasskey",
                {
                    "passkey_id": _STRING,
                    "name": _STRING,
                    "created_at": TIMESTAMP,
                    "last_used_at": nullable(TIMESTAMP),
                },
            )
        ),
    },
)
RECOVERY_CODES: Final = answer("RecoveryCodes", {"recovery_codes": listed(_STRING)})

APPEARANCE_EXAMPLE: Final = {"locale": "es", "theme": None, "time_zone": "America/Montevideo", "shortcuts": True}
OWN_WALLETS_EXAMPLE: Final = [{"address": _WALLET, "verified": True, "label": "Savings", "primary": True}]
SESSION_EXAMPLE: Final[dict[str, Any]] = {
    "session_id": "ses_q5t2xw7khz3mdc4vlo6rba5nyu",
    "browser": "Firefox on Linux",
    "method": "passkey",
    "created_at": _AT,
    "last_seen_at": "2026-11-21T09:12:45Z",
    "current": True,
}
ENDED_EXAMPLE: Final = {"ended": 2}
MEANS_EXAMPLE: Final[dict[str, Any]] = {
    "has_password": True,
    "recovery_codes_left": 9,
    "passkeys": [
        {
            "passkey_id": "psk_c6m2xw7khz3qdt4vlo5rba6nyu",
            "name": "Security key",
            "created_at": _AT,
            "last_used_at": None,
        }
    ],
}
RECOVERY_CODES_EXAMPLE: Final = {"recovery_codes": ["mzxw6-ytboi-2gk3l-qojuw", "nb2hi-4b2f5-vxg5d-sojsa"]}
