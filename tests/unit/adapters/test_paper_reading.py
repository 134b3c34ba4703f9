"""PDFs of strangers: read in a process that ends itself, and given up soon enough to answer whoever brought them."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

from sealwright.adapters import paper_child, paper_reading
from sealwright.adapters.paper_reading import AT_ONCE, WAIT_SECONDS, WITHIN_SECONDS, ConfinedPaperReader
from sealwright.adapters.typesetting import TypstTypesetter
from sealwright.services.verify_reading import FileRefused, ReaderBusy
from tests.unit.adapters.test_typesetting import PAPER

# The slowest answer to bad input that has to be parsed.
PROMISED_SECONDS = 2.0


def long_lists(length: int) -> bytes:
    """A PDF of some kilobytes whose list of attachments names one long list, of nothing, again and again."""
    writer = PdfWriter()
    writer.add_blank_page(10, 10)
    nothing = ArrayObject([NumberObject(0)] * length)
    kid = writer._add_object(DictionaryObject({NameObject("/Names"): nothing}))
    files = DictionaryObject({NameObject("/Kids"): ArrayObject([kid] * length)})
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): files})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> ConfinedPaperReader:
    """A reader that a busy machine does not keep from its end; the limit on computing stays."""
    monkeypatch.setattr(paper_reading, "WITHIN_SECONDS", 60.0)
    return ConfinedPaperReader()


def test_the_largest_paper_of_ours_is_read(patient: ConfinedPaperReader) -> None:
    facts = tuple((f"Fact {number}", "word " * 20) for number in range(60))
    document = b"[" + b"0," * 400_000 + b"0]"
    paper = replace(PAPER, facts=facts, file=replace(PAPER.file, content=document))
    assert patient.attachments(TypstTypesetter().pdf(paper)) == [document]


def test_computing_without_end_is_ended_by_the_process_itself(patient: ConfinedPaperReader) -> None:
    assert patient.attachments(long_lists(2)) == []
    command = [sys.executable, "-I", "-B", paper_child.__file__]
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, input=long_lists(1000), check=False, stdout=quiet, stderr=quiet)
    assert done.returncode == -signal.SIGPROF
    with pytest.raises(FileRefused):
        patient.attachments(long_lists(1000))


def test_waiting_for_a_place_and_reading_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 100.0 + WAIT_SECONDS))
    given: list[float] = []

    def slow(*_: Any, timeout: float, **__: Any) -> None:
        given.append(timeout)
        raise subprocess.TimeoutExpired("child", timeout)

    monkeypatch.setattr("sealwright.adapters.paper_reading.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sealwright.adapters.paper_reading.subprocess.run", slow)
    with pytest.raises(ReaderBusy):
        ConfinedPaperReader().attachments(b"%PDF-1.7")
    assert given == [pytest.approx(WITHIN_SECONDS - WAIT_SECONDS)]
    assert paper_child.CPU_SECONDS <= WITHIN_SECONDS - WAIT_SECONDS
    assert WITHIN_SECONDS < PROMISED_SECONDS


def test_whoever_finds_no_place_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_reading, "WAIT_SECONDS", 0)
    reader = ConfinedPaperReader()
    inner: list[type[Exception]] = []

    def nested(_: bytes, __: float) -> bytes:
        try:
            reader.attachments(b"%PDF-1.7")
        except ReaderBusy:
            inner.append(ReaderBusy)
        return b""

    monkeypatch.setattr(paper_reading, "_run", nested)
    assert reader.attachments(b"%PDF-1.7") == []
    assert inner == [ReaderBusy]
    assert AT_ONCE == 2
