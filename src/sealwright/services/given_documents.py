"""Reading the documents that VC-API callers wrote themselves: who issues, about whom, until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import InvalidDate


def id_of(node: object) -> str:
    """The id of a node that may also stand as its id alone."""
    return str(node["id"]) if isinstance(node, Mapping) else str(node)


def as_list(value: object) -> list[object]:
    """One or several, as several."""
    return list(value) if isinstance(value, list | tuple) else [value]


def placed_subjects(credential: Mapping[str, JSONValue]) -> Iterator[tuple[str, Mapping[str, JSONValue]]]:
    """Each subject with the JSON Pointer of its place in the document."""
    subject = credential.get("credentialSubject")
    for index, one in enumerate(as_list(subject)):
        if isinstance(one, Mapping):
            yield f"/credentialSubject/{index}" if isinstance(subject, list) else "/credentialSubject", one


def subjects(credential: Mapping[str, JSONValue]) -> Iterator[Mapping[str, JSONValue]]:
    """Each subject."""
    return (subject for _, subject in placed_subjects(credential))


def subject_id(credential: Mapping[str, JSONValue]) -> str:
    """The id of the first subject that has one; empty text without."""
    return next((str(subject["id"]) for subject in subjects(credential) if isinstance(subject.get("id"), str)), "")


def document_date(credential: Mapping[str, JSONValue], member: str) -> datetime | None:
    """A date of the document in whole seconds; None where it states none that can be read."""
    text = credential.get(member)
    if not isinstance(text, str):
        return None
    try:
        return parse_xsd_datetime_stamp(text).replace(microsecond=0)
    except InvalidDate:
        return None
