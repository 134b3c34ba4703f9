"""receipt verify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sealwright.cli import desk
from sealwright.services.bulk_office import BulkOffice

from .conftest import ISSUE_BODY, Terminal


@contextmanager
def opened() -> Iterator[BulkOffice]:
    """What the routes for strangers read at this test's office."""
    with desk.reading() as at:
        yield at.office.bulk


@pytest.fixture
def kept(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> dict[str, Any]:
    """What a holder keeps of an anchored credential: receipt, proof, document, and that the log only grew since."""
    body = tmp_path / "anchored.json"
    body.write_text(json.dumps({**ISSUE_BODY, "anchor": True}))
    issued = terminal("issue", str(body)).answer
    with opened() as bulk:
        (tmp_path / "earlier").write_bytes(bulk.log.checkpoint())
    terminal("issue", str(body))
    with opened() as bulk:
        (tmp_path / "key").write_text(bulk.log.verifier_keys()[0])
        proof = bulk.log.consistency(1, 2)
        return {
            "receipt": bulk.receipts.receipt(issued["transaction_hash"]).as_object(),
            "proof": bulk.receipts.proof(issued["transaction_hash"], issued["credential_id"]).as_object(),
            "credential": issued["credential"],
            "consistency": {"first": 1, "second": 2, "path": [step.hex() for step in proof.path]},
        }


def test_receipt_is_sound_at_the_office_and_elsewhere(
    kept: dict[str, Any], terminal: Terminal, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(kept, ensure_ascii=False))
    said = terminal("receipt", "verify", str(file))
    assert (said.code, said.answer["verified"]) == (0, True), said
    home.rename(tmp_path / "elsewhere")
    # Without a store and without a key, nobody's signature is believed.
    said = terminal("receipt", "verify", str(file))
    assert (said.code, said.answer["verified"]) == (2, None)
    key, earlier = (tmp_path / "key").read_text(), str(tmp_path / "earlier")
    said = terminal("receipt", "verify", str(file), "--key", key, "--consistency", earlier)
    assert (said.code, said.answer["detail"]) == (0, "7 checks hold.")
    assert not home.exists()
    plain = terminal("receipt", "verify", str(file), "--key", key, json_output=False).out
    assert plain.startswith("sound: 6 checks hold.\npassed          form")


def test_what_was_changed_is_a_fault(kept: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    for part, member, value in (
        ("proof", "documentSha256", "00" * 32),
        ("receipt", "leafCount", 2),
        ("credential", "id", "urn:uuid:other"),
    ):
        file.write_text(json.dumps({**kept, part: {**kept[part], member: value}}))
        said = terminal("receipt", "verify", str(file))
        assert (said.code, said.answer["verified"]) == (1, False), part
    said = terminal("receipt", "verify", str(file), json_output=False)
    assert said.out.startswith("FAULT: ")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"receipt": {}, "proof": null}'])
def test_what_is_no_receipt_could_not_be_checked(
    founded: None, terminal: Terminal, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(content)
    said = terminal("receipt", "verify", str(file))
    assert (said.code, said.answer["verified"], said.answer["checks"]) == (2, None, [])


def test_bad_key_and_missing_file_are_usage(founded: None, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    assert terminal("receipt", "verify", str(file)).code == 2
    file.write_text("{}")
    said = terminal("receipt", "verify", str(file), "--key", "x")
    assert (said.code, said.out) == (2, "")
    assert "--key" in said.problem["detail"]
