"""Anchoring through the whole office: what the log says, and what proves it, on each database."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.anchors import Anchor, AnchorEntry, AnchorKind
from sealwright.domain.batch_errors import AnchorNotFound
from sealwright.domain.dids import KeyPurpose, MethodState
from sealwright.domain.errors import NotFound
from sealwright.domain.receipt_check import (
    Finding,
    ReceiptFile,
    check_receipt,
    is_consistent,
    parse_checkpoint,
    parse_log_key,
)
from sealwright.services.acts import idempotency_scope
from sealwright.services.key_rotation import rotate_all
from sealwright.services.log_check import log_problems
from sealwright.services.office import Office
from tests.support.office import START, MovableClock, furnish, issue, open_office, the_operator


@pytest.fixture
def office(issuing_office: Office) -> Office:
    return issuing_office


@pytest.fixture
def light(_migrated_file: Path, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office on the embedded database alone, for what no database decides."""
    path = tmp_path / "light.sqlite"
    shutil.copy(_migrated_file, path)
    with open_office(f"sqlite:///{path}", tmp_path / "home", clock=clock) as opened:
        furnish(opened)
        yield opened


def anchored(office: Office, *numbers: int) -> tuple[Anchor, ...]:
    """Write entries into the log, one transaction for all."""
    entries = [
        AnchorEntry(AnchorKind.BATCH, f"bat_{n}", hashlib.sha256(b"%d" % n).hexdigest(), 3, START) for n in numbers
    ]
    with office.units() as uow:
        written = office.bulk.anchoring.anchor_all(uow, entries)
        uow.commit()
    return written


def verdict_of(office: Office, transaction_hash: str, credential_id: str | None = None) -> Any:
    receipt = office.bulk.receipts.receipt(transaction_hash).as_object()
    proof = office.bulk.receipts.proof(transaction_hash, credential_id).as_object() if credential_id else None
    # As strangers have them: from the wire, with the key that the office names.
    file = ReceiptFile(json.loads(json.dumps(receipt)), json.loads(json.dumps(proof)))
    return check_receipt(file, keys=[parse_log_key(key) for key in office.bulk.log.verifier_keys()])


def actions(office: Office) -> list[str]:
    with office.units(write=False) as uow:
        return [row.action for row in uow.audit.read(0, 1000)]


def test_credential_that_is_to_be_anchored_stands_in_the_log_once_it_is_answered(office: Office) -> None:
    issued = issue(office, anchor=True)
    given = issued.record.transaction_hash
    assert given is not None
    stored = office.shelf.get(issued.record.credential_id, the_operator(office), office.registry.current())
    assert stored.transaction_hash == given
    verdict = verdict_of(office, given, issued.record.credential_id)
    assert verdict.finding is Finding.SOUND, verdict
    assert office.bulk.receipts.receipt(given).anchor.entry.subject == issued.record.credential_id
    assert actions(office)[-3:] == ["credential.issued", "anchor.written", "data.opened"]


def test_credential_without_the_wish_is_in_no_log(light: Office) -> None:
    office = light
    assert issue(office).record.transaction_hash is None
    assert "anchor.written" not in actions(office)


def test_repeated_call_gives_the_same_hash_and_one_entry(office: Office) -> None:
    scope = idempotency_scope("api_key:key_1", "POST", "/api/v1/credentials/issue", "k-1", b"body")
    first = issue(office, scope=scope, anchor=True)
    again = issue(office, scope=scope, anchor=True)
    assert again.replayed
    assert again.record.transaction_hash == first.record.transaction_hash
    assert actions(office).count("anchor.written") == 1


def test_entries_of_a_transaction_share_a_checkpoint(office: Office) -> None:
    written = anchored(office, *range(300))
    assert [one.entry_index for one in written] == list(range(300))
    assert [one.transaction_hash for one in written] == [f"0x{one.entry.merkle_root}" for one in written]
    checkpoint = parse_checkpoint(office.bulk.log.checkpoint())
    assert checkpoint.size == 300
    for one in (written[0], written[255], written[256], written[299]):
        assert verdict_of(office, one.transaction_hash).finding is Finding.SOUND


def test_what_is_anchored_already_keeps_its_place(office: Office) -> None:
    first = anchored(office, 1, 2, 1)
    assert [one.entry_index for one in first] == [0, 1, 0]
    again = anchored(office, 3, 2)
    assert [one.entry_index for one in again] == [2, 1]
    assert again[1] == first[1]
    assert actions(office).count("anchor.written") == 3


def test_transaction_that_rolls_back_leaves_the_log_as_it_was(office: Office) -> None:
    anchored(office, 1)
    before = office.bulk.log.checkpoint()
    with office.units() as uow:
        # Left without a commit, as a crash leaves it.
        office.bulk.anchoring.anchor_all(uow, [AnchorEntry(AnchorKind.BATCH, "bat_x", "00" * 32, 1, START)])
    assert office.bulk.log.checkpoint() == before
    assert anchored(office, 2)[0].entry_index == 1


def test_those_who_write_at_once_write_one_behind_the_other(office: Office) -> None:
    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(anchored, office, *range(5 * n, 5 * n + 5)) for n in range(8)]
        written = [one for turn in turns for one in turn.result(60)]
    assert sorted(one.entry_index for one in written) == list(range(40))
    assert list(log_problems(office.units)) == []
    assert parse_checkpoint(office.bulk.log.checkpoint()).size == 40


def test_log_shows_that_it_only_grew(light: Office) -> None:
    office = light
    notes = []
    for number in range(7):
        anchored(office, number)
        notes.append(parse_checkpoint(office.bulk.log.checkpoint()))
    for first in notes:
        for second in notes:
            if first.size <= second.size:
                proof = office.bulk.log.consistency(first.size, second.size)
                assert is_consistent((first.size, first.root), (second.size, second.root), proof.path)
    with pytest.raises(NotFound):
        office.bulk.log.consistency(0, 8)
    with pytest.raises(NotFound):
        office.bulk.log.consistency(3, 2)


def test_receipts_and_proofs_of_others_are_not_found(light: Office) -> None:
    office = light
    one, other = issue(office, anchor=True).record, issue(office, anchor=True).record
    plain = issue(office).record
    assert one.transaction_hash is not None
    for wrong in ("0x" + "00" * 32, "", "0x", one.transaction_hash[2:], "x" * 5000, "\x00"):
        with pytest.raises(AnchorNotFound):
            office.bulk.receipts.receipt(wrong)
    for credential_id in (other.credential_id, plain.credential_id, "urn:uuid:nobody", ""):
        with pytest.raises(AnchorNotFound):
            office.bulk.receipts.proof(one.transaction_hash, credential_id)
    assert office.bulk.receipts.receipt(one.transaction_hash.upper().replace("X", "x")).anchor.entry_index == 0


def test_new_key_signs_on_and_old_receipts_still_hold(light: Office, clock: MovableClock) -> None:
    office = light
    given = issue(office, anchor=True).record.transaction_hash
    assert given is not None
    old = office.bulk.receipts.receipt(given).as_object()
    rotate_all(office, the_operator(office))
    # The newest note is signed anew, so that whoever pins the new key can read it at once.
    keys = [parse_log_key(key) for key in office.bulk.log.verifier_keys()]
    assert len(keys) == 2
    assert check_receipt(ReceiptFile(office.bulk.receipts.receipt(given).as_object()), keys=keys[:1]).verified
    assert check_receipt(ReceiptFile(old), keys=keys[1:]).verified
    assert check_receipt(ReceiptFile(old), keys=keys[:1]).verified is None
    clock.time += timedelta(seconds=1)
    issue(office, anchor=True)
    assert check_receipt(ReceiptFile(office.bulk.receipts.receipt(given).as_object()), keys=keys[:1]).verified


def test_office_founded_before_the_log_gets_its_key_with_the_first_entry(light: Office) -> None:
    office = light
    with office.units() as uow:
        key = uow.keys.system_key(KeyPurpose.LOG)
        assert key is not None
        uow.keys.replace(type(key)(**{**_members(key), "state": MethodState.COMPROMISED}))
        uow.commit()
    with pytest.raises(NotFound):
        office.bulk.log.checkpoint()
    given = issue(office, anchor=True).record.transaction_hash
    assert given is not None
    assert verdict_of(office, given).finding is Finding.SOUND
    assert actions(office)[-2:] == ["key.rotated", "anchor.written"]


def _members(key: Any) -> dict[str, Any]:
    return {name: getattr(key, name) for name in key.__dataclass_fields__}


@pytest.fixture
def silent_office(_migrated_file: Path, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    shutil.copy(_migrated_file, tmp_path / "silent.sqlite")
    with open_office(
        f"sqlite:///{tmp_path / 'silent.sqlite'}", tmp_path / "home", clock=clock, SEALWRIGHT_ANCHOR="off"
    ) as opened:
        furnish(opened)
        yield opened


def test_office_that_does_not_anchor_issues_without_a_hash(silent_office: Office) -> None:
    assert issue(silent_office, anchor=True).record.transaction_hash is None
    assert anchored(silent_office, 1) == ()
    checkpoint = parse_checkpoint(silent_office.bulk.log.checkpoint())
    assert (checkpoint.size, checkpoint.root) == (0, hashlib.sha256().digest())
