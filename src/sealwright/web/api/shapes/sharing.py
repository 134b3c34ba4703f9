"""The body and the answer of the public page of a credential, as its holder switches it."""

from __future__ import annotations

from typing import Any, Final

from sealwright.web.api.shapes.answers import STRING
from sealwright.web.api.shapes.parts import BOOLEAN, URL, Node, answer, closed, listed, text
from sealwright.web.shape import Shape

POINTERS_MAX: Final = 1000
POINTER_MAX: Final = 2048

_IS_ON: Final[Node] = {
    **BOOLEAN,
    "description": "Whether the page shows claims; it always tells whether the credential holds.",
}
_IS_LISTED: Final[Node] = {
    **BOOLEAN,
    "default": False,
    "description": "Whether search engines may list the page; never while no claims are shown.",
}
SWITCH_SHARE: Final = Shape(
    "SwitchShare",
    closed(
        {
            "isOn": _IS_ON,
            "shown": listed(
                text(POINTER_MAX), most=POINTERS_MAX, description="JSON pointers into the claims: those that are shown."
            ),
            "isListed": _IS_LISTED,
        },
        required=("isOn", "shown"),
    ),
    example={"isOn": True, "shown": ["/degree/type", "/degree/university"]},
)
SHARE: Final = answer(
    "Share",
    {
        "address": {**URL, "description": "The page, whether or not it shows claims."},
        "isOn": _IS_ON,
        "shown": {
            **listed(STRING),
            "description": "The choice, in the order of the document; kept while sharing is off.",
        },
        "isListed": BOOLEAN,
    },
)
SHARE_EXAMPLE: Final[dict[str, Any]] = {
    "address": "https://credentials.example/v/K4TQ2MZXB7H3NWVEYJ5ROLCDA6",
    "isOn": True,
    "shown": ["/degree/type", "/degree/university"],
    "isListed": False,
}
RENEWED_EXAMPLE: Final[dict[str, Any]] = {
    **SHARE_EXAMPLE,
    "address": "https://credentials.example/v/P2XWQ6JMTV4C5NZRHB7KYEUOLA",
}
