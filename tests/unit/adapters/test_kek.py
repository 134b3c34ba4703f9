"""The key-encryption key's file: private, made once, refused when it is anything else."""

from __future__ import annotations

import base64
import os
import threading
from pathlib import Path

import pytest

from sealwright.adapters.kek import (
    CannotOpen,
    FixedKeks,
    KekFile,
    KekRefused,
    KeyEncryptionKey,
    generate_kek,
    load_keks,
    make_kek_file,
    parse_kek,
    read_kek_file,
)

TEXT = base64.b64encode(bytes(32)).decode()


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_kek_id_is_stable_and_no_part_of_the_key() -> None:
    kek = parse_kek(TEXT)
    assert kek.kek_id == KeyEncryptionKey(bytes(32)).kek_id
    assert kek.kek_id != generate_kek().kek_id
    assert kek.kek_id.startswith("kek-")
    assert len(kek.kek_id) == 20


@pytest.mark.parametrize(
    "text", ["", "AAAA", "*" * 44, base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode()]
)
def test_parse_refuses_what_is_not_32_bytes(text: str) -> None:
    with pytest.raises(KekRefused):
        parse_kek(text)


def test_open_refuses_other_associated_data() -> None:
    kek = generate_kek()
    sealed = kek.seal(b"data", b"one")
    assert kek.open(sealed, b"one") == b"data"
    with pytest.raises(CannotOpen):
        kek.open(sealed, b"two")


def test_made_file_is_private_and_used_again(tmp_path: Path) -> None:
    first = make_kek_file(tmp_path / "kek").current()
    again = make_kek_file(tmp_path / "kek").current()
    assert first is not None
    assert again is not None
    assert first.kek_id == again.kek_id
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["kek"]


def test_processes_that_start_together_end_with_one_key(tmp_path: Path) -> None:
    ids: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        kek = make_kek_file(tmp_path / "kek").current()
        ids.append(kek.kek_id if kek else "none")

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert os.listdir(tmp_path) == ["kek"]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o620])
def test_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "kek", TEXT, mode)
    with pytest.raises(KekRefused, match="0600"):
        KekFile(path)


@pytest.mark.parametrize(
    "content",
    ["", "\n\n", "not base64!", "AAAA", TEXT + "\nAAAA", "é" * 44, TEXT * 200],
    ids=["empty", "blank lines", "no base64", "short", "short second", "not ASCII", "too large"],
)
def test_file_with_something_else_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(KekRefused):
        read_kek_file(write(tmp_path / "kek", content))


def test_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kek", 0o600)
    with pytest.raises(KekRefused):
        read_kek_file(tmp_path / "kek")


def test_absent_configured_file_leaves_the_ring_empty_until_it_appears(tmp_path: Path) -> None:
    ring = load_keks(value=None, file=tmp_path / "kek", home=None)
    assert ring.current() is None
    write(tmp_path / "kek", TEXT)
    kek = ring.current()
    assert kek is not None
    assert kek.kek_id == parse_kek(TEXT).kek_id


def test_file_that_goes_bad_while_in_use_keeps_the_keys_in_use(tmp_path: Path) -> None:
    ring = KekFile(write(tmp_path / "kek", TEXT))
    write(tmp_path / "kek", "rubbish")
    assert ring.current() is not None
    with pytest.raises(KekRefused):
        ring.begin_rotation()


def ids_in(path: Path) -> list[str]:
    return [kek.kek_id for kek in read_kek_file(path)]


def test_rotation_puts_a_new_key_before_the_old_ones(tmp_path: Path) -> None:
    ring = make_kek_file(tmp_path / "kek")
    old = ring.current()
    new = ring.begin_rotation()
    assert old is not None
    assert ids_in(tmp_path / "kek") == [new.kek_id, old.kek_id]
    assert ring.current() is not None
    assert ring.find(old.kek_id) is not None
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600


def test_end_of_rotation_forgets_the_oldest_keys_only(tmp_path: Path) -> None:
    ring = make_kek_file(tmp_path / "kek")
    first = ring.current()
    assert first is not None
    made = [ring.begin_rotation().kek_id for _ in range(3)]
    ring.end_rotation()
    assert ids_in(tmp_path / "kek") == made[::-1]
    assert ring.find(first.kek_id) is None
    ring.end_rotation(keep=0)
    assert ids_in(tmp_path / "kek") == made[-1:]
    ring.end_rotation(keep=0)
    assert ids_in(tmp_path / "kek") == made[-1:]


def test_rotation_that_broke_off_loses_no_key_when_it_is_begun_again(tmp_path: Path) -> None:
    ring = make_kek_file(tmp_path / "kek")
    old = ring.current()
    assert old is not None
    for _ in range(2):
        ring.begin_rotation()
    assert ring.find(old.kek_id) is not None
    ring.end_rotation()
    assert ring.find(old.kek_id) is not None


def test_load_takes_a_value_before_all(tmp_path: Path) -> None:
    ring = load_keks(value=TEXT, file=None, home=tmp_path)
    assert isinstance(ring, FixedKeks)
    assert os.listdir(tmp_path) == []


def test_load_refuses_to_make_a_key_where_none_may_be_made() -> None:
    with pytest.raises(KekRefused):
        load_keks(value=None, file=None, home=None)


def test_unwritable_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KekRefused, match="cannot be made"):
        make_kek_file(tmp_path / "missing" / "kek")
