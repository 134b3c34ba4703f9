"""From a credential schema to its JSON-LD context: one explicit IRI for each property, nothing else.

Spec: JSON-LD 1.1, "Context Definitions", "Scoped Contexts", "Protected Term Definitions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.schemas.members import Place, Reader, refuse
from sealwright.vc.schemas.reserved import MAX_NAME_BYTES, RESERVED_AT_TOP

SHARED_TERMS: Final[Mapping[str, str]] = {
    "name": "https://schema.org/name",
    "description": "https://schema.org/description",
}
"""What the 2.0 base context defines and protects at the top. Stated in every context, word for word, so that a 1.1
document may name its issuer, and so that claims of these names mean the same in both models."""

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_DATATYPES: Final[Mapping[str, str]] = {
    "date": _XSD + "date",
    "date-time": _XSD + "dateTime",
    "time": _XSD + "time",
    "uri": _XSD + "anyURI",
    "iri": _XSD + "anyURI",
}
"""Formats whose texts come back unchanged from the typed literal. A URI stays a literal: as a node it could be taken
for a prefixed name."""

# Whatever quoting would alter is no name or version of ours.
_NAME_AND_VERSION: Final = re.compile(r"([A-Za-z0-9_.~-]{1,128})/([A-Za-z0-9_.~-]{1,128})")
_TYPE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
_BASE_TYPES: Final = frozenset({"VerifiableCredential", "VerifiablePresentation"})
_REFUSED_NAMES: Final = frozenset({"", "__proto__"})


@dataclass(frozen=True, slots=True)
class _Aliases:
    """What ``id`` and ``type`` mean where a scoped context begins: keywords, or ordinary properties."""

    is_id: bool = True
    is_type: bool = True


def build_context(schema: Mapping[str, Any], *, types: Sequence[str], base_url: str, name: str, version: str) -> bytes:
    """The context of a credential schema, the same bytes for the same arguments.

    Args:
        schema: Accepted by `vet_schema`.
        types: Credential type names; those of the base contexts are passed over.
        base_url: Without trailing slash, ``https://cred.example``.
        name: Of the schema, ``university-degree``.
        version: Of the schema, ``1.0``.

    Returns:
        A JSON document with ``@context``. Its terms are ``<base_url>/contexts/<name>/<version>#<path>``, the path being
        member names joined by ``/``, percent-encoded.

    Raises:
        SchemaInvalid: A claim cannot be defined: open names, arrays in arrays, names that JSON-LD reads as something
            else, or a type or claim of a name that is taken.
    """
    return dump_json({"@context": _Builder(schema, context_url(base_url, name, version)).top(types)})


def context_url(base_url: str, name: str, version: str) -> str:
    """The address of a schema's context, under which documents name it."""
    return f"{base_url.rstrip('/')}/contexts/{quote(name, safe='')}/{quote(version, safe='')}"


def named_by_context_url(base_url: str, url: str) -> tuple[str, str] | None:
    """The name and version of the schema whose context has this address; None for an address of another form."""
    start = f"{base_url.rstrip('/')}/contexts/"
    found = _NAME_AND_VERSION.fullmatch(url.removeprefix(start)) if url.startswith(start) else None
    return (found[1], found[2]) if found is not None else None


def class_names(reader: Reader, place: Place, taken: frozenset[str]) -> tuple[str, ...]:
    """The values of a member ``type`` if all are listed and can be terms; else nothing, and it is a property."""
    values = place.values()
    items = reader.items(place)
    if values is None and items is not None:
        values = items.values()
    if not values or not all(isinstance(value, str) and _TYPE_NAME.fullmatch(value) for value in values):
        return ()
    return () if taken & set(values) else tuple(values)


class _Builder:
    def __init__(self, schema: Mapping[str, Any], url: str) -> None:
        self._reader = Reader(schema)
        self._url = url

    def top(self, types: Sequence[str]) -> dict[str, Any]:
        members = self._reader.members(self._reader.top())
        terms: dict[str, Any] = {"@version": 1.1, "@protected": True, **SHARED_TERMS}
        for type_ in types:
            if type_ in _BASE_TYPES:
                continue
            if not _TYPE_NAME.fullmatch(type_) or type_ in members or type_ in SHARED_TERMS:
                refuse(f"The type name {type_!r} cannot be a term of its own.", "/type")
            terms[type_] = {"@id": self._iri((type_,))}
        for name, place in members.items():
            if name in RESERVED_AT_TOP:
                refuse("The name belongs to the credential itself.", place.pointer)
            if name in SHARED_TERMS:
                self._check_shared(place)
            else:
                terms[name] = self._definition(place, _Aliases())
        return terms

    def _check_shared(self, place: Place) -> None:
        if {"object", "array"} & set(place.kinds()):
            refuse("The base context defines this name as a text; it cannot hold an object or array.", place.pointer)

    def _definition(self, place: Place, aliases: _Aliases) -> dict[str, Any]:
        _check_name(place)
        definition: dict[str, Any] = {"@id": self._iri(place.path)}
        items = self._reader.items(place)
        schemas = place.schemas + (items.schemas if items else ())
        here = Place(place.path, schemas)
        members = self._reader.members(here)
        kinds = set(here.kinds()) - {"array"}
        if members:
            definition["@context"] = self._scoped(members, aliases)
        elif "object" in kinds:
            refuse("An object without described members cannot be signed.", place.pointer)
        elif kinds == {"string"} and len(here.formats()) == 1:
            (format_,) = here.formats()
            if format_ in _DATATYPES:
                definition["@type"] = _DATATYPES[format_]
        return definition

    def _scoped(self, members: dict[str, Place], aliases: _Aliases) -> dict[str, Any]:
        """The property-scoped context of an object; it may override protected terms, which type-scoped ones may not."""
        terms: dict[str, Any] = {"@protected": True}
        is_id, is_type = aliases.is_id, aliases.is_type
        if "id" in members:
            is_id = members["id"].is_identifier()
            if is_id != aliases.is_id or not is_id:
                terms["id"] = "@id" if is_id else {"@id": self._iri(members["id"].path)}
        if "type" in members:
            classes = class_names(self._reader, members["type"], frozenset(members))
            is_type = bool(classes)
            if is_type != aliases.is_type or not is_type:
                terms["type"] = "@type" if is_type else {"@id": self._iri(members["type"].path)}
            terms.update({value: {"@id": self._iri((*members["type"].path, value))} for value in classes})
        inside = _Aliases(is_id, is_type)
        for name, place in members.items():
            if name not in {"id", "type"}:
                terms[name] = self._definition(place, inside)
        return terms

    def _iri(self, path: tuple[str, ...]) -> str:
        return f"{self._url}#{'/'.join(quote(name, safe='') for name in path)}"


def _check_name(place: Place) -> None:
    name = place.path[-1]
    # A colon or slash makes a name look like an IRI, which must then expand to itself.
    if name.startswith("@") or ":" in name or "/" in name or name in _REFUSED_NAMES or "\x00" in name:
        refuse("JSON-LD would not read this name as a term.", place.pointer)
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        refuse(f"A member name is longer than {MAX_NAME_BYTES} bytes.", place.pointer)
