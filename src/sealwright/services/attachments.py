"""Uploaded files: judged by their content, kept as they came, given out as downloads only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.errors import AttachmentNotFound, MalformedBody, UnsupportedUpload, UploadsFull
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller, Person
from sealwright.domain.submissions import reads_submissions
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.desk_ports import Attachment
from sealwright.services.looks import Looks
from sealwright.services.pictures import LOGO
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.profile import present_person
from sealwright.vc.errors import Fault

ATTACHMENT_BYTES: Final = 10 * 1024 * 1024
NAME_MAX: Final = 200
# Files of one person that speak for nothing yet: twice what a request takes, so that a form filled anew finds room.
LOOSE_FILES_MOST: Final = 40
LOOSE_BYTES_MOST: Final = 100 * 1024 * 1024
LOOSE_FOR: Final = timedelta(days=1)
_ENDINGS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
MEDIA_TYPES: Final = tuple(_ENDINGS)
_HIDDEN: Final = "There is no such file."


class AttachmentDesk:
    """Takes files in and gives them out to whoever may see them."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, looks: Looks) -> None:
        self._units = units
        self._clock = clock
        self._looks = looks

    def upload(self, uow: UnitOfWork, caller: Caller, name: str, content: bytes) -> Attachment:
        """Keep a file of the caller's.

        Args:
            name: As the browser told it; cut to its last part, and to letters that show.

        Raises:
            UnsupportedUpload: Its content is no PNG, JPEG, WebP or PDF, whatever its name says.
            MalformedBody: It is empty, or has more than 10 MiB.
            UploadsFull: Too many files of theirs speak for nothing yet, or too large ones; admins have no such bound.
        """
        person = present_person(uow, caller)
        if not 0 < len(content) <= ATTACHMENT_BYTES:
            detail = "is empty" if not content else "has more than 10 MiB"
            raise MalformedBody(f"The file {detail}.", faults=[Fault("/file", "INVALID_VALUE", detail)])
        media_type = media_type_of(content)
        if not caller.is_admin:
            self._make_room(uow, person, len(content))
        attachment = Attachment(
            attachment_id=new_id("att"),
            user_id=person.user_id,
            name=shown_name(name, media_type),
            media_type=media_type,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            created_at=self._clock.now(),
        )
        uow.attachments.add(attachment)
        return attachment

    def _make_room(self, uow: UnitOfWork, person: Person, more_bytes: int) -> None:
        """Hold a new file against what waits to be used; what nothing used for a day goes where there is no room.

        Raises:
            UploadsFull: There is no room.
        """
        uow.attachments.hold(person.user_id)
        in_use = _in_use(uow, person)
        loose = {one: size for one, size in uow.attachments.sizes(person.user_id).items() if one not in in_use}
        if _fits(loose, more_bytes):
            return
        until = self._clock.now() - LOOSE_FOR
        stale = [one for one, (_, came_at) in loose.items() if came_at <= until]
        if not _fits({one: loose[one] for one in loose if one not in stale}, more_bytes):
            raise UploadsFull("Too many files wait to be used; name them in a request, or wait a day.")
        uow.attachments.drop(stale)

    def get(self, caller: Caller, attachment_id: str) -> Attachment:
        """A file with its content, for who uploaded it, for who may read what it speaks for, and for admins.

        It speaks for a request, to the reviewers of that, or for a step's work, to those who read what was handed in.

        Raises:
            AttachmentNotFound: No such file, or not for this caller; in the same words.
        """
        with self._units(write=False) as uow:
            found = uow.attachments.get(attachment_id)
            if found is None or not _may_see(uow, caller, found, self._clock.now()):
                raise AttachmentNotFound(_HIDDEN)
        if caller.person is None or caller.person.user_id != found.user_id:
            with self._looks.opening(caller, "attachment", attachment_id):
                # What was read above is handed out only once the row is there.
                pass
        return found


def _in_use(uow: UnitOfWork, person: Person) -> frozenset[str]:
    """The files that speak for a request of theirs, were handed in with a step, or are pictures of the office."""
    evidence = {piece.attachment_id for request in uow.requests.of_person(person.user_id) for piece in request.evidence}
    badges = {one.badge_attachment_id for one in uow.types.all() if one.badge_attachment_id is not None}
    logo = uow.office.get(LOGO)
    handed_in = uow.claims.pictures_of(person.user_id)
    return frozenset({*evidence, *handed_in, *badges, *([logo] if logo else [])})


def _fits(loose: Mapping[str, tuple[int, datetime]], more_bytes: int) -> bool:
    there_are = sum(size for size, _ in loose.values())
    return len(loose) < LOOSE_FILES_MOST and there_are + more_bytes <= LOOSE_BYTES_MOST


def _may_see(uow: UnitOfWork, caller: Caller, attachment: Attachment, now: datetime) -> bool:
    if caller.is_admin or (caller.person is not None and caller.person.user_id == attachment.user_id):
        return True
    return _speaks_for_request(uow, caller, attachment) or _was_handed_in(uow, caller, attachment, now)


def _speaks_for_request(uow: UnitOfWork, caller: Caller, attachment: Attachment) -> bool:
    return any(
        caller.covers(request.credential_type)
        for request in uow.requests.of_person(attachment.user_id)
        if any(piece.attachment_id == attachment.attachment_id for piece in request.evidence)
    )


def _was_handed_in(uow: UnitOfWork, caller: Caller, attachment: Attachment, now: datetime) -> bool:
    """Tell whether it belongs to a submission that the caller may read."""
    if caller.person is None or not caller.person.active:
        return False
    user_id = caller.person.user_id
    places = uow.claims.pictures_of(attachment.user_id).get(attachment.attachment_id, ())
    held = uow.grants.active_types(user_id, now) if places else frozenset[str]()
    return any(
        workflow.status is not WorkflowStatus.DELETED and reads_submissions(workflow, user_id, held)
        for workflow in uow.workflows.get_many(places).values()
    )


def media_type_of(content: bytes) -> str:
    """Tell what a file is by how it begins; its name and what the browser says count for nothing.

    Raises:
        UnsupportedUpload: Something else.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return "image/png"
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:15] == b"WEBPVP8":
        return "image/webp"
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]:
        return "application/pdf"
    raise UnsupportedUpload("A file must be a PNG, JPEG or WebP picture, or a PDF.")


def shown_name(name: str, media_type: str) -> str:
    """A file's name as it is shown and offered for saving: no path, nothing hidden, and the ending of what it is."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '"<>:|?*').strip(" .")
    ending = _ENDINGS[media_type]
    stem = kept[: -len(ending)] if kept.lower().endswith(ending) else kept
    if media_type == "image/jpeg" and kept.lower().endswith(".jpeg"):
        stem = kept[:-5]
    return f"{stem[: NAME_MAX - len(ending)] or 'file'}{ending}"
