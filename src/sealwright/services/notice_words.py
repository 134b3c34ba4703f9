"""Notices of an inbox in words, with the labels of the credential types that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sealwright.domain.catalog import CredentialType
from sealwright.domain.notices import Notice, NoticeKind
from sealwright.services.letters import Told
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.timestamps import format_timestamp

# Told to reviewers and admins about somebody else, who may be erased one day: names are looked up when they are read.
ABOUT_OTHERS = frozenset({NoticeKind.REQUEST_RECEIVED, NoticeKind.REQUEST_REPLIED, NoticeKind.ACCESS_REQUESTED})


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A notice and what it says in the reader's language."""

    notice: Notice
    told: Told


def kept_words(kind: NoticeKind, data: Mapping[str, str], most: int) -> dict[str, str]:
    """What a notice keeps: texts cut to a length, and nothing by which others than its reader are known."""
    dropped = {"name", "organization"} if kind in ABOUT_OTHERS else set()
    if kind in (NoticeKind.REQUEST_RECEIVED, NoticeKind.REQUEST_REPLIED):
        # The words stand at the request, where they go with their author's data.
        dropped.add("message")
    return {name: text[:most] for name, text in data.items() if name not in dropped}


def with_names(uow: UnitOfWork, notice: Notice) -> dict[str, str]:
    """A notice's data with the name of whom it is about, as of now; a person who was erased has none."""
    words = dict(notice.data)
    if notice.kind not in ABOUT_OTHERS:
        return words
    request = uow.requests.get(words["request_id"]) if "request_id" in words else None
    person = uow.people.get(request.user_id if request is not None else words.get("user_id", ""))
    if person is not None and not person.erased:
        words["name"] = person.display_name
        profile = uow.enrollment.issuer(person.user_id) if words.get("role") == "issuer" else None
        if profile is not None:
            words["organization"] = profile.organization
    return words


def with_labels(
    notice: Notice, data: Mapping[str, str], types: Mapping[str, CredentialType], locale: str
) -> dict[str, str]:
    """Add the label of the credential type that the data name, spell a scope by labels, and tell when a sign-in was."""
    words = dict(data)
    if notice.kind is NoticeKind.NEW_SIGN_IN:
        words |= {"at": format_timestamp(notice.created_at), "where": data.get("browser", "")}
    named = types.get(data.get("credential_type", ""))
    if named is not None:
        words["type_label"] = named.label_in(locale)
    if data.get("scopes"):
        values = data["scopes"].split(",")
        words["scopes"] = ",".join(types[value].label_in(locale) if value in types else value for value in values)
    return words
