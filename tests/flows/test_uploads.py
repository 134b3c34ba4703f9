"""Uploaded files that speak for nothing yet are bounded, for each person, on both databases."""

from __future__ import annotations

import pytest

from sealwright.domain.errors import AttachmentNotFound, UploadsFull
from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from tests.support.accounts import act, at_once
from tests.support.desk import join
from tests.support.office import MovableClock
from tests.support.review import ask, improver

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


def picture(content: int = 64) -> bytes:
    return PNG[:-64] + bytes(content)


def test_files_that_speak_for_nothing_are_bounded(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwright.services.attachments.LOOSE_FILES_MOST", 3)
    ana, eve, boss = improver(office, "ana"), join(office, "eve"), join(office, "boss", AccountRole.ADMIN)
    kept = [act(office, ana, office.attachments.upload, f"{n}.png", PNG) for n in range(3)]
    with pytest.raises(UploadsFull):
        act(office, ana, office.attachments.upload, "more.png", PNG)
    # Nobody else's files count, and whoever runs the office is not bounded.
    act(office, eve, office.attachments.upload, "a.png", PNG)
    for n in range(5):
        act(office, boss, office.attachments.upload, f"{n}.png", PNG)
    # A file that speaks for a request takes no room.
    ask(office, ana, evidence=(kept[0].attachment_id,))
    act(office, ana, office.attachments.upload, "more.png", PNG)
    with pytest.raises(UploadsFull):
        act(office, ana, office.attachments.upload, "and-more.png", PNG)
    # What nothing used for a day makes room, and only where room is needed.
    clock.move(hours=24)
    act(office, ana, office.attachments.upload, "next-day.png", PNG)
    with pytest.raises(AttachmentNotFound):
        office.attachments.get(ana, kept[1].attachment_id)
    assert office.attachments.get(ana, kept[0].attachment_id).content == PNG


def test_bytes_that_speak_for_nothing_are_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.services.attachments.LOOSE_BYTES_MOST", 1_000)
    ana = improver(office, "ana")
    act(office, ana, office.attachments.upload, "a.png", picture(900))
    with pytest.raises(UploadsFull):
        act(office, ana, office.attachments.upload, "b.png", picture(100))
    act(office, ana, office.attachments.upload, "c.png", picture(50))


def test_uploads_at_the_same_moment_do_not_pass_the_bound(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.services.attachments.LOOSE_FILES_MOST", 3)
    ana = improver(office, "ana")

    def upload() -> object:
        return office.acts.run(ana, lambda uow, me: office.attachments.upload(uow, me, "a.png", PNG))

    made = at_once(upload)
    assert sorted(type(one).__name__ for one in made) == ["Attachment"] * 3 + ["UploadsFull"] * 5
