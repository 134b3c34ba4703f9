"""JSON for reading: spread over lines, in the order of the document. Never what is signed or checked."""

from __future__ import annotations

from msgspec import json

from sealwright.vc.encoding.strict_json import JSONValue


def spread(document: JSONValue) -> str:
    """Spell a document over lines, two blanks a level."""
    return json.format(json.encode(document), indent=2).decode("utf-8")
