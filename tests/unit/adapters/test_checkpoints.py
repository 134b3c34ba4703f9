"""Exported checkpoints: the mark moves forward only, along one history."""

from __future__ import annotations

import fcntl
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sealwright.adapters import checkpoints
from sealwright.adapters.checkpoints import FileCheckpointSink
from sealwright.domain.audit import Checkpoint
from sealwright.domain.audit_check import assemble_note, build_note_text, signature_line
from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import CheckpointSink

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


def checkpoint(sequence: int, head: str = "a", *, origin: str = "office.example/audit", second: int = 0) -> Checkpoint:
    at = NOW.replace(second=second)
    text = build_note_text(origin=origin, size=sequence, head_hash=head * 64, at=at)
    note = assemble_note(text, signature_line("office.example/audit", bytes(32), bytes(64)))
    return Checkpoint(sequence, head * 64, at, note)


def test_folder_is_made_at_the_first_write_only(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "checkpoints"
    sink: CheckpointSink = FileCheckpointSink(folder)
    assert sink.newest() is None
    assert not folder.exists()
    first = checkpoint(10)
    sink.publish(first)
    assert sink.newest() == first.note
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(folder)) == ["checkpoint-10.txt", "latest", "lock"]


def test_each_checkpoint_is_kept_and_the_newest_is_latest(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    first, second = checkpoint(9), checkpoint(10, "b")
    sink.publish(first)
    sink.publish(second)
    assert (tmp_path / "checkpoint-9.txt").read_bytes() == first.note
    assert (tmp_path / "checkpoint-10.txt").read_bytes() == second.note
    assert (tmp_path / "latest").read_bytes() == second.note


def test_going_back_is_refused(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    sink.publish(checkpoint(10))
    with pytest.raises(StoreUnavailable, match="later"):
        FileCheckpointSink(tmp_path).publish(checkpoint(9))
    assert sink.newest() == checkpoint(10).note


def test_another_head_on_the_same_position_is_refused(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    sink.publish(checkpoint(10, "a"))
    with pytest.raises(StoreUnavailable, match="history"):
        sink.publish(checkpoint(10, "b"))


def test_the_same_head_again_leaves_what_stands_there(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    first = checkpoint(10, second=0)
    sink.publish(first)
    sink.publish(checkpoint(10, second=1))
    assert sink.newest() == first.note


def test_checkpoints_of_another_office_are_refused(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    sink.publish(checkpoint(10))
    with pytest.raises(StoreUnavailable, match="another office"):
        sink.publish(checkpoint(11, origin="other.example/audit"))


def test_swap_is_refused_when_another_writer_was_ahead(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    first, second = checkpoint(10), checkpoint(11)
    sink.publish(first, replacing=None)
    sink.publish(second, replacing=first.note)
    for stale in (None, first.note):
        with pytest.raises(StoreUnavailable, match="Another writer"):
            sink.publish(checkpoint(12), replacing=stale)
    assert sink.newest() == second.note


def test_note_of_another_position_is_refused(tmp_path: Path) -> None:
    wrong = Checkpoint(11, "a" * 64, NOW, checkpoint(10).note)
    for bad in (wrong, Checkpoint(10, "a" * 64, NOW, b"no note")):
        with pytest.raises(StoreUnavailable):
            FileCheckpointSink(tmp_path).publish(bad)
    assert os.listdir(tmp_path) == []


def test_mark_survives_the_loss_of_latest(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    sink.publish(checkpoint(9))
    sink.publish(checkpoint(10))
    (tmp_path / "latest").unlink()
    assert sink.newest() == checkpoint(10).note
    with pytest.raises(StoreUnavailable):
        sink.publish(checkpoint(9))


def test_crash_between_the_two_files_is_made_good_by_the_next_write(tmp_path: Path) -> None:
    sink = FileCheckpointSink(tmp_path)
    sink.publish(checkpoint(9))
    (tmp_path / "checkpoint-10.txt").write_bytes(checkpoint(10).note)
    sink.publish(checkpoint(10))
    assert sink.newest() == checkpoint(10).note


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff" * 10])
def test_unreadable_mark_is_an_error_and_never_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "latest").write_bytes(content)
    sink = FileCheckpointSink(tmp_path)
    with pytest.raises(StoreUnavailable):
        sink.newest()
    with pytest.raises(StoreUnavailable):
        sink.publish(checkpoint(10))
    assert (tmp_path / "latest").read_bytes() == content


def test_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    sink = FileCheckpointSink(tmp_path / "file" / "checkpoints")
    with pytest.raises(StoreUnavailable):
        sink.publish(checkpoint(10))


def test_held_lock_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_LOCK_SECONDS", 0.05)
    with open(tmp_path / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreUnavailable):
            FileCheckpointSink(tmp_path).publish(checkpoint(10))
    FileCheckpointSink(tmp_path).publish(checkpoint(10))


def test_writers_at_once_leave_the_furthest_mark(tmp_path: Path) -> None:
    def write(sequence: int) -> None:
        try:
            FileCheckpointSink(tmp_path).publish(checkpoint(sequence))
        except StoreUnavailable:
            refused.append(sequence)

    refused: list[int] = []
    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert FileCheckpointSink(tmp_path).newest() == checkpoint(16).note
    kept = {name for name in os.listdir(tmp_path) if name.startswith("checkpoint-")}
    assert kept == {f"checkpoint-{number}.txt" for number in range(1, 17) if number not in refused}
