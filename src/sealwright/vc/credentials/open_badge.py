"""Open Badges 3.0: an achievement as a credential of the Data Model 2.0, in words that badge software reads.

Spec: Open Badges Specification 3.0, "OpenBadgeCredential", "Achievement", "AchievementSubject".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.vc.credentials.model import DataModel
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp

OPEN_BADGE_CONTEXT: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGE_TYPE: Final = "OpenBadgeCredential"


@dataclass(frozen=True, slots=True)
class Achievement:
    """What a badge is given for.

    Args:
        id: An absolute URL; every badge for the same achievement names it.
        criteria: What had to be done, in words.
        image: Address of a picture; None leaves it out.
    """

    id: str
    name: str
    description: str
    criteria: str
    image: str | None = None


@dataclass(frozen=True, slots=True)
class BadgeParts:
    """Everything a badge says; dates are aware UTC in whole seconds."""

    credential_id: str
    issuer_did: str
    issuer_name: str
    subject_id: str
    achievement: Achievement
    valid_from: datetime
    valid_until: datetime | None = None
    status: tuple[Mapping[str, JSONValue], ...] = ()


def build_open_badge(parts: BadgeParts) -> dict[str, JSONValue]:
    """The unsigned badge."""
    document: dict[str, JSONValue] = {
        "@context": [DataModel.V2_0.base_context, OPEN_BADGE_CONTEXT],
        "id": parts.credential_id,
        "type": ["VerifiableCredential", OPEN_BADGE_TYPE],
        "name": parts.achievement.name,
        "issuer": {"id": parts.issuer_did, "type": ["Profile"], "name": parts.issuer_name},
        "validFrom": format_timestamp(parts.valid_from),
    }
    if parts.valid_until is not None:
        document["validUntil"] = format_timestamp(parts.valid_until)
    document["credentialSubject"] = {
        "id": parts.subject_id,
        "type": ["AchievementSubject"],
        "achievement": _achievement(parts.achievement),
    }
    if parts.status:
        entries: list[JSONValue] = [dict(entry) for entry in parts.status]
        document["credentialStatus"] = entries[0] if len(entries) == 1 else entries
    return document


def _achievement(achievement: Achievement) -> dict[str, JSONValue]:
    member: dict[str, JSONValue] = {
        "id": achievement.id,
        "type": ["Achievement"],
        "name": achievement.name,
        "description": achievement.description,
        "criteria": {"narrative": achievement.criteria},
    }
    if achievement.image is not None:
        member["image"] = {"id": achievement.image, "type": "Image"}
    return member
