"""Claims in words: what people read on pages and papers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sealwright.vc.encoding.strict_json import JSONValue, dump_json


def spelled_claims(claims: Mapping[str, JSONValue], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give claims as label and text for reading, objects opened, labels of inner ones after their outer's."""
    for name, value in claims.items():
        label = f"{prefix}, {member_words(name).lower()}" if prefix else member_words(name)
        if isinstance(value, dict):
            yield from spelled_claims(value, label)
        elif isinstance(value, list):
            yield label, ", ".join(spelled_value(item) for item in value)
        else:
            yield label, spelled_value(value)


def member_words(name: str) -> str:
    """Turn a member's name into words: ``graduationYear`` into ``Graduation year``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).strip()
    return spaced[:1].upper() + spaced[1:].lower() if spaced else name


def pointer_words(pointer: str) -> str:
    """Turn a JSON pointer into the words that `spelled_claims` gives for the claim: ``/degree/name``."""
    first, *inner = [member_words(part.replace("~1", "/").replace("~0", "~")) for part in pointer.split("/")[1:]]
    return ", ".join([first, *(part.lower() for part in inner)])


def spelled_value(value: object) -> str:
    """One value as text; what has parts, as JSON."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return f"{value:.15g}" if isinstance(value, float) else str(value)
        case _:
            return dump_json(value).decode()
