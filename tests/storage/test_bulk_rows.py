"""Credentials of batches, anchors, the log, kept rows: written, found again, dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from sealwright.domain.anchors import AnchorBackend, ChainPlace
from sealwright.domain.batch_drafts import BatchDraft
from sealwright.domain.batches import BatchStatus, ChunkRows, ChunkState
from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus, ReasonCode, StatusPlace
from sealwright.domain.errors import StoreUnavailable
from sealwright.protocols.transparency.merkle import EMPTY_ROOT
from sealwright.services.batch_ports import MassFilter
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import batch_credentials
from sealwright.storage.engines import Database
from sealwright.storage.kept_rows import GONE, without
from tests.storage.builders import ISSUER, NOW, credential, ordered_uid
from tests.storage.bulk_builders import LEASE, OVER, anchor, batch, chunk, outcome, rows
from tests.storage.racing import together

DAY = timedelta(days=1)


def _of_batch(number: int, **changes: object) -> CredentialRecord:
    usual = {"batch_id": "bat_one", "place": StatusPlace("lst_one", number), "expires_at": None}
    return credential(ordered_uid(number), **{**usual, **changes})


# -- credentials -----------------------------------------------------------------------------------


def test_credentials_of_a_chunk_come_back_whatever_they_hold(units: UnitOfWorkFactory) -> None:
    records = [
        _of_batch(1),
        _of_batch(2, holder_did="did:web:ñandú.example", document='{"ñ": "\\u0000"}'.encode()),
        _of_batch(3, place=None, revocable=False, expires_at=NOW + DAY),
        _of_batch(4, place=StatusPlace("lst_two", 0), schema_id=None, external_id="urn:x", document=None),
        _of_batch(5, grant_id="grt_one", copy_of=ordered_uid(1), suspended_alone=True, transaction_hash="0xab"),
        _of_batch(
            6,
            status=CredentialStatus.REVOKED,
            revoked_at=NOW,
            reason_code=ReasonCode.KEY_COMPROMISE,
            reason="x" * 70_000,
        ),
        _of_batch(7),
    ]
    with units() as uow:
        uow.batches.add_credentials([])
        uow.batches.add_credentials(records)
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.get_many([one.uid for one in records] + [ordered_uid(99)]) == {
            one.uid: one for one in records
        }
        assert uow.credentials.get("urn:x") == records[3]
        assert uow.batches.count_credentials("bat_one") == 7
        listed = uow.credentials.list(CredentialFilter(batch_id="bat_one"), now=NOW, limit=3, cursor=None)
        assert [one.uid for one in listed.items] == [ordered_uid(7), ordered_uid(6), ordered_uid(5)]


def test_a_credential_that_is_stored_already_is_not_stored_again(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batches.add_credentials([_of_batch(1)])
        uow.commit()
    with pytest.raises(StoreUnavailable), units() as uow:
        uow.batches.add_credentials([_of_batch(2), _of_batch(1)])
    with units(write=False) as uow:
        assert uow.batches.count_credentials("bat_one") == 1


def test_credentials_show_the_hash_of_their_batch_once_it_is_there(units: UnitOfWorkFactory) -> None:
    own = _of_batch(3, transaction_hash="0xown")
    with units() as uow:
        uow.batches.add(batch(status=BatchStatus.DONE))
        uow.batches.add_credentials([_of_batch(1), _of_batch(2), own])
        uow.credentials.add_many([credential(ordered_uid(4))])
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.get(str(ordered_uid(1))) == _of_batch(1)
    with units() as uow:
        uow.batches.update(batch(status=BatchStatus.ANCHORED, transaction_hash="0xtaken-back", version=2))
        assert uow.credentials.get(str(ordered_uid(1))) == _of_batch(1, transaction_hash="0xtaken-back")
    with units() as uow:
        uow.batches.update(batch(status=BatchStatus.ANCHORED, transaction_hash="0xroot", version=2))
        uow.commit()
    expected = [None, "0xown", "0xroot", "0xroot"]
    for _ in range(2):
        with units(write=False) as uow:
            found = uow.credentials.get(str(ordered_uid(1)))
            assert found == _of_batch(1, transaction_hash="0xroot")
            many = uow.credentials.get_many([ordered_uid(n) for n in (4, 3, 2, 1)])
            assert [many[ordered_uid(n)].transaction_hash for n in (4, 3, 2, 1)] == expected
            page = uow.credentials.list(CredentialFilter(issuer_did=ISSUER), now=NOW, limit=9, cursor=None)
            assert [one.transaction_hash for one in page.items] == expected


def test_a_hash_that_is_forgotten_while_it_is_looked_up_is_read_anew(
    units: UnitOfWorkFactory, database: Database
) -> None:
    class Forgetful(dict[str, str]):
        def __contains__(self, key: object) -> bool:
            is_there = super().__contains__(key)
            self.clear()  # as another thread may between the look and the reading
            return is_there

    database.memory["batch_hashes"] = Forgetful(bat_one="0xroot")
    with units() as uow:
        uow.batches.add(batch(status=BatchStatus.ANCHORED, transaction_hash="0xroot"))
        uow.batches.add_credentials([_of_batch(1)])
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.get(str(ordered_uid(1))) == _of_batch(1, transaction_hash="0xroot")


def test_what_a_mass_act_is_about_is_found_part_by_part(
    units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_credentials, "_LOOKED_AT", 3)
    with units() as uow:
        uow.credentials.add_many(
            [
                _of_batch(1),
                _of_batch(2, status=CredentialStatus.REVOKED),
                _of_batch(3, schema_id="other"),
                _of_batch(4, batch_id=None, expires_at=NOW),
                _of_batch(5, verification_method="did:adi:x#2", issued_at=NOW + DAY),
                _of_batch(6, copy_of=ordered_uid(1), batch_id=None),
                _of_batch(7, issuer_did="did:adi:other"),
                _of_batch(8, status=CredentialStatus.SUSPENDED, proof_type="eddsa-jcs-2022", grant_id="grt_one"),
                _of_batch(9, suspendable=True, batch_id="bat_two"),
            ]
        )
        uow.commit()
    whole = MassFilter(ISSUER)
    cases: list[tuple[MassFilter, str]] = [
        (whole, "1345689"),
        (replace(whole, batch_id="bat_one"), "1358"),
        (replace(whole, schema_id="other"), "3"),
        (replace(whole, verification_method="did:adi:x#2"), "5"),
        (replace(whole, issued_from=NOW + DAY), "5"),
        (replace(whole, issued_to=NOW, with_copies=False), "13489"),
        (replace(whole, open_at=NOW), "135689"),
        (replace(whole, status=CredentialStatus.SUSPENDED), "8"),
        (replace(whole, proof_type="eddsa-jcs-2022"), "8"),
        (replace(whole, suspendable=True), "9"),
        (replace(whole, revocable=True), ""),
        (MassFilter("did:adi:other", batch_id="bat_one"), "7"),
    ]
    with units(write=False) as uow:
        for wanted, expected in cases:
            uids = tuple(ordered_uid(int(one)) for one in expected)
            assert uow.batches.matching(wanted, None, 100) == uids, wanted
            assert uow.batches.count_matching(wanted) == len(uids)
            assert _by_twos(lambda after, one=wanted: uow.batches.matching(one, after, 2)) == uids
        groups = uow.batches.groups_of(whole, NOW)
    assert sum(one.count for one in groups) == 7
    assert {(one.status, one.is_copy, one.with_grant) for one in groups} == {
        (CredentialStatus.VALID, False, False),
        (CredentialStatus.VALID, True, False),
        (CredentialStatus.EXPIRED, False, False),
        (CredentialStatus.SUSPENDED, False, True),
    }
    assert [one.count for one in groups] == sorted((one.count for one in groups), reverse=True)


def _by_twos(read: object) -> tuple[UUID, ...]:
    assert callable(read)
    found: list[UUID] = []
    while part := read(found[-1] if found else None):
        found += part
    return tuple(found)


# -- anchors and the log -----------------------------------------------------------------------------


def test_anchors_are_found_by_what_names_them(units: UnitOfWorkFactory) -> None:
    place = ChainPlace(chain_id=100, transaction_hash="0xtx", sender="0xme", nonce=4, raw=b"raw")
    waiting = anchor(1, backend=AnchorBackend.EVM, chain=place)
    with units() as uow:
        for one in (anchor(0), waiting, anchor(2, backend=AnchorBackend.EVM)):
            uow.anchors.add(one)
        assert uow.anchors.get("1") == waiting
        assert uow.anchors.by_hash(anchor(0).transaction_hash) == anchor(0)
        assert uow.anchors.by_subject("bat_2") == anchor(2, backend=AnchorBackend.EVM)
        assert [one.anchor_id for one in uow.anchors.waiting(10)] == ["1", "2"]
        assert [one.anchor_id for one in uow.anchors.waiting(1)] == ["1"]
        assert (uow.anchors.last_nonce(100, "0xme"), uow.anchors.last_nonce(1, "0xme")) == (4, None)
        mined = replace(waiting, transaction_hash="0xtx", chain=replace(place, block=7, block_hash="0xbb"))
        uow.anchors.update(mined)
        assert uow.anchors.by_hash("0xtx") == mined
        assert [one.anchor_id for one in uow.anchors.waiting(10)] == ["2"]
        for missing in (uow.anchors.get("9"), uow.anchors.by_hash("\x00"), uow.anchors.by_subject("bat_9")):
            assert missing is None


def test_the_log_only_grows(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.log.head() == (0, EMPTY_ROOT)
        assert (uow.log.tile(0, 0), uow.log.entry(0), uow.log.checkpoint()) == (None, None, None)
        uow.log.append([b"a", b"b"], [(0, 0, b"h" * 64)], b"r" * 32)
        uow.log.append([b"c"], [(0, 0, b"i" * 96), (1, 0, b"j" * 32)], b"s" * 32)
        uow.log.add_checkpoint(2, b"two", NOW)
        uow.log.add_checkpoint(3, b"three", NOW)
        uow.log.add_checkpoint(3, b"three anew", NOW)
        uow.commit()
    with units(write=False) as uow:
        assert uow.log.head(lock=True) == (3, b"s" * 32)
        assert uow.log.entries(0, 9) == (b"a", b"b", b"c")
        assert (uow.log.entries(1, 1), uow.log.entry(2), uow.log.entry(3)) == ((b"b",), b"c", None)
        assert (uow.log.tile(0, 0), uow.log.tile(1, 0)) == (b"i" * 96, b"j" * 32)
        assert uow.log.checkpoint() == b"three anew"


def test_appending_at_once_leaves_no_gap(units: UnitOfWorkFactory) -> None:
    def append() -> int:
        with units() as uow:
            size, root = uow.log.head(lock=True)
            uow.log.append([size.to_bytes(8, "big")], [], root)
            uow.commit()
            return size

    assert sorted(together([append] * 6)) == list(range(6))
    with units(write=False) as uow:
        assert uow.log.entries(0, 9) == tuple(n.to_bytes(8, "big") for n in range(6))


# -- kept rows ---------------------------------------------------------------------------------------


def test_rows_are_dropped_when_they_are_old(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for one in (
            batch("old", status=BatchStatus.DONE, finished_at=NOW),
            batch("later", status=BatchStatus.DONE, finished_at=NOW + DAY),
            batch("draft"),
            batch("new", created_at=NOW + DAY),
            batch("running", status=BatchStatus.RUNNING),
        ):
            uow.batches.add(one)
            uow.batches.add_chunk(chunk(one.batch_id, failed=4), rows())
            uow.batch_drafts.put(BatchDraft(one.batch_id, NOW))
            uow.batch_drafts.add_part(one.batch_id, 0, b"holderDid")
        assert uow.batches.drop_kept(NOW - DAY, 10) == 0
        assert uow.batches.drop_kept(NOW, 1) == 2
        assert uow.batches.drop_kept(NOW, 10) == 0
        left = [name for name in ("old", "later", "draft", "new", "running") if uow.batches.rows(name, 0)]
        assert left == ["later", "new", "running"]
        old = uow.batches.get("old")
        assert old is not None
        assert old.failed == 4
        assert (uow.batches.get("draft"), uow.batches.chunks("draft")) == (None, ())
        assert (uow.batch_drafts.get("draft"), list(uow.batch_drafts.parts("draft"))) == (None, [])
        assert list(uow.batch_drafts.parts("new")) == [b"holderDid"]
        assert uow.batches.drop_kept(NOW + DAY, 10) == 2


def test_a_chunk_that_names_somebody_erased_is_taken_from_its_worker(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batches.add(batch())
        for number, holder in enumerate(("did:key:gone", "did:key:stays", "did:key:GONE-too")):
            uow.batches.add_chunk(chunk(number=number), rows([holder, "did:key:other"]))
        held = [uow.batches.take("bat_one", NOW, LEASE) for _ in range(2)]
        for name in ("bat_one", "bat_other"):
            uow.batch_drafts.add_part(name, 0, "did:key:gone".encode("utf-16"))
        uow.commit()
    with units() as uow:
        found = uow.batches.with_holder(["did:key:gone"])
        assert found == (("bat_one", 0), ("bat_one", 2))
        uow.batches.erase(["did:key:gone"])  # type: ignore[attr-defined]
        uow.commit()
    with units() as uow:
        assert held[0] is not None
        assert held[1] is not None
        assert not uow.batches.finish(held[0], outcome())
        assert uow.batches.finish(held[1], outcome())
        again = uow.batches.take("bat_one", NOW, OVER)
        assert again is not None
        assert (again.number, again.fence, again.state) == (0, 3, ChunkState.RUNNING)
        kept = rows(["did:key:gone", "did:key:other"]).content.replace(rows(["did:key:gone"]).content, GONE)
        assert uow.batches.rows("bat_one", 0) == ChunkRows(kept, bytes(16))
        assert uow.batches.rows("bat_one", 2) == rows(["did:key:GONE-too", "did:key:other"])
        assert [list(uow.batch_drafts.parts(name)) for name in ("bat_one", "bat_other")] == [
            [],
            ["did:key:gone".encode("utf-16")],
        ]


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("straße@example.org", "straße@example.org"),
        ("Zoë@Example.org", "ZOË@example.ORG"),
        ("straße@example.org", "STRASSE@example.org"),
        ("Ñandú@example.org", "ñandÚ@example.org"),
    ],
)
def test_somebody_is_found_whatever_letters_their_name_is_of(units: UnitOfWorkFactory, name: str, spelled: str) -> None:
    with units() as uow:
        uow.batches.add(batch())
        for number, holder in enumerate((spelled, "other@example.org")):
            uow.batches.add_chunk(chunk(number=number), rows([holder]))
        held = [uow.batches.take("bat_one", NOW, LEASE) for _ in range(2)]
        uow.batches.erase([name])  # type: ignore[attr-defined]
        assert uow.batches.rows("bat_one", 0) == ChunkRows(GONE, bytes(8))
        assert uow.batches.rows("bat_one", 1) == rows(["other@example.org"])
        assert held[1] is not None
        assert uow.batches.finish(held[1], outcome())


def test_only_lines_that_name_somebody_go_with_their_marks() -> None:
    lines = [
        b'{"holderDid":"did:web:a.example:ada2","claims":{}}',
        b'{"holderDid":"did:web:a.example:ada","claims":{}}',
        b'{"holderDid":"did:key:x","claims":{"list":[{"mail":" Ada@Example.org "}]}}',
        b'{"unreadable":"x;DID:WEB:A.EXAMPLE:ADA;"}',
        b"ada@example.org {",
        b'{"holderDid":"did:key:y","claims":{"about":"ada@example.org and others"}}',
        b"",
    ]
    marks = b"".join(bytes([n]) * 8 for n in range(1, 7))
    content, holders = without(b"\n".join(lines), marks, frozenset({"did:web:a.example:ada", "ada@example.org"}))
    kept = content.split(b"\n")
    assert kept == [lines[0], GONE, GONE, GONE, GONE, lines[5], b""]
    assert holders == marks[:8] + bytes(32) + marks[40:]
    assert without(content, b"", frozenset({"nobody"})) == (content, b"")
