"""Claims against their credential schema: every fault at once, each with a pointer and never a value.

The validator takes ``3.0`` for an integer, as JSON Schema says it may. We do not: a claim declared as an integer has
one number form. Where claims hold a whole number written as a fraction, a second validator decides, in which each
integer type also refuses that form.

Spec: JSON Schema 2020-12, Validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import jsonschema_rs

from sealwright.vc.encoding.pointers import child
from sealwright.vc.errors import ClaimsDoNotMatchSchema, Fault, SchemaInvalid, SchemaTooComplex
from sealwright.vc.schemas.keywords import HOLDING_LIST, HOLDING_MAP, HOLDING_ONE, resolve_local, subschemas
from sealwright.vc.schemas.vetting import MAX_PATTERN_BYTES, compiles

PATTERN_TEXT_CHARACTERS: Final = 4_096
"""Longer texts are not matched against patterns but refused."""

MAX_PATTERN_STEPS: Final = 40_000_000
"""Characters of text times size of patterns; the linear engine needs about 13 ns for one at its worst."""

_BYTES_PER_STATE: Final = 86
_WHOLE: Final = "whole"
_OPTIONS: Final = jsonschema_rs.RegexOptions(size_limit=MAX_PATTERN_BYTES)

_DETAILS: Final[Mapping[str, str]] = {
    "additionalProperties": "is not a member of this schema",
    "anyOf": "matches none of the allowed forms",
    "const": "is not the required value",
    "contains": "holds no item of the required form",
    "dependentRequired": "is missing",
    "enum": "is not one of the allowed values",
    "exclusiveMaximum": "is too large",
    "exclusiveMinimum": "is too small",
    "format": "does not have the required format",
    "maxContains": "holds too many items of a form",
    "maxItems": "has too many items",
    "maxLength": "is too long",
    "maxProperties": "has too many members",
    "maximum": "is too large",
    "minContains": "holds too few items of a form",
    "minItems": "has too few items",
    "minLength": "is too short",
    "minProperties": "has too few members",
    "minimum": "is too small",
    "multipleOf": "is not a multiple of the required step",
    "not": "has a form that is not allowed",
    "oneOf": "does not match exactly one of the allowed forms",
    "pattern": "does not match the required pattern",
    "propertyNames": "has a member name that is not allowed",
    "required": "is missing",
    "unevaluatedItems": "has items that are not allowed",
    "unevaluatedProperties": "is not a member of this schema",
    "uniqueItems": "has items that are not unique",
}


class ClaimsValidator:
    """One credential schema, ready to check claims; built once per schema, safe for many threads.

    Args:
        schema: A schema that `vet_schema` has accepted.

    Raises:
        SchemaInvalid: The schema cannot be compiled.
    """

    __slots__ = ("_pattern_weight", "_strict", "_validator")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._pattern_weight = _PatternWeight(schema).of(schema)
        guarded = _guard_patterns(schema)
        self._validator = _compile(guarded)
        self._strict = _compile(_mark_integers(guarded))

    def clears(self, claims: Mapping[str, Any]) -> bool:
        """One quick look, for claims that hold no whole number written as a fraction: True means that `check` passes.

        Where a pattern might read much text it never says so.
        """
        return not self._pattern_weight and self._validator.is_valid(claims)

    def allows(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether `check` passes; where it does not, listing every fault could take a thousand times as long."""
        steps, has_whole_fraction = self._measured(claims)
        return steps <= MAX_PATTERN_STEPS and (self._strict if has_whole_fraction else self._validator).is_valid(claims)

    def pattern_steps(self, claims: Mapping[str, Any]) -> int:
        """How much work the patterns are on these claims: characters of text times size of patterns."""
        return self._measured(claims)[0] if self._pattern_weight else 0

    def _measured(self, claims: Mapping[str, Any]) -> tuple[int, bool]:
        characters, has_whole_fraction = _measure(claims)
        return characters * self._pattern_weight, has_whole_fraction

    def check(self, claims: Mapping[str, Any]) -> None:
        """Refuse claims that the schema does not allow.

        Args:
            claims: JSON as decoded; not altered.

        Raises:
            ClaimsDoNotMatchSchema: `faults` lists every place in document order: a pointer relative to the claims
                (of a missing member, too), the JSON Schema keyword, and a sentence without the value.
            SchemaTooComplex: The patterns of the schema would take too long on this much text.
        """
        steps, has_whole_fraction = self._measured(claims)
        if steps > MAX_PATTERN_STEPS:
            raise SchemaTooComplex("The patterns of the schema would take too long on this much text.")
        validator = self._strict if has_whole_fraction else self._validator
        if validator.is_valid(claims):
            return
        faults = _sorted(claims, (fault for error in validator.iter_errors(claims) for fault in _faults(error)))
        noun = "claim does" if len(faults) == 1 else "claims do"
        raise ClaimsDoNotMatchSchema(f"{len(faults)} {noun} not match the credential schema.", faults=faults)


def _compile(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,  # type: ignore[arg-type]  # the stub asks for dict; any mapping built here is one
            validate_formats=True,
            ignore_unknown_formats=False,
            retriever=_refuse_retrieval,
            pattern_options=_OPTIONS,
            keywords={_WHOLE: _Whole},
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaInvalid("The schema cannot be compiled.") from error


def _refuse_retrieval(_uri: str, /) -> NoReturn:
    raise LookupError("Schemas are not fetched.")


class _Whole:
    """The keyword put beside each integer type: the number must not be written as a fraction."""

    def __init__(self, _parent: Mapping[str, Any], _value: object, _path: object) -> None: ...

    def validate(self, instance: object) -> None:
        """Raise for a number with a decimal point."""
        if isinstance(instance, float):
            raise ValueError("must be an integer")


def _mark_integers(schema: Any) -> Any:
    """The schema with the keyword `_Whole` wherever an integer is allowed and no other number."""
    copied = _copy_with(schema, _mark_integers)
    if isinstance(copied, dict):
        types = copied.get("type")
        listed = types if isinstance(types, list) else [types]
        if "integer" in listed and "number" not in listed:
            copied[_WHOLE] = True
    return copied


def _guard_patterns(schema: Any) -> Any:
    """The schema with each pattern applied to short texts only; long ones are refused unread."""
    copied = _copy_with(schema, _guard_patterns)
    if isinstance(copied, dict) and "pattern" in copied:
        guard = {
            "if": {"type": "string", "minLength": PATTERN_TEXT_CHARACTERS + 1},
            "then": {"maxLength": PATTERN_TEXT_CHARACTERS},
            "else": {"pattern": copied.pop("pattern")},
        }
        copied["allOf"] = [*copied.get("allOf", ()), guard]
    return copied


def _copy_with(schema: Any, change: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    copied: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in HOLDING_ONE:
            copied[keyword] = change(value)
        elif keyword in HOLDING_LIST:
            copied[keyword] = [change(item) for item in value]
        elif keyword in HOLDING_MAP:
            copied[keyword] = {name: change(item) for name, item in value.items()}
        else:
            copied[keyword] = value
    return copied


class _PatternWeight:
    """An upper bound for the patterns that one text can meet: alternatives at one place add up, siblings do not."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[int, int] = {}

    def of(self, schema: Any) -> int:
        """The sum of the sizes of all patterns that may be tried on one text at or below the place of `schema`."""
        if not isinstance(schema, Mapping):
            return 0
        if id(schema) not in self._known:
            self._known[id(schema)] = self._sum(schema)
        return self._known[id(schema)]

    def _sum(self, schema: Mapping[str, Any]) -> int:
        total = _weight(schema["pattern"]) if "pattern" in schema else 0
        total += sum(_weight(pattern) for pattern in schema.get("patternProperties", ()))
        if "$ref" in schema:
            total += self.of(resolve_local(self._root, schema["$ref"]))
        siblings = 0
        for keyword, _, below in subschemas(schema):
            if keyword in {"properties", "prefixItems"}:
                siblings = max(siblings, self.of(below))
            elif keyword != "$defs":
                total += self.of(below)
        return total + siblings


def _weight(pattern: str) -> int:
    """Size of the compiled pattern in states, rounded up to a power of two of kibibytes."""
    size = 1024
    while size < MAX_PATTERN_BYTES and not compiles(pattern, size_limit_bytes=size):
        size *= 2
    return size // _BYTES_PER_STATE


def _measure(root: Any) -> tuple[int, bool]:
    """(characters that patterns may have to read, whether a whole number is written as a fraction)."""
    characters, found = 0, False
    groups: list[Any] = [(root,)]
    for group in groups:
        for value in group:
            kind = type(value)
            if kind is str:
                size = len(value)
                if size <= PATTERN_TEXT_CHARACTERS:
                    characters += size
            elif kind is dict:
                groups.append(value.values())
            elif kind is list:
                groups.append(value)
            elif kind is float and value.is_integer():
                found = True
    return characters, found


def _faults(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    pointer = ""
    for step in error.instance_path:
        pointer = child(pointer, step)
    kind = error.kind
    keyword = str(error.schema_path[-1]) if error.schema_path else kind.name
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield Fault(child(pointer, kind.property), "required", _DETAILS["required"])
    elif isinstance(
        kind,
        jsonschema_rs.ValidationErrorKind.AdditionalProperties
        | jsonschema_rs.ValidationErrorKind.UnevaluatedProperties,
    ):
        for name in kind.unexpected:
            yield Fault(child(pointer, name), kind.name, _DETAILS[kind.name])
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Type):
        yield Fault(pointer, "type", f"must be {_listed(kind.types)}")
    elif keyword == _WHOLE:
        yield Fault(pointer, "type", f"must be {_listed(['integer'])}")
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Format):
        yield Fault(pointer, "format", f"must have the format {kind.format}")
    else:
        yield Fault(pointer, kind.name, _DETAILS.get(kind.name, "is not allowed"))


def _listed(types: list[str]) -> str:
    words = [f"{'an' if name[0] in 'aeiou' else 'a'} {name}" if name != "null" else name for name in types]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _sorted(claims: Mapping[str, Any], faults: Iterator[Fault]) -> list[Fault]:
    """One fault per pointer, in the order of the document; what is missing comes after what is there."""
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.pointer, fault)
    return sorted(first.values(), key=lambda fault: _position(claims, fault.pointer))


def _position(claims: Any, pointer: str) -> list[int]:
    position = []
    node = claims
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            names = list(node)
            position.append(names.index(name) if name in node else len(names))
            node = node.get(name)
        elif isinstance(node, list):
            position.append(int(name))
            node = node[int(name)]
    return position
