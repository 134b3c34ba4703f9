"""Drafts of batches on both databases: kept with their file in parts, taken by one reader, forgotten in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sealwright.domain.batch_drafts import READING_LEASE, BatchDraft, FileShape, Reading
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW

DRAFT = BatchDraft(
    "bat_1", NOW, file_name="gente.csv", size=6, shape=FileShape.NDJSON, encoding="utf-16", separator=";",
    dates={"geboren": "dmy"}, reading=Reading.WAITING, read_bytes=3, skipped=2, fault_code="INVALID_BODY",
    fault="Line 3 is no row.", settled=("columns",), lease_until=NOW, fence=4,
)  # fmt: skip


def test_a_draft_is_kept_replaced_and_dropped_with_its_file(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batch_drafts.put(replace(DRAFT, fence=1))
        uow.batch_drafts.put(DRAFT)
        for number, part in enumerate((b"Mu\xc3", b"\xb1oz", b"")):
            uow.batch_drafts.add_part("bat_1", number, part)
        uow.commit()
    with units() as uow:
        assert uow.batch_drafts.get("bat_1") == DRAFT
        assert uow.batch_drafts.get("bat_2") is None
        assert list(uow.batch_drafts.parts("bat_1")) == [b"Mu\xc3", b"\xb1oz", b""]
        assert list(uow.batch_drafts.parts("bat_1", 1)) == [b"\xb1oz", b""]
        assert list(uow.batch_drafts.parts("bat_2")) == []
        uow.batch_drafts.drop("bat_1")
        assert uow.batch_drafts.get("bat_1") is None
        assert list(uow.batch_drafts.parts("bat_1")) == []


def test_files_wait_for_a_reader_until_its_lease_is_over(units: UnitOfWorkFactory) -> None:
    read = replace(DRAFT, reading=Reading.RUNNING, lease_until=NOW + READING_LEASE)
    with units() as uow:
        uow.batch_drafts.put(replace(DRAFT, batch_id="bat_waits"))
        uow.batch_drafts.put(replace(read, batch_id="bat_read", updated_at=NOW + timedelta(seconds=1)))
        uow.batch_drafts.put(replace(DRAFT, batch_id="bat_done", reading=Reading.DONE))
        assert uow.batch_drafts.waiting(NOW, 5) == ("bat_waits",)
        assert uow.batch_drafts.waiting(NOW + READING_LEASE, 5) == ("bat_waits", "bat_read")
        assert uow.batch_drafts.waiting(NOW + READING_LEASE, 1) == ("bat_waits",)


def test_drafts_of_no_batch_are_forgotten(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batch_drafts.put(DRAFT)
        uow.batch_drafts.add_part("bat_1", 0, b"x")
        assert uow.batch_drafts.drop_before(NOW - timedelta(days=30), 20) == 1
        assert uow.batch_drafts.get("bat_1") is None
        assert uow.batch_drafts.drop_before(NOW, 20) == 0
