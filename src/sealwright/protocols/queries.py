"""What every language of questions about credentials works on: a credential as they see it, and readers of members.

Questions come from strangers, and so does what is asked about: every list, text and tree here has a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import Fault, VcError

SD_JWT: Final = "dc+sd-jwt"
LDP_VC: Final = "ldp_vc"
JWT_VC: Final = "jwt_vc_json"
FORMS: Final = frozenset({SD_JWT, LDP_VC, JWT_VC})

QUERY_BYTES_MOST: Final = 64 * 1024
QUERIES_MOST: Final = 16
FIELDS_MOST: Final = 64
CHOICES_MOST: Final = 32
TEXT_MOST: Final = 2_048
FOUND_MOST: Final = 1_024
"""Places in one credential that one path may lead to."""
POINTERS_MOST: Final = 200
WORK_MOST: Final = 200_000
"""Values that may be looked at to compare one credential with one part of a question."""
_CHARACTERS: Final = 64
"""So many of a text count as one value more."""

Path: TypeAlias = "tuple[str | int, ...]"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NODE_NAMES: Final = frozenset({"id", "type", "@id", "@type", "@context"})


class QueryRefused(VcError):
    """A question that is malformed, or asks for what this office cannot check; `faults` say where."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A credential as a question sees it.

    Args:
        form: ``dc+sd-jwt``, ``ldp_vc`` or ``jwt_vc_json``.
        document: The claims of an SD-JWT with what is disclosed in its place; else the credential itself.
        types: The types: of an SD-JWT its `vct`, else short names and full spellings.
        proofs: What it is proven with: names of suites, proof types, or JOSE algorithms.
        payload: Of a JWT, the payload that was signed; else None.
        choosable: Paths of what its holder may show or keep back; None where every statement may be, empty where all
            is shown or nothing.
        is_bound: Whether its holder proves a key to show it.
        bindings: JOSE algorithm of the key binding behind an SD-JWT; None where there is none, or none yet.
    """

    form: str
    document: dict[str, JSONValue]
    types: frozenset[str]
    proofs: frozenset[str] = frozenset()
    payload: dict[str, JSONValue] | None = None
    choosable: frozenset[Path] | None = frozenset()
    is_bound: bool = True
    bindings: frozenset[str] | None = None

    @property
    def is_narrowable(self) -> bool:
        """Whether its holder can show a part of it."""
        return self.choosable is None or bool(self.choosable)

    def claim_leaves(self) -> Iterator[Path]:
        """Paths of every value that says something of the subject, in document order."""
        if self.form == SD_JWT:
            for name, value in self.document.items():
                if name not in SD_JWT_ENVELOPE:
                    yield from _leaves(value, (name,), names_nodes=False)
            return
        subject = self.document.get("credentialSubject")
        yield from _leaves(subject, ("credentialSubject",), names_nodes=True)


SD_JWT_ENVELOPE: Final = frozenset(
    {"iss", "sub", "aud", "jti", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd_alg"}
)
"""Members of an SD-JWT VC that say nothing of its subject, but its subject's name."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A credential that answers a question.

    Args:
        paths: What of it must be shown, in the order asked; whole where an object or array is named.
        missing_optional: How many optional fields it does not have.
    """

    paths: tuple[Path, ...]
    missing_optional: int = 0

    @property
    def pointers(self) -> tuple[str, ...]:
        """The same as JSON pointers into the credential (an SD-JWT: into its claims)."""
        return tuple(spelled(path) for path in self.paths)


class WorkExceeded(Exception):
    """A credential is so large, and a question so wide, that comparing them would take too long."""


class Work:
    """What comparing one credential with one part of a question has cost so far.

    Args:
        most: How many values may be looked at.
        within: What all such comparisons together have cost; it counts along.
    """

    def __init__(self, most: int = WORK_MOST, *, within: Work | None = None) -> None:
        self._left = most
        self._within = within

    def spend(self, count: int) -> None:
        """Count work as so many values; raises WorkExceeded over what is allowed, 200,000 of them or as told."""
        self._left -= count
        if self._within is not None:
            self._within.spend(count)
        if self._left < 0:
            raise WorkExceeded

    def look_through(self, value: JSONValue) -> None:
        """Count a value with all that is in it; raises WorkExceeded as soon as it is too much."""
        stack = [value]
        while stack:
            one = stack.pop()
            self.spend(1 + (len(one) // _CHARACTERS if isinstance(one, str) else 0))
            stack += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why a credential does not answer a question, in one plain sentence that names no value."""

    reason: str


def over_shown(candidate: Candidate, asked: Sequence[Path]) -> tuple[str, ...]:
    """Pointers of the claims that a credential shows beyond what was asked for, in document order; at most 200."""
    found, wanted = [], frozenset(asked)
    for leaf in candidate.claim_leaves():
        if not is_within(leaf, wanted):
            found.append(spelled(leaf))
            if len(found) == POINTERS_MOST:
                break
    return tuple(found)


def over_chosen(candidate: Candidate, asked: Sequence[Path]) -> tuple[str, ...]:
    """Pointers of what its holder could have kept back, shows, and was not asked for; at most 200."""
    if candidate.choosable is None:
        return over_shown(candidate, asked)
    wanted = frozenset(asked)
    around = frozenset(one[:length] for one in wanted for length in range(len(one)))
    extra = [one for one in candidate.choosable if one not in around and not is_within(one, wanted)]
    return tuple(sorted(spelled(one) for one in extra)[:POINTERS_MOST])


def is_within(path: Path, wanted: frozenset[Path]) -> bool:
    """Tell whether a path is one of these, or leads into what stands there."""
    return any(path[:length] in wanted for length in range(len(path) + 1))


def only(document: Mapping[str, JSONValue], paths: Sequence[Path]) -> dict[str, JSONValue]:
    """What a document says at these paths, in objects as they stand in it; arrays hold the named items alone."""
    kept: dict[str, JSONValue] = {}
    for path in paths:
        _keep(kept, document, path)
    return {name: _without_gaps(value) for name, value in kept.items()}


def _keep(kept: dict[str, JSONValue], source: Mapping[str, JSONValue], path: Path) -> None:
    holder: dict[str, JSONValue] = kept
    value: JSONValue | Mapping[str, JSONValue] = source
    for number, step in enumerate(path):
        try:
            value = value[step]  # type: ignore[index]
        except (LookupError, TypeError):
            return
        key = str(step)
        if number == len(path) - 1:
            holder[key] = value
            return
        below = holder.get(key)
        if isinstance(below, _Open):
            holder = below
        elif below is not None:
            return  # the whole of it is there already
        else:
            opened = _Open(is_list=isinstance(value, list))
            holder[key] = opened
            holder = opened


class _Open(dict[str, JSONValue]):
    """An object or array of which a part is kept."""

    def __init__(self, *, is_list: bool) -> None:
        super().__init__()
        self.is_list = is_list


def _without_gaps(value: JSONValue) -> JSONValue:
    if not isinstance(value, _Open):
        return value
    if value.is_list:
        return [_without_gaps(value[key]) for key in sorted(value, key=int)]
    return {name: _without_gaps(member) for name, member in value.items()}


def spelled(path: Path) -> str:
    """A path as a JSON pointer."""
    pointer = ""
    for step in path:
        pointer = child(pointer, step)
    return pointer


def _leaves(value: JSONValue, path: Path, *, names_nodes: bool) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            # What a node is called, and what it is, stands with whatever is shown of it.
            if not (names_nodes and name in _NODE_NAMES):
                yield from _leaves(member, (*path, name), names_nodes=names_nodes)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index), names_nodes=names_nodes)
    elif value is not None or not names_nodes:
        yield path


# -- reading members of questions ------------------------------------------------------------------


def refused(pointer: str, detail: str, code: str = "INVALID_VALUE") -> QueryRefused:
    """The refusal of a question, and where."""
    return QueryRefused(detail, faults=(Fault(pointer, code, detail),), pointer=pointer)


def require_small(query: object, pointer: str) -> Mapping[str, JSONValue]:
    """A question that is an object of bounded size.

    Raises:
        QueryRefused: It is none, or over 64 KiB.
    """
    if not isinstance(query, dict):
        raise refused(pointer, "must be an object", "INVALID_TYPE")
    if len(dump_json(query)) > QUERY_BYTES_MOST:
        raise refused(pointer, f"must not be over {QUERY_BYTES_MOST} bytes")
    return query


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one object in a question, read with the place of every fault."""

    source: Mapping[str, JSONValue]
    pointer: str = field(default="")

    @classmethod
    def of(cls, value: JSONValue, pointer: str) -> Members:
        """Raises QueryRefused for what is no object."""
        if not isinstance(value, dict):
            raise refused(pointer, "must be an object", "INVALID_TYPE")
        return cls(value, pointer)

    def at(self, name: str) -> str:
        """The place of a member."""
        return child(self.pointer, name)

    def text(self, name: str) -> str | None:
        """Text that may be left out."""
        value = self.source.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > TEXT_MOST:
            raise refused(self.at(name), f"must be text of up to {TEXT_MOST} characters", "INVALID_TYPE")
        return value

    def required_text(self, name: str) -> str:
        """Text that must be there."""
        value = self.text(name)
        if not value:
            raise refused(self.at(name), "is missing", "MISSING_FIELD")
        return value

    def identifier(self, name: str) -> str:
        """An id of letters, digits, underscores and hyphens."""
        value = self.required_text(name)
        if not _ID.fullmatch(value):
            raise refused(self.at(name), "must be up to 128 letters, digits, underscores and hyphens")
        return value

    def flag(self, name: str, *, otherwise: bool) -> bool:
        """True or false."""
        value = self.source.get(name, otherwise)
        if not isinstance(value, bool):
            raise refused(self.at(name), "must be true or false", "INVALID_TYPE")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number from 0 that may be left out."""
        value = self.source.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= FOUND_MOST:
            raise refused(self.at(name), f"must be a whole number from 0 to {FOUND_MOST}", "INVALID_TYPE")
        return value

    def listed(self, name: str, *, most: int, required: bool = False) -> Sequence[JSONValue] | None:
        """An array with something in it, or nothing where it may be left out."""
        value = self.source.get(name)
        if value is None and not required:
            return None
        if value is None:
            raise refused(self.at(name), "is missing", "MISSING_FIELD")
        if not isinstance(value, list) or not value:
            raise refused(self.at(name), "must be an array that is not empty", "INVALID_TYPE")
        if len(value) > most:
            raise refused(self.at(name), f"must hold at most {most}")
        return value

    def texts(self, name: str, *, most: int, required: bool = False) -> tuple[str, ...] | None:
        """An array of texts."""
        items = self.listed(name, most=most, required=required)
        if items is None:
            return None
        return tuple(_text_item(item, child(self.at(name), index)) for index, item in enumerate(items))

    def below(self, name: str) -> Members | None:
        """An object that may be left out."""
        value = self.source.get(name)
        return None if value is None else Members.of(value, self.at(name))

    def refuse_any(self, names: Sequence[str], detail: str) -> None:
        """Refuse members of these names."""
        for name in names:
            if name in self.source:
                raise refused(self.at(name), detail, "UNSUPPORTED")

    def refuse_others(self, names: frozenset[str]) -> None:
        """Refuse members of every other name."""
        for name in self.source:
            if name not in names:
                raise refused(self.at(name), "is not understood here, and might narrow down what is asked")


def _text_item(value: JSONValue, pointer: str) -> str:
    if not isinstance(value, str) or not value or len(value) > TEXT_MOST:
        raise refused(pointer, f"must be text of up to {TEXT_MOST} characters", "INVALID_TYPE")
    return value
