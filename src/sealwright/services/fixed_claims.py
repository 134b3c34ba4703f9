"""Claims that a credential schema leaves no choice about are filled in, so that nobody has to type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue

_ABSENT: Final = object()


def with_fixed_claims(schema: Mapping[str, JSONValue], claims: Mapping[str, JSONValue] | None) -> dict[str, JSONValue]:
    """Give the claims with every required top-level member that can have one value only.

    Args:
        schema: The JSON Schema of the claims.
        claims: What was given; None and what it leaves out are filled where the schema fixes them.
    """
    complete = dict(claims or {})
    required, properties = schema.get("required"), schema.get("properties")
    if not isinstance(required, list) or not isinstance(properties, Mapping):
        return complete
    for name in required:
        if isinstance(name, str) and name not in complete:
            value = _only_value(properties.get(name))
            if value is not _ABSENT:
                complete[name] = value  # type: ignore[assignment]
    return complete


def _only_value(rule: JSONValue) -> object:
    if not isinstance(rule, Mapping):
        return _ABSENT
    if "const" in rule:
        return rule["const"]
    choices = rule.get("enum")
    if isinstance(choices, list) and len(choices) == 1:
        return choices[0]
    return _ABSENT
