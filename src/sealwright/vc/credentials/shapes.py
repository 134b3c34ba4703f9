"""The form of a credential told by its shape: most of `check_credential` is the same for all documents of one shape.

Member names, nesting, kinds, contexts and types belong to the shape. What is left to each document are its texts: that
identifiers are URLs, that dates exist and end after they begin, and that nothing in it has the credential's own name.
This is a shorter way to a yes and never to a no: whatever is not plainly right is `check_credential`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sealwright.vc.canon.plans import Planned
from sealwright.vc.credentials.form import is_url
from sealwright.vc.credentials.members import ENDS, STARTS
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import DocumentRefused, InvalidDate

_TYPED: Final = ("credentialStatus", "credentialSchema", "refreshService", "evidence", "termsOfUse")
_TEXTS: Final = ("name", "description")


@dataclass(frozen=True, slots=True)
class Period:
    """The dates of a credential whose form is right: every beginning and every end of validity that it states."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class FormOfShape:
    """What remains to be looked at in each credential of a shape, by places of leaves.

    Args:
        identifiers: Identifiers that the canonical form writes as IRIs, and so has looked at.
        urls: Other identifiers.
        starts: Dates from which it is valid.
        ends: Dates until which it is valid.
        name: The credential's id; None where it has none.
        others: The ids of all objects inside.
    """

    identifiers: tuple[int, ...]
    urls: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    name: int | None
    others: tuple[int, ...]


class _NotToldError(Exception):
    """The shape has something that is looked at anew in every document."""


def form_of_shape(document: Mapping[str, Any], places: Mapping[str, Any], iris: frozenset[int]) -> FormOfShape | None:
    """What remains to be looked at in credentials of a shape, of which one is given without proof.

    Args:
        document: A credential of the shape.
        places: The same with the places of leaves, as `NotesOnShape` says.
        iris: The leaves that are written as IRIs.

    Returns:
        None where the shape has members that are looked at anew each time, or the form is not right.
    """
    try:
        check_credential(document)
        # A keyword may give an object another name, and content is compared with digests.
        if "relatedResource" in document or any(isinstance(document.get(name, ""), str) is False for name in _TEXTS):
            return None
        urls = {*_urls(document, places)}
        others = tuple(_ids(places, document, is_top=True))
        return FormOfShape(
            identifiers=tuple(sorted(urls & iris)),
            urls=tuple(sorted(urls - iris)),
            starts=tuple(_leaf(document, places, name) for name in STARTS if name in document),
            ends=tuple(_leaf(document, places, name) for name in ENDS if name in document),
            name=_leaf(document, places, "id") if "id" in document else None,
            others=others,
        )
    except (DocumentRefused, _NotToldError):
        return None


def period_by_shape(document: Mapping[str, Any], planned: Planned, proof: object) -> Period | None:
    """The dates of a credential, if its shape and its texts show that its form is right.

    Args:
        document: The credential without its proof.
        planned: What a plan made of it.
        proof: The member `proof` as it stands in the credential.

    Returns:
        None where `check_credential` has to tell.
    """
    form = planned.noted(document, form_of_shape) if _is_plain(proof) else None
    leaves = planned.leaves
    if form is None or not _are_named_well(form, leaves):
        return None
    try:
        starts = tuple([parse_xsd_datetime_stamp(leaves[place]) for place in form.starts])
        ends = tuple([parse_xsd_datetime_stamp(leaves[place]) for place in form.ends])
    except InvalidDate:
        return None
    return None if starts and ends and min(ends) < max(starts) else Period(starts, ends)


def _are_named_well(form: FormOfShape, leaves: Sequence[Any]) -> bool:
    """Whether identifiers are URLs, and none inside is the credential's own."""
    for place in form.identifiers:
        # The scheme and all characters were looked at; only that something follows the colon was not.
        if leaves[place][-1:] == ":":
            return False
    for place in form.urls:
        if not is_url(leaves[place]):
            return False
    if form.name is not None:
        name = leaves[form.name]
        for place in form.others:
            if leaves[place] == name:
                return False
    return True


def _is_plain(proof: object) -> bool:
    """Whether a proof is one object with a type, no name, and texts alone; it may repeat contexts."""
    if type(proof) is not dict or not proof.get("type") or "id" in proof:
        return False
    for name, value in proof.items():
        if name[:1] == "@":
            if name != "@context":
                return False
        elif type(value) is not str:
            return False
    return True


def _leaf(document: Mapping[str, Any], places: Mapping[str, Any], name: str) -> int:
    """The place of a member that is one text."""
    if type(document[name]) is not str or type(places[name]) is not int:
        raise _NotToldError
    place: int = places[name]
    return place


def _urls(document: Mapping[str, Any], places: Mapping[str, Any]) -> Iterator[int]:
    """The places of all that `check_credential` wants to be URLs."""
    if "id" in document:
        yield _leaf(document, places, "id")
    issuer = document["issuer"]
    if isinstance(issuer, dict):
        if any(type(value) is not str for value in issuer.values()):
            raise _NotToldError
        yield _leaf(issuer, places["issuer"], "id")
    else:
        yield _leaf(document, places, "issuer")
    for member in ("credentialSubject", *_TYPED):
        if member in document:
            parts, at = _listed(document[member]), _listed(places[member])
            for part, place in zip(parts, at, strict=True):
                if member != "credentialSubject" and not _is_fixed(part["type"], place["type"]):
                    raise _NotToldError
                if "id" in part:
                    yield _leaf(part, place, "id")


def _is_fixed(types: JSONValue, place: Any) -> bool:
    """Whether types belong to the shape, and are no leaf of it."""
    return types == place and isinstance(types, (str, list))


def _ids(places: Any, document: Any, *, is_top: bool = False) -> Iterator[int]:
    """The places of the ids of all objects inside; nothing may be spelled by keyword."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name[:1] == "@":
                if name != "@context" or not is_top:
                    raise _NotToldError
            elif name == "id" and not is_top:
                yield _leaf(document, places, name)
            else:
                yield from _ids(places[name], value)
    elif isinstance(document, list) and isinstance(places, list):
        for place, item in zip(places, document, strict=True):
            yield from _ids(place, item)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
