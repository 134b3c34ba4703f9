"""Notices of an inbox in words, with the labels of the credential types that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sealwright.domain.catalog import CredentialType
from sealwright.domain.notices import Notice
from sealwright.services.letters import Told


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A notice and what it says in the reader's language."""

    notice: Notice
    told: Told


def with_labels(data: Mapping[str, str], types: Mapping[str, CredentialType], locale: str) -> dict[str, str]:
    """Add the label of the credential type that the data name, and spell a scope by labels."""
    words = dict(data)
    named = types.get(data.get("credential_type", ""))
    if named is not None:
        words["type_label"] = named.label_in(locale)
    if data.get("scopes"):
        values = data["scopes"].split(",")
        words["scopes"] = ",".join(types[value].label_in(locale) if value in types else value for value in values)
    return words
