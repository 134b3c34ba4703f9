"""Claims of a derived credential as their issuer wrote them, whoever derived it.

Deriving gives nameless objects a name, and software that derives by way of statements spells each number and truth
value as a text with its datatype. Both mean what was issued; a schema and a reader want what was issued.
"""

from __future__ import annotations

from collections.abc import Mapping

from sealwright.vc.canon.framing import plain_value
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.proofs.suites.bbs2020_statements import PLACEHOLDER


def as_issued(claims: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """Claims without placeholders, with numbers and truth values as JSON has them. Anything else stays as it is."""
    return {name: _value(value) for name, value in claims.items() if not _is_placeholder(name, value)}


def _value(value: JSONValue) -> JSONValue:
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    text, datatype = value.get("@value"), value.get("@type", value.get("type"))
    if len(value) == 2 and isinstance(text, str) and isinstance(datatype, str):
        plain = plain_value(text, datatype)
        return value if plain is None else plain
    return as_issued(value)


def _is_placeholder(name: str, value: JSONValue) -> bool:
    return name in {"id", "@id"} and isinstance(value, str) and value.startswith(PLACEHOLDER)
