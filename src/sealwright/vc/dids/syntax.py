"""DIDs and DID URLs: parsing by the grammar, nothing about what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sealwright.vc.errors import InvalidDID, InvalidDIDURL

MAX_DID_BYTES: Final = 2048

_ID_CHAR: Final = r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})"
# Colons may stand anywhere but at the end; the last part must not be empty.
_DID: Final = re.compile(rf"did:([a-z0-9]+):((?:{_ID_CHAR}*:)*{_ID_CHAR}+)", re.ASCII)
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_DID_URL_REST: Final = re.compile(
    rf"(?P<path>(?:/{_PCHAR}*)*)(?:\?(?P<query>(?:{_PCHAR}|[/?])*))?(?:#(?P<fragment>(?:{_PCHAR}|[/?])*))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class DID:
    """A decentralized identifier, split after its method.

    Args:
        method: Lower-case method name, such as ``adi`` or ``key``.
        id: The method-specific identifier, percent-encoding untouched.
    """

    method: str
    id: str

    def __str__(self) -> str:
        return f"did:{self.method}:{self.id}"


@dataclass(frozen=True, slots=True)
class DIDURL:
    """A DID with the parts that may follow it; a part that is absent is None, the path is then empty."""

    did: DID
    path: str = ""
    query: str | None = None
    fragment: str | None = None

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.did}{self.path}{query}{fragment}"


def parse_did(text: str) -> DID:
    """Read a bare DID.

    Raises:
        InvalidDID: Not a DID, longer than 2,048 bytes, or a DID URL where a DID was asked for.

    Spec: DID Core 1.0, "DID Syntax".
    """
    match = _DID.fullmatch(text) if len(text) <= MAX_DID_BYTES else None
    if match is None:
        raise InvalidDID("The text is not a DID of the form did:method:id.")
    return DID(match[1], match[2])


def parse_did_url(text: str) -> DIDURL:
    """Read a DID with optional path, query and fragment.

    Raises:
        InvalidDID: The part before path, query and fragment is no DID.
        InvalidDIDURL: What follows the DID breaks the grammar.

    Spec: DID Core 1.0, "DID URL Syntax".
    """
    if len(text) > MAX_DID_BYTES:
        raise InvalidDID("The DID URL is longer than 2,048 bytes.")
    end = min((position for mark in "/?#" if (position := text.find(mark)) >= 0), default=len(text))
    did = parse_did(text[:end])
    rest = _DID_URL_REST.fullmatch(text, end)
    if rest is None:
        raise InvalidDIDURL("What follows the DID is not a path, query and fragment of a DID URL.")
    return DIDURL(did, rest["path"], rest["query"], rest["fragment"])
