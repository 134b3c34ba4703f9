"""Pictures that anybody may see: the organization's logo, and the badges of the credential types on offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.domain.catalog import Visibility
from sealwright.services.desk_ports import Attachment
from sealwright.services.ports import UnitOfWork

# The setting that names the logo, an uploaded picture.
LOGO: Final = "logo"


@dataclass(frozen=True, slots=True)
class PublicPictures:
    """Which uploads are shown to everybody; every other one is for those who may see it.

    Args:
        logo: SHA-256 of the organization's logo, as 64 hexadecimal digits; None where it has none.
        badges: The same of badges, by the value of an active public type.
        uploads: The upload behind each of these digests, by id.
    """

    logo: str | None
    badges: Mapping[str, str]
    uploads: Mapping[str, str]


def public_pictures(uow: UnitOfWork) -> PublicPictures:
    """Find the pictures that are public now."""
    logo_id = uow.office.get(LOGO)
    badge_ids = {
        one.value: one.badge_attachment_id
        for one in uow.types.all()
        if one.active and one.visibility is Visibility.PUBLIC and one.badge_attachment_id is not None
    }
    wanted = list(dict.fromkeys([*([logo_id] if logo_id else []), *badge_ids.values()]))
    known = {one.attachment_id: one for one in uow.attachments.describe(wanted) if _is_picture(one)} if wanted else {}
    return PublicPictures(
        logo=known[logo_id].sha256 if logo_id in known else None,
        badges={value: known[one].sha256 for value, one in badge_ids.items() if one in known},
        uploads={one.sha256: one.attachment_id for one in known.values()},
    )


def _is_picture(attachment: Attachment) -> bool:
    return attachment.media_type.startswith("image/")
