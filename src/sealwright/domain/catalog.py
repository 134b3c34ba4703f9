"""The catalog: credential types that people may hold, and what each of them asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sealwright.domain.errors import InvalidTypeValue

_VALUE: Final = re.compile(r"[a-z0-9_]{1,64}")
# Filters spell "every type" with this word.
RESERVED_VALUES: Final = frozenset({"all"})


class Visibility(StrEnum):
    """Who may ask for a credential type."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


class RevocationPolicy(StrEnum):
    """What becomes of step claims when a grant is lost (contract, section 1.2)."""

    KEEP_CURRENT_RELEASE_FUTURE = "keep_current_release_future"
    RELEASE_UNSTARTED = "release_unstarted"
    RELEASE_ALL = "release_all"
    RETAIN_ALL = "retain_all"


@dataclass(frozen=True, slots=True)
class CredentialType:
    """One entry of the catalog.

    Args:
        value: The name on the wire; unique in its look-alike form too.
        label: What people read, in the office's language.
        labels: Further languages, by locale.
        checklist: What a reviewer ticks off.
        questions: What a requester answers in words.
        badge_attachment_id: An uploaded image for cards and chips.
        validity_days: A grant ends so many days after it was made; None means never.
        renewal_reminder_days: The holder is told so many days before the end.
        target_hours: A decision later than this counts as past its target.
        schema_id: The credential schema whose claims the credential carries.
        issuer_did: Who signs.
        two_person: Two different reviewers must approve.
        approval_note_required: Approving needs a note as well.
    """

    value: str
    label: str
    schema_id: str
    issuer_did: str
    created_at: datetime
    updated_at: datetime
    visibility: Visibility = Visibility.PUBLIC
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    criteria: str | None = None
    checklist: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    badge_attachment_id: str | None = None
    validity_days: int | None = None
    renewal_reminder_days: int | None = None
    target_hours: int | None = None
    revocation_policy: RevocationPolicy = RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE
    proof_type: str = "Ed25519Signature2020"
    suspendable: bool = False
    two_person: bool = False
    approval_note_required: bool = False
    active: bool = True
    version: int = 1

    def __post_init__(self) -> None:
        if not _VALUE.fullmatch(self.value) or self.value in RESERVED_VALUES:
            raise InvalidTypeValue("A credential type's value is 1 to 64 of a–z, 0–9 and _, and not the word all.")

    def label_in(self, locale: str) -> str:
        """The label in a language, else the office's own."""
        return self.labels.get(locale, self.label)

    @property
    def is_granted_directly(self) -> bool:
        """Tell whether one reviewer may grant it without a request.

        Where two must approve they approve a request; only what nobody may ask for is left to the office alone.
        """
        return not self.two_person or self.visibility is Visibility.PRIVATE

    def end_of_grant(self, now: datetime) -> datetime | None:
        """When a grant made now ends by itself."""
        return now + timedelta(days=self.validity_days) if self.validity_days is not None else None


@dataclass(frozen=True, slots=True)
class TypeUsage:
    """What refers to a credential type; all zero means that it was never used."""

    requests: int = 0
    grants: int = 0
    scopes: int = 0
    workflow_roles: int = 0

    @property
    def is_used(self) -> bool:
        """Tell whether deletion would leave something dangling."""
        return bool(self.requests or self.grants or self.scopes or self.workflow_roles)


# Cyrillic and Greek letters that pass for Latin ones in either case, in their folded form.
_TWINS: Final = str.maketrans(
    "авекмнорстухѕіјԁһӏԛԝαβεζηικμνορτυχ",
    "abekmhopctyxsijdhlqwabezhikmvoptyx",
)


def look_alike_form(label: str) -> str:
    """Give the form under which labels are unique.

    Compatibility forms, case, runs of blanks, and letters of other scripts that pass for Latin ones are folded away.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    return " ".join(folded.translate(_TWINS).split())
