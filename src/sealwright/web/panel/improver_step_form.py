"""The form by which a step's work is handed in: words, a choice and photos for each work item, in its order.

Fields are named by the item's place; photos are taken in before anything else is judged, because a browser does not
send files again after a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import DomainError
from sealwright.domain.work_errors import SubmissionIncomplete
from sealwright.domain.workflow_plans import TEXT_MAX, WorkItem
from sealwright.domain.workflows import ItemResponse, Submission, WorkflowStep
from sealwright.locales import N_
from sealwright.vc.errors import VcError
from sealwright.web.panel.own_forms import tell
from sealwright.web.panel.page_form import CHOOSE, REQUIRED, Field, Form, Kind
from sealwright.web.problems import faults_of

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

STEP_FORM: Final = Form(
    Field("words.*", max_length=TEXT_MAX),
    Field("choice.*", max_length=200),
    Field("photos.*", Kind.FILE, many=True),
    Field("kept.*", many=True, max_length=64),
    Field("keep", Kind.FLAG),
)
NOT_POSSIBLE_FORM: Final = Form(
    Field("reason", required=True, max_length=TEXT_MAX, label=N_("Why is it not possible?"))
)
_NO_PICTURE: Final = N_("Only pictures are taken here: PNG, JPEG or WebP.")
_FEW_PHOTOS: Final = N_("At least %(least)s photos, please; there are %(given)s.")
_NO_WORDS: Final = N_("With this answer no words are asked for; leave this empty.")
_NO_PHOTOS: Final = N_("With this answer no photos are asked for; untick them.")
_MEMBERS: Final = {"written_response": "words", "dropdown_value": "choice", "photo_ids": "photos"}

Kept = Mapping[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class ItemField:
    """A work item as the form shows it.

    Args:
        place: By which its fields are named.
        words_with, photos_with: The answers that ask for words, or a photo, where the item itself does not.
        kept: Id and name of photos that were taken in already.
    """

    place: int
    item: WorkItem
    words_with: tuple[str, ...]
    photos_with: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]

    @property
    def asks_words(self) -> bool:
        """Tell whether words can be asked for."""
        return self.item.requires_written_response or bool(self.words_with)

    @property
    def asks_photos(self) -> bool:
        """Tell whether photos can be asked for."""
        return self.item.requires_photo or bool(self.photos_with)

    @property
    def least_photos(self) -> int:
        """How many photos are needed, once one is."""
        return 1 if not self.item.requires_photo or self.item.photo_allow_any_count else self.item.photo_required_count


def item_fields(step: WorkflowStep, kept: Kept) -> tuple[ItemField, ...]:
    """A step's work items, to be shown."""
    return tuple(
        ItemField(
            place,
            item,
            tuple(
                one.label
                for one in item.dropdown_options
                if one.requires_written_response and not item.requires_written_response
            ),
            tuple(
                one.label for one in item.dropdown_options if one.requires_photo_attachment and not item.requires_photo
            ),
            kept.get(place, ()),
        )
        for place, item in enumerate(step.work_items)
    )


def keep_photos(page: PageCall, step: WorkflowStep) -> Kept:
    """Take in the photos that came with the form; gives all that go with it, by the item's place."""
    return {place: _photos_of(page, place) for place in range(len(step.work_items))}


def _photos_of(page: PageCall, place: int) -> tuple[tuple[str, str], ...]:
    kept: dict[str, str] = {}
    for attachment_id in page.form.many(f"kept.{place}"):
        try:
            known = page.office.attachments.get(page.caller, attachment_id)
        except DomainError:
            continue
        kept[known.attachment_id] = known.name
    name = f"photos.{place}"
    for upload in page.form.files(name):
        try:
            made = page.act(
                lambda uow, me, one=upload: page.office.attachments.upload(uow, me, one.name, one.content)  # type: ignore[misc]
            )
        except (DomainError, VcError) as error:
            tell(page, error, {"file": name, "": name})
            continue
        if made.media_type.startswith("image/"):
            kept[made.attachment_id] = made.name
        else:
            page.form.fail(name, _NO_PICTURE)
    return tuple(kept.items())


def read_submission(page: PageCall, step: WorkflowStep, kept: Kept) -> Submission:
    """What was typed and taken, item by item in the step's order; what is blank is left out by the service."""
    form = page.form
    return Submission(
        tuple(
            ItemResponse(
                item.item_id,
                form.optional(f"words.{place}"),
                form.optional(f"choice.{place}"),
                tuple(attachment_id for attachment_id, _ in kept.get(place, ())),
            )
            for place, item in enumerate(step.work_items)
        )
    )


def tell_faults(page: PageCall, error: SubmissionIncomplete, step: WorkflowStep, kept: Kept) -> None:
    """Tie what the service found wrong with a submission to the fields, in words that every language has."""
    fields = item_fields(step, kept)
    blanks: set[int] = set()
    for fault in faults_of(error):
        parts = fault["pointer"].strip("/").split("/")
        if len(parts) > 2 and parts[0] == "items" and parts[1].isdecimal():
            _tell_one(page, fields[int(parts[1])], parts[2], is_missing=fault["code"] == "MISSING_FIELD")
        else:
            blanks = {one.place for one in fields if not one.item.optional and _is_blank(page, one)}
    for place in sorted(blanks):
        name, text = _first_of(fields[place])
        page.form.fail(name, text)
    if not page.form.errors:
        tell(page, error)


def _is_blank(page: PageCall, one: ItemField) -> bool:
    return not (page.form.text(f"words.{one.place}") or page.form.text(f"choice.{one.place}") or one.kept)


def _first_of(one: ItemField) -> tuple[str, str]:
    if one.item.requires_dropdown:
        return f"choice.{one.place}", CHOOSE
    return (f"words.{one.place}" if one.item.requires_written_response else f"photos.{one.place}"), REQUIRED


def _tell_one(page: PageCall, one: ItemField, member: str, *, is_missing: bool) -> None:
    name = f"{_MEMBERS.get(member, 'words')}.{one.place}"
    if page.form.error_of(name) is not None:
        return
    if member == "photo_ids":
        given = len(one.kept)
        if one.asks_photos and given < one.least_photos:
            page.form.fail(name, _FEW_PHOTOS, least=one.least_photos, given=given)
        else:
            page.form.fail(name, _NO_PHOTOS if given <= one.least_photos else _NO_PICTURE)
    elif member == "dropdown_value" or is_missing:
        page.form.fail(name, CHOOSE if member == "dropdown_value" else REQUIRED)
    else:
        page.form.fail(name, _NO_WORDS)
