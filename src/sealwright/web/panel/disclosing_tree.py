"""The claims of a credential as boxes: grouped as they are nested, in the words of the credential schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sealwright.locales import N_
from sealwright.services.claim_words import member_words, spelled_value
from sealwright.services.deriving import Choice
from sealwright.vc.encoding.pointers import steps_of, value_at
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import UnreadableJSON
from sealwright.vc.proofs.sd_jwt_vc import ENVELOPE_NAMES

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

SUBJECT: Final = "credentialSubject"
_DEPTH_MAX: Final = 32
_AROUND: Final[Mapping[str, str]] = {
    "id": N_("Credential id"),
    "jti": N_("Credential id"),
    "type": N_("Credential type"),
    "vct": N_("Credential type"),
    "issuer": N_("Issuer"),
    "iss": N_("Issuer"),
    "sub": N_("Holder DID"),
    "cnf": N_("The holder's key"),
    "issuanceDate": N_("Beginning of its validity"),
    "validFrom": N_("Beginning of its validity"),
    "nbf": N_("Beginning of its validity"),
    "iat": N_("When it was signed"),
    "expirationDate": N_("End of its validity"),
    "validUntil": N_("End of its validity"),
    "exp": N_("End of its validity"),
    "credentialStatus": N_("Entry in the status list"),
    "status": N_("Entry in the status list"),
    "credentialSchema": N_("Credential schema"),
    "evidence": N_("Evidence"),
    "termsOfUse": N_("Terms of use"),
    "refreshService": N_("Refresh service"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One claim, or a group of them.

    Args:
        pointer: Of the claim; of a group, that of what stands around its claims.
        text: The claim's value; empty for a group.
        is_fixed: The issuer always shows it.
        comes_along: It is shown with whatever is shown beside it.
        inner: The boxes of a group.
    """

    pointer: str
    label: str
    text: str = ""
    is_fixed: bool = False
    is_on: bool = False
    comes_along: bool = False
    inner: tuple[Box, ...] = ()


@dataclass(slots=True)
class _Place:
    """A step of the tree while it grows."""

    offered: Choice | None = None
    inner: dict[str, _Place] = field(default_factory=dict)


def boxes_of(
    offered: Sequence[Choice], chosen: Collection[str], schema: Mapping[str, JSONValue], own_id: str
) -> tuple[Box, ...]:
    """The boxes of the claims that may be shown, in the order of the document.

    Args:
        chosen: Pointers that are ticked.
        schema: The credential schema; its titles name the claims. Empty where there is none.
        own_id: What to call the id of whom it is about.
    """
    schema = {**schema, "properties": {**_object(schema.get("properties")), "id": {"title": own_id}}}
    root = _Place()
    for one in offered:
        if (steps := _claim_steps(one.pointer)) is None:
            continue
        place = root
        for step in steps:
            place = place.inner.setdefault(step, _Place())
        place.offered = one
    return tuple(_boxes(root, "", schema, frozenset(chosen), 0))


def around_of(page: PageCall, offered: Sequence[Choice]) -> tuple[str, ...]:
    """What of the credential itself is always shown, in words, each once."""
    names = (steps_of(one.pointer)[0] for one in offered if one.is_mandatory and _claim_steps(one.pointer) is None)
    return tuple(dict.fromkeys(page._(_AROUND[name]) if name in _AROUND else member_words(name) for name in names))


def free_around_of(offered: Sequence[Choice], chosen: Collection[str]) -> tuple[Box, ...]:
    """What of the credential itself its issuer left to the holder."""
    return tuple(
        Box(one.pointer, ", ".join(one.labels), text=_text(one.value), is_on=one.pointer in chosen)
        for one in offered
        if not one.is_mandatory and _claim_steps(one.pointer) is None
    )


def leaves(boxes: Sequence[Box], outer: str = "") -> Iterator[tuple[Box, str]]:
    """Every claim with its label behind those of the groups around it."""
    for box in boxes:
        label = f"{outer}, {box.label[:1].lower()}{box.label[1:]}" if outer else box.label
        if box.inner:
            yield from leaves(box.inner, label)
        else:
            yield box, label


def is_seen(derived: JSONValue, box: Box, chosen: Collection[str]) -> bool:
    """Tell whether a derived document shows a claim. Items of lists may have moved up; of them the choice tells."""
    steps = steps_of(box.pointer)
    if any(step.isdigit() for step in steps):
        around = {box.pointer.rsplit("/", cut)[0] for cut in range(len(steps))}
        beside = f"{box.pointer.rpartition('/')[0]}/"
        is_taken_along = box.comes_along and any(one.startswith(beside) for one in chosen)
        return box.is_fixed or is_taken_along or not around.isdisjoint(chosen)
    try:
        value_at(derived, box.pointer)
    except (LookupError, TypeError):
        return False
    return True


def schema_content(content: bytes | None) -> dict[str, JSONValue]:
    """A registered schema as an object; empty where there is none, or it is none."""
    try:
        value = parse_json(content) if content is not None else None
    except UnreadableJSON:
        return {}
    return value if isinstance(value, dict) else {}


def _claim_steps(pointer: str) -> tuple[str, ...] | None:
    """The steps inside the claims; None for what is said of the credential itself."""
    steps = steps_of(pointer)
    if steps[:1] == (SUBJECT,):
        return steps[1:] or None
    is_around = not steps or steps[0] in _AROUND or steps[0] in ENVELOPE_NAMES
    return None if is_around else steps


def _boxes(
    place: _Place, group: str, schema: Mapping[str, JSONValue], chosen: frozenset[str], depth: int
) -> Iterator[Box]:
    for step, inner in place.inner.items():
        part = _member(schema, step)
        title = part.get("title")
        label = title if isinstance(title, str) and title else _step_words(step, group)
        if inner.inner and depth < _DEPTH_MAX:
            inside = tuple(_boxes(inner, label, part, chosen, depth + 1))
            yield Box(_pointer_of(inner), label, inner=inside)
        elif inner.offered is not None:
            one = inner.offered
            yield Box(
                one.pointer,
                label,
                text=_text(one.value),
                is_fixed=one.is_mandatory,
                is_on=one.is_mandatory or one.pointer in chosen,
                comes_along=one.is_implied,
            )


def _pointer_of(place: _Place) -> str:
    if place.offered is not None:
        return place.offered.pointer
    first = next(iter(place.inner.values()))
    return _pointer_of(first).rpartition("/")[0]


def _object(value: JSONValue) -> Mapping[str, JSONValue]:
    return value if isinstance(value, dict) else {}


def _member(schema: Mapping[str, JSONValue], step: str) -> Mapping[str, JSONValue]:
    inner = _object(schema.get("properties")).get(step)
    return _object(schema.get("items") if inner is None and step.isdigit() else inner)


def _step_words(step: str, group: str) -> str:
    return f"{group} {int(step) + 1}".strip() if step.isdigit() else member_words(step)


def _text(value: JSONValue) -> str:
    if isinstance(value, list):
        return ", ".join(spelled_value(item) for item in value)
    return spelled_value(value)
