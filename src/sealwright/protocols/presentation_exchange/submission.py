"""Presentation submissions: which credential, inside which presentation, answers which input descriptor.

Spec: DIF Presentation Exchange 2.1, "Presentation Submission".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.presentation_exchange.paths import found_at, read_jsonpath, searches
from sealwright.protocols.queries import FIELDS_MOST, Members, Path, refused, require_small
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue

NESTED_MOST: Final = 3
SEARCHES_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One step towards a credential: what stands at a path, and the claim format it has."""

    path: str
    claim_format: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """One entry of the map: a descriptor's id, and the steps to the credential that answers it."""

    descriptor_id: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A whole submission."""

    definition_id: str
    entries: tuple[Mapped, ...]


def read_submission(value: object, pointer: str = "") -> Submission:
    """Read a presentation submission.

    Raises:
        QueryRefused: Malformed, over a bound, or a descriptor is mapped twice; with the fault.
    """
    members = Members(require_small(value, pointer), pointer)
    members.required_text("id")
    listed = members.listed("descriptor_map", most=FIELDS_MOST, required=True) or ()
    at = members.at("descriptor_map")
    entries = tuple(_entry(one, child(at, index)) for index, one in enumerate(listed))
    ids = [one.descriptor_id for one in entries]
    if len(set(ids)) != len(ids):
        raise refused(at, "must not map an input descriptor twice")
    if sum(searches(step.path) for one in entries for step in one.steps) > SEARCHES_MOST:
        raise refused(at, f"must not hold over {SEARCHES_MOST} paths that search a document")
    return Submission(members.required_text("definition_id"), entries)


def resolved(steps: Sequence[Step], root: JSONValue, opened: Callable[[JSONValue], JSONValue]) -> JSONValue:
    """What an entry leads to.

    Args:
        root: What the first path starts from.
        opened: Gives what a next path starts from: the payload of a token, or the value itself.

    Raises:
        LookupError: A path leads nowhere, or to several places.
    """
    return _followed(steps, root, opened)[1]


def resolved_path(steps: Sequence[Step], root: JSONValue, opened: Callable[[JSONValue], JSONValue]) -> tuple[Path, ...]:
    """The exact places that each step of an entry leads to; raises LookupError as `resolved`."""
    return _followed(steps, root, opened)[0]


def _followed(
    steps: Sequence[Step], root: JSONValue, opened: Callable[[JSONValue], JSONValue]
) -> tuple[tuple[Path, ...], JSONValue]:
    value, places = root, []
    for number, step in enumerate(steps):
        found = [((), value)] if step.path == "$" else found_at(step.path, opened(value) if number else value)
        if len(found) != 1:
            raise LookupError(step.path)
        at, value = found[0]
        places.append(at)
    return tuple(places), value


def _entry(value: JSONValue, pointer: str) -> Mapped:
    members = Members.of(value, pointer)
    descriptor_id = members.required_text("id")
    steps = []
    while True:
        steps.append(
            Step(read_jsonpath(members.required_text("path"), members.at("path")), members.required_text("format"))
        )
        below = members.below("path_nested")
        if below is None:
            return Mapped(descriptor_id, tuple(steps))
        if len(steps) > NESTED_MOST:
            raise refused(below.pointer, f"must not nest deeper than {NESTED_MOST} levels")
        if below.source.get("id", descriptor_id) != descriptor_id:
            raise refused(below.at("id"), "must be the id of the entry that it stands in")
        members = below


def spelled(definition_id: str, submission_id: str, entries: Sequence[Mapped]) -> dict[str, JSONValue]:
    """A submission as JSON."""
    return {
        "id": submission_id,
        "definition_id": definition_id,
        "descriptor_map": [_spelled(one.descriptor_id, one.steps) for one in entries],
    }


def _spelled(descriptor_id: str, steps: Sequence[Step]) -> dict[str, JSONValue]:
    first: dict[str, JSONValue] = {"id": descriptor_id, "format": steps[0].claim_format, "path": steps[0].path}
    if len(steps) > 1:
        first["path_nested"] = _spelled(descriptor_id, steps[1:])
    return first


def is_submission(value: object) -> bool:
    """Tell whether JSON looks like a submission."""
    return isinstance(value, Mapping) and "descriptor_map" in value
