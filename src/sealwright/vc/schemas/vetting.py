"""Whether a credential schema may be registered: understood whole, closed in itself, and bounded in work.

Spec: JSON Schema 2020-12; promises on limits are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
import msgspec

from sealwright.vc.encoding.pointers import child
from sealwright.vc.errors import SchemaInvalid, SchemaRefNotAllowed, SchemaTooComplex
from sealwright.vc.schemas.keywords import DIALECT, FORMATS, KNOWN, resolve_local, subschemas

MAX_BYTES: Final = 256 * 1024
MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 32
MAX_PATTERNS: Final = 200
MAX_PATTERN_CHARACTERS: Final = 1_024
MAX_PATTERN_BYTES: Final = 128 * 1024
"""Compiled size of one pattern; its worst running time is proportional to it."""


def vet_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that we would not enforce whole, or not in bounded time.

    Raises:
        SchemaInvalid: Another draft, an unknown keyword or format, a pattern or value that is malformed, a reference
            that leads nowhere, or a root that does not describe an object.
        SchemaRefNotAllowed: A reference that leaves the document.
        SchemaTooComplex: Over 256 KiB, 5,000 values or 32 levels, written out or with its references followed; a
            recursive reference; a pattern that the linear engine does not take, or too many or large ones.

    Spec: JSON Schema 2020-12, "Schema References".
    """
    if not isinstance(schema, dict):
        raise SchemaInvalid("The schema is not a JSON object.", pointer="")
    _check_size(schema)
    vetting = _Vetting(schema)
    vetting.visit(schema, "")
    vetting.check_references()
    if not jsonschema_rs.meta.is_valid({**schema, "$schema": DIALECT}):
        raise SchemaInvalid("The schema does not follow JSON Schema 2020-12.", pointer=_first_fault(schema))
    if schema.get("type") != "object":
        raise SchemaInvalid('The schema of claims must have "type": "object".', pointer="/type")
    _Expansion(schema).measure(schema, "")


def compiles(pattern: str, *, size_limit_bytes: int) -> bool:
    """Whether the linear engine takes a pattern within a compiled size; it knows no look-around or back-reference."""
    options = jsonschema_rs.RegexOptions(size_limit=size_limit_bytes)
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options, offline=True)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _check_size(schema: Mapping[str, Any]) -> None:
    nodes = 0
    stack: list[tuple[Any, int]] = [(schema, 1)]
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise SchemaTooComplex(f"The schema holds more than {MAX_NODES} values.")
        if isinstance(node, dict | list):
            if depth > MAX_DEPTH:
                raise SchemaTooComplex(f"The schema nests deeper than {MAX_DEPTH} levels.")
            stack += [(item, depth + 1) for item in (node.values() if isinstance(node, dict) else node)]
        elif not isinstance(node, str | int | float | bool) and node is not None:
            raise SchemaInvalid("The schema is not JSON.", pointer="")
    try:
        size = len(msgspec.json.encode(schema))
    except (TypeError, ValueError) as error:
        raise SchemaInvalid("The schema is not JSON.", pointer="") from error
    if size > MAX_BYTES:
        raise SchemaTooComplex(f"The schema is larger than {MAX_BYTES} bytes.")


def _first_fault(schema: Mapping[str, Any]) -> str:
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": DIALECT})
    except jsonschema_rs.ValidationError as error:
        pointer = ""
        for step in error.instance_path:
            pointer = child(pointer, step)
        return pointer
    return ""  # pragma: no cover - asked only about invalid schemas


class _Vetting:
    """Looks at each subschema as written."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._patterns = 0
        self._visited: set[int] = set()
        self._references: list[tuple[str, str]] = []

    def check_references(self) -> None:
        """Each reference must lead to a place that was looked at as a schema, not into an example or a constant."""
        for pointer, reference in self._references:
            if id(resolve_local(self._root, reference)) not in self._visited:
                raise SchemaInvalid("A reference does not lead to a schema object.", pointer=pointer)

    def visit(self, schema: Any, pointer: str) -> None:
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise SchemaInvalid("A subschema is neither an object nor a boolean.", pointer=pointer)
        self._visited.add(id(schema))
        for keyword in schema:
            if keyword not in KNOWN:
                raise SchemaInvalid(
                    "The schema uses a keyword that is not known here.", pointer=child(pointer, keyword)
                )
        self._identity(schema, pointer)
        if "$ref" in schema:
            self._reference(schema["$ref"], child(pointer, "$ref"))
        if "format" in schema and schema["format"] not in FORMATS:
            raise SchemaInvalid("The schema uses a format that is not known here.", pointer=child(pointer, "format"))
        if "pattern" in schema:
            self._pattern(schema["pattern"], child(pointer, "pattern"))
        patterned = schema.get("patternProperties", {})
        for pattern in patterned if isinstance(patterned, dict) else ():
            self._pattern(pattern, child(child(pointer, "patternProperties"), pattern))
        for _, at, below in subschemas(schema, pointer):
            self.visit(below, at)

    def _identity(self, schema: Mapping[str, Any], pointer: str) -> None:
        dialect = schema.get("$schema", DIALECT)
        if dialect not in {DIALECT, DIALECT + "#"}:
            raise SchemaInvalid("Only JSON Schema 2020-12 is taken.", pointer=child(pointer, "$schema"))
        # An inner $id starts a document of its own, to which local references would then belong.
        if pointer and ("$id" in schema or "$schema" in schema):
            raise SchemaInvalid("$id and $schema may stand at the top only.", pointer=pointer)

    def _reference(self, reference: object, pointer: str) -> None:
        if not isinstance(reference, str):
            raise SchemaInvalid("A reference is not a string.", pointer=pointer)
        if not reference.startswith("#"):
            raise SchemaRefNotAllowed("A reference leaves the schema.", pointer=pointer)
        if "%" in reference or not (reference == "#" or reference.startswith("#/")):
            raise SchemaInvalid("A local reference must be # and a plain JSON pointer.", pointer=pointer)
        self._references.append((pointer, reference))

    def _pattern(self, pattern: object, pointer: str) -> None:
        self._patterns += 1
        if self._patterns > MAX_PATTERNS:
            raise SchemaTooComplex(f"The schema holds more than {MAX_PATTERNS} patterns.", pointer=pointer)
        if not isinstance(pattern, str):
            raise SchemaInvalid("A pattern is not a string.", pointer=pointer)
        if len(pattern) > MAX_PATTERN_CHARACTERS or not compiles(pattern, size_limit_bytes=MAX_PATTERN_BYTES):
            raise SchemaTooComplex(
                "A pattern is malformed, too large, or uses look-around or back-references.", pointer=pointer
            )


class _Expansion:
    """Follows references and measures what the schema comes to when each is written out."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._measured: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def measure(self, schema: Any, pointer: str) -> tuple[int, int]:
        """(number of subschemas, depth) with references followed."""
        if not isinstance(schema, dict):
            return 1, 1
        key = id(schema)
        if key in self._open:
            raise SchemaTooComplex("The schema refers to itself.", pointer=pointer)
        if key in self._measured:
            return self._measured[key]
        self._open.add(key)
        nodes, depth = 1, 0
        below = [(at, item) for keyword, at, item in subschemas(schema, pointer) if keyword != "$defs"]
        if "$ref" in schema:
            below.append((child(pointer, "$ref"), resolve_local(self._root, schema["$ref"])))
        for at, item in below:
            count, levels = self.measure(item, at)
            nodes, depth = nodes + count, max(depth, levels)
        self._open.remove(key)
        if nodes > MAX_NODES or depth >= MAX_DEPTH:
            raise SchemaTooComplex("The schema grows too large when its references are followed.", pointer=pointer)
        self._measured[key] = nodes, depth + 1
        return nodes, depth + 1
