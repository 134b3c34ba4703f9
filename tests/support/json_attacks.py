"""Altered JSON documents: every leaf, every member, every array, each in all the ways that an attacker would try.

What an alteration does to the meaning follows from what it is and where it is done, never from what a verifier says of
it: alterations that say the same in other words are told apart by `KEEPS`, each with its reason.
"""

from __future__ import annotations

import copy
import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

Path = tuple[str | int, ...]

KEEPS: Final[Mapping[str, str]] = {
    "array order": "outside of lists JSON-LD arrays are sets: the order of their items is in no statement",
    "array repeats": "a set has an item once, however often it is written",
    "array of one": "a value and an array with this value alone are the same statements",
    "number spelling": "2025 and 2025.0 are one number: JSON has no integers of their own, and neither has the claim",
    "value object": "{'@value': x} is how JSON-LD writes x when it spells a value out",
    "keyword": "`id` is an alias of `@id` in every context of credentials",
    "unused context": "a context that defines no term in use, or stands there already, changes no statement",
}
"""Kinds of alteration that keep what an RDF proof covers, and why; these are generated and left out by this table."""

# Contexts are no statements: they decide what statements there are, so nothing done to them is excused.
_BY_FORM: Final = frozenset({"@context"})
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ADDED: Final[Mapping[str, object]] = {
    "undefinedMember": "x",
    "name": "Somebody else",
    "description": "Something else",
    "id": "urn:uuid:11111111-2222-4333-8444-555555555555",
    "type": "Person",
    "issuer": "did:adi:issuer001",
    "holder": "did:adi:holder001",
    "credentialStatus": {"id": "https://x.example/1#5", "type": "BitstringStatusListEntry"},
    "evidence": {"type": "Evidence"},
    "termsOfUse": {"type": "Policy"},
    "@id": "urn:x:1",
    "@type": "Person",
    "@graph": [{"name": "x"}],
    "@included": [{"name": "x"}],
    "@reverse": {"name": {"name": "x"}},
    "@context": {"name": "https://x.example/name"},
    "@nest": {"name": "x"},
    "emptyMember": None,
    "emptyList": [],
    "emptyObject": {},
}


@dataclass(frozen=True)
class Altered:
    """One altered document.

    Args:
        label: What was done and where; no two of one document are alike.
        kept: The entry of `KEEPS` that says why it means the same; None for a real alteration.
    """

    label: str
    document: Any
    kept: str | None = None


def altered_documents(document: Mapping[str, Any], seed: str) -> Iterator[Altered]:
    """Every alteration of every part of a document, in a fixed order; `seed` chooses places inside texts."""
    chance = random.Random(seed)
    seen: set[str] = set()
    for path, value in _parts(document, ()):
        for what, kept, change in _changes(path, value, chance):
            label = f"{what} at /{'/'.join(map(str, path))}"
            if label in seen:
                continue
            altered = _changed(document, path, change)
            if altered != document or kept is not None:
                seen.add(label)
                yield Altered(label, altered, kept)
    yield from _swapped(document)


def altered_twice(document: Mapping[str, Any], seed: str, count: int) -> Iterator[Altered]:
    """So many documents with two parts altered at once, chosen by `seed`; neither part stands in the other."""
    chance = random.Random(seed)
    changes = [
        (path, what, change)
        for path, value in _parts(document, ())
        if path
        for what, kept, change in _changes(path, value, chance)
        if kept is None
    ]
    made = 0
    while made < count:
        (first, one, change), (second, other, again) = chance.sample(changes, 2)
        if first == second[: len(first)] or second == first[: len(second)] or _are_of_one_array(first, second):
            continue
        altered = _changed(_changed(document, first, change), second, again)
        if altered != document:
            made += 1
            yield Altered(f"{made}: {one} at {first}, {other} at {second}", altered)


def _are_of_one_array(first: Path, second: Path) -> bool:
    """Whether taking one away would move the other."""
    return any(
        isinstance(one, int) and isinstance(other, int) and first[:place] == second[:place]
        for place, (one, other) in enumerate(zip(first, second, strict=False))
    )


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _parts(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _parts(item, (*path, index))


def _changed(document: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy of the document with one part replaced; `change` gives `_GONE` for a part that is taken away."""
    fresh = copy.deepcopy(document)
    if not path:
        return change(fresh)
    around = fresh
    for step in path[:-1]:
        around = around[step]
    made = change(around[path[-1]])
    if made is _GONE:
        del around[path[-1]]
    elif isinstance(made, _Renamed):
        around[made.name] = around.pop(path[-1])
    elif isinstance(made, _Copied):
        around[made.name] = copy.deepcopy(around[path[-1]])
    else:
        around[path[-1]] = made
    return fresh


_GONE: Final = object()


def _becomes(value: Any) -> Callable[[Any], Any]:
    """Puts a value in a part's place, whatever it was."""
    return lambda _: copy.deepcopy(value) if isinstance(value, dict | list) else value


@dataclass(frozen=True)
class _Renamed:
    name: str


@dataclass(frozen=True)
class _Copied:
    name: str


def _changes(path: Path, value: Any, chance: random.Random) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    """What is done to one part: its name, why it keeps the meaning, and the doing."""
    if path:
        yield "drop", None, lambda _: _GONE
        if isinstance(path[-1], str):
            name = path[-1]
            for other in (f"{name}x", name[1:], name.swapcase(), f"{name} ", f"@{name}"):
                excused = "keyword" if other == "@id" else None
                yield f"rename to {other!r}", excused, _becomes(_Renamed(other))
            yield "copy to another name", None, _becomes(_Copied(f"{name}Too"))
        yield from _retyped(path, value)
    if isinstance(value, str):
        yield from _texts(path, value, chance)
    elif isinstance(value, bool):
        yield "negate", None, lambda one: not one
    elif isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, dict):
        yield from _objects(value)
    elif isinstance(value, list):
        yield from _arrays(path, value)


def _retyped(path: Path, value: Any) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    others: tuple[tuple[str, Any], ...] = (
        *(("null", None), ("an empty list", []), ("an empty object", {}), ("empty text", "")),
        *(("true", True), ("0", 0), ("a text", "x"), ("a list", ["x"]), ("an object", {"id": "urn:x:2"})),
    )
    for what, other in others:
        if value != other:
            yield f"make {what}", None, _becomes(other)
    excused = None if _BY_FORM & set(map(str, path)) else "array of one"
    yield "put into a list", excused, lambda one: [one]
    yield "put into two lists", None, lambda one: [[one], "x"]


def _texts(path: Path, text: str, chance: random.Random) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    places = sorted({0, len(text) - 1, chance.randrange(len(text) or 1)}) if text else []
    for place in places:
        other = chr(ord(text[place]) ^ 1) if text[place] not in "\x00\x01" else "x"
        yield f"alter letter {place}", None, _becomes(text[:place] + other + text[place + 1 :])
        yield f"leave letter {place} out", None, _becomes(text[:place] + text[place + 1 :])
    for what, before, behind in (
        ("a blank before", " ", ""),
        ("a blank behind", "", " "),
        ("a line end behind", "", "\n"),
        ("a letter behind", "", "x"),
        ("a mark that takes no space behind", "", "\u200b"),
        ("U+0000 behind", "", "\x00"),
        ("a fragment behind", "", "#x"),
    ):
        yield f"put {what}", None, _becomes(before + text + behind)
    for what, other in (
        ("in capitals", text.upper()),
        ("in small letters", text.lower()),
        ("composed otherwise", unicodedata.normalize("NFD", text)),
        ("with letters that look alike", text.replace("a", "\u0430").replace("e", "\u0435")),
        ("percent-encoded", text.replace("e", "%65", 1)),
    ):
        if other != text:
            yield f"spell {what}", None, _becomes(other)
    excused = None if {"@context", "proof", "type", "id"} & set(map(str, path)) else "value object"
    yield "spell as a value object", excused, lambda one: {"@value": one}
    if _DATE.fullmatch(text):
        for what, other in (
            ("a year later", f"{int(text[:4]) + 1:04}{text[4:]}"),
            ("a second later", f"{text[:17]}{(int(text[17:19]) + 1) % 60:02}Z"),
            ("with another zone", text[:-1] + "+00:00"),
            ("with a fraction", text[:-1] + ".000Z"),
            ("without zone", text[:-1]),
            ("in the past", "1999" + text[4:]),
        ):
            yield f"date {what}", None, _becomes(other)


def _numbers(value: float) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    for what, other in (
        ("one more", value + 1),
        ("a little more", value + 0.1),
        ("negative", -value or -1),
        ("as text", str(value)),
        ("beyond all numbers", 2**53),
    ):
        yield f"number {what}", None, _becomes(other)
    if isinstance(value, int):
        yield "number as a fraction", "number spelling", float


def _objects(value: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    for name, added in _ADDED.items():
        if name not in value:
            yield f"add {name}", None, _becomes({**value, name: added})


def _arrays(path: Path, value: list[Any]) -> Iterator[tuple[str, str | None, Callable[[Any], Any]]]:
    by_form = bool(_BY_FORM & set(map(str, path)))
    if len(value) > 1:
        yield "turn the order", None if by_form else "array order", lambda one: one[::-1]
    scalars = bool(value) and not isinstance(value[0], dict | list)
    excused = "unused context" if path[-1:] == ("@context",) else None if by_form or not scalars else "array repeats"
    if value and (scalars or "id" not in value[0]):
        yield "repeat the first", excused, lambda one: [*one, copy.deepcopy(one[0])]
    for what, other in (("a text", "x"), ("null", None), ("an object", {"id": "urn:x:3"}), ("a list", ["x"])):
        yield f"append {what}", None, _becomes([*value, other])
    if path[-1:] == ("@context",):
        for what, other in (
            ("an unknown context", "https://unknown.example/v1"),
            ("a context that redefines", {"name": "https://x.example/name", "degree": "https://x.example/degree"}),
            ("a context with a vocabulary", {"@vocab": "https://x.example/#"}),
            ("a context that ends all", None),
        ):
            yield f"append {what}", None, _becomes([*value, other])


def _swapped(document: Mapping[str, Any]) -> Iterator[Altered]:
    """Values of two leaves of one kind exchanged, and members moved from an object to the one around it."""
    leaves = [(path, value) for path, value in _parts(document, ()) if isinstance(value, str | int | float)]
    for (first, one), (second, other) in pairwise(leaves):
        if one == other or type(one) is not type(other) or (first[:-1] == second[:-1] and isinstance(first[-1], int)):
            # Two items of one array: their order is told by `array order`.
            continue
        swapped = _changed(_changed(document, first, _becomes(other)), second, _becomes(one))
        yield Altered(f"exchange /{'/'.join(map(str, first))} and /{'/'.join(map(str, second))}", swapped)
    for path, value in _parts(document, ()):
        if len(path) > 1 and isinstance(path[-1], str):
            moved = _changed(document, path, lambda _: _GONE)
            around = moved
            for step in path[:-2]:
                around = around[step]
            if isinstance(around, dict) and path[-1] not in around:
                around[path[-1]] = copy.deepcopy(value)
                yield Altered(f"move /{'/'.join(map(str, path))} outwards", moved)
