"""Presentation definitions read, with every rule of form and a bound on everything.

Members that we do not know are passed over, but inside of constraints, where they would narrow down what is asked.
What we know and do not honour is refused by name.

Spec: DIF Presentation Exchange 2.1, "Presentation Definition", "Input Descriptor".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sealwright.protocols.presentation_exchange.paths import read_jsonpath, searches
from sealwright.protocols.queries import (
    CHOICES_MOST,
    FIELDS_MOST,
    JWT_VC,
    LDP_VC,
    QUERIES_MOST,
    SD_JWT,
    Members,
    Work,
    refused,
    require_small,
)
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import SchemaRefused
from sealwright.vc.schemas.validation import ClaimsValidator
from sealwright.vc.schemas.vetting import vet_schema

FORMATS: Final[Mapping[str, str]] = {
    "dc+sd-jwt": SD_JWT,
    "vc+sd-jwt": SD_JWT,
    "ldp_vc": LDP_VC,
    "ldp_vp": LDP_VC,
    "ldp": LDP_VC,
    "di_vc": LDP_VC,
    "di_vp": LDP_VC,
    "di": LDP_VC,
    "jwt_vc": JWT_VC,
    "jwt_vc_json": JWT_VC,
    "jwt_vp": JWT_VC,
    "jwt_vp_json": JWT_VC,
    "jwt": JWT_VC,
}
"""Names of claim formats, and the form of credential each is for."""

DEPTH_MOST: Final = 4
PATHS_MOST: Final = 1_024
SEARCHES_MOST: Final = 64
PATTERNS_MOST: Final = 128
REQUIREMENTS_MOST: Final = 64
_VALUE: Final = "value"
_CONSTRAINTS: Final = frozenset({"fields", "limit_disclosure"})
_UNSUPPORTED_CONSTRAINTS: Final = ("statuses", "subject_is_issuer", "is_holder", "same_subject")
_FIELD: Final = frozenset({"id", "path", "purpose", "name", "filter", "optional", "intent_to_retain"})
_NARROWING: Final = (
    "proof_type",
    "proof_type_values",
    "cryptosuite",
    "cryptosuite_values",
    "alg",
    "alg_values",
    "sd-jwt_alg_values",
)
_BINDING: Final = "kb-jwt_alg_values"
# How many steps of a pattern take as long as looking at one value.
_PATTERN_STEPS: Final = 128
_PATTERNS: Final = frozenset({"pattern", "patternProperties"})


@dataclass(frozen=True, slots=True)
class Narrowed:
    """How a credential has to be proven.

    Args:
        proofs: Sets of names of suites, proof types or algorithms: it has a name of each.
        bindings: Algorithms of the holder's key binding, any one of which will do; None takes every one.
    """

    proofs: tuple[frozenset[str], ...]
    bindings: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a credential must say.

    Args:
        paths: JSONPaths, of which the first that leads somewhere counts.
        filter: What stands there must satisfy it; None takes anything.
        optional: Whether a credential without it will do.
    """

    paths: tuple[str, ...]
    filter: ClaimsValidator | None
    optional: bool
    field_id: str | None = None
    name: str | None = None
    purpose: str | None = None

    def takes(self, value: JSONValue, work: Work) -> bool:
        """Tell whether a value satisfies the filter; raises WorkExceeded."""
        if self.filter is None:
            return True
        work.look_through(value)
        asked = {_VALUE: value}
        work.spend(self.filter.pattern_steps(asked) // _PATTERN_STEPS)
        return self.filter.allows(asked)


@dataclass(frozen=True, slots=True)
class InputDescriptor:
    """One credential that is asked for.

    Args:
        formats: The forms that will do, each with the choices of proofs that will do; None takes any form.
        groups: Names that submission requirements pick from.
        limits: Whether nothing may be shown beyond the fields.
        prefers_limits: Whether it is asked, and no more, that nothing is shown beyond them.
    """

    descriptor_id: str
    formats: Mapping[str, tuple[Narrowed, ...]] | None
    fields: tuple[Field, ...]
    groups: frozenset[str]
    limits: bool
    prefers_limits: bool
    name: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """How many of a group of descriptors, or of further requirements, have to be answered.

    Args:
        group: Name of the group; None where `nested` says what is picked from.
        at_least: Fewest that must be answered.
        at_most: Most that may be; None without limit.
    """

    group: str | None
    nested: tuple[Requirement, ...]
    picks_all: bool
    at_least: int
    at_most: int | None


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole question."""

    definition_id: str
    descriptors: tuple[InputDescriptor, ...]
    requirements: tuple[Requirement, ...]
    name: str | None = None
    purpose: str | None = None

    def named(self, descriptor_id: str) -> InputDescriptor | None:
        """The descriptor of an id."""
        return next((one for one in self.descriptors if one.descriptor_id == descriptor_id), None)


def read_definition(value: object, pointer: str = "") -> Definition:
    """Read a presentation definition.

    Args:
        pointer: Where it stands, for faults.

    Raises:
        QueryRefused: Malformed, over a bound, or with a feature that is not honoured here; with the fault.
    """
    members = Members(require_small(value, pointer), pointer)
    definition_id = members.required_text("id")
    members.refuse_any(("frame",), "is not honoured here; name the fields that you need")
    formats = _formats(members)
    listed = members.listed("input_descriptors", most=QUERIES_MOST, required=True) or ()
    at = members.at("input_descriptors")
    # Before any of them is compiled.
    if _count_patterns(listed) > PATTERNS_MOST:
        raise refused(at, f"must not hold over {PATTERNS_MOST} patterns")
    descriptors = tuple(_descriptor(one, child(at, index), formats) for index, one in enumerate(listed))
    ids = [one.descriptor_id for one in descriptors]
    if len(set(ids)) != len(ids):
        raise refused(at, "must not hold an id twice")
    paths = [path for one in descriptors for field in one.fields for path in field.paths]
    if len(paths) > PATHS_MOST or sum(map(searches, paths)) > SEARCHES_MOST:
        raise refused(at, f"must not hold over {PATHS_MOST} paths, nor over {SEARCHES_MOST} that search a document")
    required = members.listed("submission_requirements", most=QUERIES_MOST) or ()
    at = members.at("submission_requirements")
    groups = frozenset().union(*(one.groups for one in descriptors))
    requirements = tuple(_requirement(one, child(at, index), groups, 1) for index, one in enumerate(required))
    if sum(map(_count, requirements)) > REQUIREMENTS_MOST:
        raise refused(at, f"must not be over {REQUIREMENTS_MOST} with those nested in them")
    if requirements and not all(one.groups for one in descriptors):
        raise refused(members.at("input_descriptors"), "must each be of a group, for requirements pick from groups")
    return Definition(definition_id, descriptors, requirements, members.text("name"), members.text("purpose"))


def _descriptor(
    value: JSONValue, pointer: str, inherited: Mapping[str, tuple[Narrowed, ...]] | None
) -> InputDescriptor:
    members = Members.of(value, pointer)
    constraints = Members.of(members.source.get("constraints"), members.at("constraints"))
    constraints.refuse_any(_UNSUPPORTED_CONSTRAINTS, "is not honoured here")
    constraints.refuse_others(_CONSTRAINTS)
    limit = constraints.text("limit_disclosure")
    if limit not in (None, "required", "preferred"):
        raise refused(constraints.at("limit_disclosure"), "must be required or preferred")
    listed = constraints.listed("fields", most=FIELDS_MOST) or ()
    at = constraints.at("fields")
    formats = _formats(members)
    return InputDescriptor(
        descriptor_id=members.required_text("id"),
        formats=formats if formats is not None else inherited,
        fields=tuple(_field(one, child(at, index)) for index, one in enumerate(listed)),
        groups=frozenset(members.texts("group", most=CHOICES_MOST) or ()),
        limits=limit == "required",
        prefers_limits=limit == "preferred",
        name=members.text("name"),
        purpose=members.text("purpose"),
    )


def _field(value: JSONValue, pointer: str) -> Field:
    members = Members.of(value, pointer)
    members.refuse_any(("predicate",), "is not honoured here: values are shown, or kept back, as they are")
    members.refuse_others(_FIELD)
    at = members.at("path")
    listed = members.texts("path", most=CHOICES_MOST, required=True) or ()
    members.flag("intent_to_retain", otherwise=False)
    return Field(
        paths=tuple(read_jsonpath(one, child(at, index)) for index, one in enumerate(listed)),
        filter=_filter(members),
        optional=members.flag("optional", otherwise=False),
        field_id=members.text("id"),
        name=members.text("name"),
        purpose=members.text("purpose"),
    )


def _filter(members: Members) -> ClaimsValidator | None:
    below = members.below("filter")
    if below is None:
        return None
    # Filters name the draft they were written for; what we take of JSON Schema means the same in all of them.
    stated: dict[str, Any] = {name: value for name, value in below.source.items() if name != "$schema"}
    if _has_reference(stated):
        raise refused(below.pointer, "must not refer to other schemas", "UNSUPPORTED")
    schema: dict[str, Any] = {"type": "object", "properties": {_VALUE: stated}}
    try:
        vet_schema(schema)
        return ClaimsValidator(schema)
    except SchemaRefused as error:
        inner = (error.pointer or "").removeprefix(f"/properties/{_VALUE}")
        raise refused(below.pointer + inner, "is no JSON Schema that is enforced here: " + error.detail) from None


def _count_patterns(value: object) -> int:
    if isinstance(value, Mapping):
        return sum((name in _PATTERNS) + _count_patterns(one) for name, one in value.items())
    return sum(map(_count_patterns, value)) if isinstance(value, list) else 0


def _count(requirement: Requirement) -> int:
    return 1 + sum(map(_count, requirement.nested))


def _has_reference(value: object) -> bool:
    if isinstance(value, Mapping):
        return "$ref" in value or "$dynamicRef" in value or any(_has_reference(one) for one in value.values())
    return isinstance(value, list) and any(_has_reference(one) for one in value)


def _formats(members: Members) -> Mapping[str, tuple[Narrowed, ...]] | None:
    below = members.below("format")
    if below is None:
        return None
    found: dict[str, tuple[Narrowed, ...]] = {}
    for name in below.source:
        form = FORMATS.get(name)
        inner = below.below(name)
        if form is None or inner is None:
            continue  # other forms of credential may be named beside ours
        bindings = inner.texts(_BINDING, most=CHOICES_MOST)
        narrowed = Narrowed(
            tuple(frozenset(names) for key in _NARROWING if (names := inner.texts(key, most=CHOICES_MOST))),
            frozenset(bindings) if bindings is not None else None,
        )
        # Two names of one form widen it.
        found[form] = (*found.get(form, ()), narrowed)
    if not found:
        raise refused(below.pointer, "must name a form of credential that is understood here", "UNSUPPORTED")
    return found


def _requirement(value: JSONValue, pointer: str, groups: frozenset[str], depth: int) -> Requirement:
    members = Members.of(value, pointer)
    if depth > DEPTH_MOST:
        raise refused(pointer, f"must not nest deeper than {DEPTH_MOST} levels")
    rule = members.required_text("rule")
    if rule not in ("all", "pick"):
        raise refused(members.at("rule"), "must be all or pick")
    group, nested = members.text("from"), members.listed("from_nested", most=QUERIES_MOST)
    if (group is None) == (nested is None):
        raise refused(pointer, "must have exactly one of from and from_nested")
    if group is not None and group not in groups:
        raise refused(members.at("from"), "must be a group of some input descriptor")
    count, least, most = members.whole("count"), members.whole("min"), members.whole("max")
    if rule == "all":
        count = least = most = None
    if count is not None and (count < 1 or least is not None or most is not None):
        raise refused(members.at("count"), "must be from 1, without min and max beside it")
    if least is not None and most is not None and least > most:
        raise refused(members.at("max"), "must not be under min")
    if rule == "pick" and count is None and least is None and most is None:
        least = 1
    at = members.at("from_nested")
    return Requirement(
        group=group,
        nested=tuple(_requirement(one, child(at, index), groups, depth + 1) for index, one in enumerate(nested or ())),
        picks_all=rule == "all",
        at_least=count if count is not None else (least or 0),
        at_most=count if count is not None else most,
    )
