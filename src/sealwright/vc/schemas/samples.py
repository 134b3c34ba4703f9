"""Sample claims made from a credential schema: the full shape, the least one, and each alternative once.

They serve to prove a context before it is bound to a schema for good. Values follow the schema as far as it lists
them or names a format; a text made for a pattern would be guesswork and is not tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from sealwright.vc.schemas.members import Place, Reader

MAX_SAMPLES: Final = 200

MARK: Final = "sample-mark-"
"""What a marked text holds and no context does."""

_FORMATTED: Final[Mapping[str, str]] = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T02:30:00Z",
    "duration": "P1D",
    "email": "someone@cred.example",
    "hostname": "cred.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "iri": "https://cred.example/sample",
    "json-pointer": "/sample",
    "time": "02:30:00Z",
    "uri": "https://cred.example/sample",
    "uri-reference": "https://cred.example/sample",
    "uuid": "2f1c1e0a-8d5e-4c9e-9d0a-6a1d7f0c2b3e",
}


def sample_claims(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Claims of the full shape: every member that the schema describes, with a likely value for each.

    Raises:
        SchemaInvalid: The schema leaves member names open.
    """
    return Sampler(schema).full()


class Sampler:
    """Makes samples; in one, no two texts or numbers are alike unless the schema lists the values.

    Args:
        schema: Accepted by `vet_schema`.
        marked: Fill texts with marks that occur nowhere else, instead of likely values.
    """

    def __init__(self, schema: Mapping[str, Any], *, marked: bool = False) -> None:
        self._reader = Reader(schema)
        self._marked = marked
        self._numbers = count(1)

    def full(self) -> dict[str, Any]:
        """Every described member, each in its first form."""
        made: dict[str, Any] = self._object(self._reader.top(), only_required=False)
        return made

    def all(self) -> Iterator[dict[str, Any]]:
        """The full shape, the least one, and the full one with each other form of each place in turn."""
        yield self.full()
        yield self._object(self._reader.top(), only_required=True)
        for claims, _ in zip(self._varied(self._reader.top()), range(MAX_SAMPLES), strict=False):
            yield claims

    def _object(self, place: Place, *, only_required: bool) -> dict[str, Any]:
        required = {name for schema in place.schemas for name in schema.get("required", ())}
        return {
            name: self._forms(below, only_required=only_required)[0]
            for name, below in self._reader.members(place).items()
            if not only_required or name in required
        }

    def _varied(self, place: Place) -> Iterator[dict[str, Any]]:
        """Full objects in which one place below has another than its first form."""
        for name, below in self._reader.members(place).items():
            for form in self._forms(below, only_required=False)[1:]:
                yield {**self._object(place, only_required=False), name: form}
            items = self._reader.items(below)
            for inner in (below, items) if items else (below,):
                for nested in self._varied(inner):
                    held = [nested] if inner is items else nested
                    yield {**self._object(place, only_required=False), name: held}

    def _forms(self, place: Place, *, only_required: bool) -> list[Any]:
        """One value for each form that the schema allows at a place; at least one."""
        values = place.values()
        if values is not None:
            usable = [value for value in values if value is not None and value not in ([], {})]
            return usable or ["sample"]
        forms: list[Any] = []
        for kind in place.kinds() or ("string",):
            if kind == "object":
                made = self._object(place, only_required=only_required) or self._object(place, only_required=False)
                forms += [made] if made else []
            elif kind == "array":
                items = self._reader.items(place)
                below = (
                    self._forms(items, only_required=only_required) if items and items.schemas else [self._text(place)]
                )
                forms += [[item] for item in below]
            elif kind != "null":
                forms.append(self._scalar(kind, place))
        return forms or [self._text(place)]

    def _scalar(self, kind: str, place: Place) -> Any:
        if kind == "boolean":
            return True
        if kind == "string":
            return self._text(place)
        low = next((schema["minimum"] for schema in place.schemas if "minimum" in schema), 0)
        if self._marked:
            low = 7_000_000
        return int(low) + next(self._numbers) + (0 if kind == "integer" else 0.5)

    def _text(self, place: Place) -> str:
        scheme = place.identifier_scheme() if place.path and place.path[-1] == "id" else None
        if scheme is not None:
            return f"{scheme}:{MARK}{next(self._numbers)}"
        if self._marked:
            return f"{MARK}{next(self._numbers)}"
        for format_ in sorted(place.formats()):
            return _FORMATTED[format_]
        least = max((schema.get("minLength", 0) for schema in place.schemas), default=0)
        return f"Sample {next(self._numbers)}".ljust(min(least, 4096), ".")
