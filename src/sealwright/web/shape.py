"""The shape of a request body: declared once as JSON Schema, checked here, and shown as it is in the API document.

A few keywords of our own say what JSON Schema cannot: ``x-fault`` names the wire code of a refused
value, ``x-too-many`` that of a list that is too long, ``x-missing`` the member that stands for a
choice of which one is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import jsonschema_rs

from sealwright.domain.errors import BatchTooLarge, MalformedBody
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.pointers import escape_token
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import Fault, InvalidDate, InvalidDID, NumberOutOfRange

JSONSchema = Mapping[str, Any]
Body = dict[str, Any]
Check = Callable[[Body], Iterable[Fault]]

_WORDS: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


class _SchemaError(Protocol):
    """What we read of a validation error; its own message quotes values and is never used."""

    instance_path: list[str | int]
    schema_path: list[str | int]
    kind: Any


def _is_did(text: str) -> bool:
    try:
        parse_did(text)
    except InvalidDID:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        parse_rfc3339(text)
    except InvalidDate:
        return False
    return True


FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str, str]]] = {
    "did": (_is_did, "INVALID_DID", "must be a DID"),
    "date-time": (_is_date, "INVALID_DATE", "must be a date and time with a zone (RFC 3339)"),
}


def compile_schema(schema: JSONSchema) -> Any:
    """Build a validator that resolves nothing outside the schema itself."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        formats={name: test for name, (test, _, _) in FORMATS.items()},
        retriever=_refuse,
    )


def _refuse(uri: str) -> Any:
    raise ValueError(f"a shape refers to {uri}")


class Shape:
    """A declared request body.

    Args:
        name: Its name among the components of the API document.
        schema: JSON Schema 2020-12 of an object.
        opaque: Members whose inside is a document of somebody else: it is judged by whoever reads it.
        optional: True where the call may come without any body.
        check: Finds the faults that no JSON Schema can express.
        example: A body that is in order, for the API document.
    """

    def __init__(
        self,
        name: str,
        schema: JSONSchema,
        *,
        opaque: Sequence[str] = (),
        optional: bool = False,
        check: Check | None = None,
        example: JSONSchema | None = None,
    ) -> None:
        self.name = name
        self.schema = schema
        self.optional = optional
        self.example = example
        self._opaque = frozenset(opaque)
        self._check = check
        self._validator = compile_schema(schema)
        self._integers = _integer_paths(schema)

    def read(self, body: bytes, *, most: tuple[str, int] | None = None) -> Body:
        """Parse and check a body.

        Args:
            most: A member that is a list, and how many items the office's settings allow it; judged before all else.

        Raises:
            UnreadableJSON: The text is not one strict JSON value.
            MalformedBody: With every fault, in document order.
            BatchTooLarge: A list is longer than one call may carry.
        """
        try:
            value = {} if self.optional and not body else parse_json(body)
        except NumberOutOfRange as error:
            # Told as a fault of the body, because that is what its pointer points into.
            raise malformed([Fault(error.pointer or "", "NUMBER_OUT_OF_RANGE", "is out of range")]) from error
        if type(value) is not dict:
            raise MalformedBody(
                "The body must be a JSON object.", faults=[Fault("", "INVALID_BODY", "must be an object")]
            )
        if most is not None:
            _refuse_longer(value, *most)
        if not self._validator.is_valid(value) or self._integers or b"\\u0000" in body:
            self._refuse_faults(value, body)
        if self._check is not None:
            faults = list(self._check(value))
            if faults:
                raise malformed(faults)
        return value

    def _refuse_faults(self, value: Body, body: bytes) -> None:
        faults: dict[str, Fault] = {}
        for fault in self._faults(value, body):
            known = faults.get(fault.pointer)
            # A wrong type explains whatever else is wrong at the same place.
            if known is None or (fault.code == "INVALID_TYPE" and known.code != "INVALID_TYPE"):
                faults[fault.pointer] = fault
        if not faults:
            return
        ordered = sorted(faults.values(), key=lambda fault: _position(value, fault.pointer))
        if ordered[0].code == "BATCH_TOO_LARGE":
            raise BatchTooLarge("The call carries more rows than allowed.", faults=ordered)
        raise malformed(ordered)

    def _faults(self, value: Body, body: bytes) -> Iterable[Fault]:
        for error in self._validator.iter_errors(value):
            yield from self._translated(error)
        for path in self._integers:
            yield from _inexact_integers(value, path, "")
        if b"\\u0000" in body:
            for name, member in value.items():
                if name not in self._opaque:
                    yield from _nul_characters(member, f"/{escape_token(name)}")

    def _translated(self, error: _SchemaError) -> Iterable[Fault]:
        pointer = "".join(f"/{escape_token(str(step))}" for step in error.instance_path)
        keyword = str(error.kind.name)
        node = self._node(error.schema_path[:-1])
        if keyword == "required":
            yield Fault(f"{pointer}/{escape_token(error.kind.property)}", "MISSING_FIELD", "is missing")
        elif keyword == "anyOf" and "x-missing" in node:
            yield Fault(f"{pointer}/{node['x-missing']}", "MISSING_FIELD", "is missing")
        elif keyword == "additionalProperties":
            for name in error.kind.unexpected:
                yield Fault(f"{pointer}/{escape_token(name)}", "UNKNOWN_FIELD", "is not known here")
        elif keyword == "type":
            yield Fault(pointer, "INVALID_TYPE", f"must be {_types(node)}")
        elif keyword == "format":
            _, code, detail = FORMATS[str(node["format"])]
            yield Fault(pointer, code, detail)
        else:
            yield Fault(pointer, _value_code(keyword, node), _value_detail(keyword, node))

    def _node(self, path: Sequence[str | int]) -> JSONSchema:
        node: Any = self.schema
        for step in path:
            node = node[step]
        return node if isinstance(node, Mapping) else {}


def _refuse_longer(value: Body, name: str, most: int) -> None:
    items = value.get(name)
    if type(items) is list and len(items) > most:
        fault = Fault(f"/{escape_token(name)}", "BATCH_TOO_LARGE", f"must have at most {most} items")
        raise BatchTooLarge(f"The call carries more than {most} rows.", faults=[fault])


def malformed(faults: Sequence[Fault]) -> MalformedBody:
    """The refusal for these faults; the first one names it."""
    count = "One member" if len(faults) == 1 else f"{len(faults)} members"
    return MalformedBody(f"{count} of the body cannot be accepted.", faults=faults)


def _value_code(keyword: str, node: JSONSchema) -> str:
    if keyword == "minProperties" or (keyword == "minItems" and node["minItems"] == 1):
        return "INVALID_BODY"
    if keyword == "maxItems" and "x-too-many" in node:
        return str(node["x-too-many"])
    return str(node.get("x-fault", "INVALID_VALUE"))


def _value_detail(keyword: str, node: JSONSchema) -> str:
    """Say what is allowed, from the declaration alone: a library's own text would quote the value."""
    if keyword == "enum":
        return "must be one of " + ", ".join(str(choice) for choice in node["enum"])
    bound = node.get(keyword)
    return {
        "const": f"must be {bound}".lower(),
        "minLength": "must not be empty" if bound == 1 else f"must have at least {bound} characters",
        "maxLength": f"must have at most {bound} characters",
        "minItems": "must not be empty" if bound == 1 else f"must have at least {bound} items",
        "maxItems": f"must have at most {bound} items",
        "minimum": f"must be at least {bound}",
        "maximum": f"must be at most {bound}",
        "uniqueItems": "must not repeat an item",
        "minProperties": "must not be empty",
        "pattern": "does not have the allowed form",
    }.get(keyword, "is not allowed")


def _types(node: JSONSchema) -> str:
    declared = node.get("type", ())
    names = [declared] if isinstance(declared, str) else list(declared)
    return " or ".join(_WORDS.get(name, name) for name in names) or "of another type"


def _position(document: Any, pointer: str) -> tuple[int, ...]:
    """Where a pointer leads, as member positions, so that faults can be told in document order."""
    position: list[int] = []
    node = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            names = list(node)
            # A missing member stands behind those that are there.
            position.append(names.index(name) if name in node else len(names))
            node = node.get(name)
        elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
            position.append(int(name))
            node = node[int(name)]
        else:
            break
    return tuple(position)


def _integer_paths(schema: JSONSchema) -> tuple[tuple[str, ...], ...]:
    """Paths of members declared as integers: JSON Schema takes 3.0 for one, we do not. ``*`` is any list item."""
    found: list[tuple[str, ...]] = []

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if not isinstance(node, Mapping):
            return
        declared = node.get("type")
        if declared == "integer" or (isinstance(declared, list) and "integer" in declared):
            found.append(path)
        for name, member in node.get("properties", {}).items():
            walk(member, (*path, name))
        walk(node.get("items"), (*path, "*"))

    walk(schema, ())
    return tuple(found)


def _inexact_integers(value: Any, path: tuple[str, ...], pointer: str) -> Iterable[Fault]:
    if not path:
        if isinstance(value, float):
            yield Fault(pointer, "INVALID_TYPE", "must be an integer")
    elif path[0] == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _inexact_integers(item, path[1:], f"{pointer}/{index}")
    elif isinstance(value, dict) and path[0] in value:
        yield from _inexact_integers(value[path[0]], path[1:], f"{pointer}/{escape_token(path[0])}")


def _nul_characters(value: Any, pointer: str) -> Iterable[Fault]:
    if isinstance(value, str):
        if "\x00" in value:
            yield Fault(pointer, "INVALID_CHARACTER", "must not hold U+0000")
    elif isinstance(value, dict):
        for name, member in value.items():
            if "\x00" in name:
                yield Fault(pointer, "INVALID_CHARACTER", "must not hold U+0000 in a name")
            yield from _nul_characters(member, f"{pointer}/{escape_token(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_characters(item, f"{pointer}/{index}")
