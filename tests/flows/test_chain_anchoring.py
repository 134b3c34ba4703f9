"""Roots on their way to a chain, on each database: workers that die, meet, and lose a nonce never pay twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Lock

import pytest

from sealwright.domain.anchors import AnchorBackend
from sealwright.domain.batch_errors import AnchorUnavailable
from sealwright.domain.batches import BatchStatus
from sealwright.services.anchoring import Anchoring
from sealwright.services.chain_anchoring import ChainAnchoring
from sealwright.services.chain_ports import Account, Mined, SignedTransaction
from sealwright.services.log_notes import LogNotes
from sealwright.services.office import Office
from tests.support.batches import line, make_batch, present
from tests.support.office import issue, the_operator

SENDER = "0x" + "5e" * 20


@dataclass
class FakeChain:
    """A chain in memory: what was sent is mined when the test says so, each nonce once."""

    sent: list[bytes] = field(default_factory=list)
    taken: dict[int, str] = field(default_factory=dict)
    is_silent: bool = False
    meet: Callable[[], object] = lambda: None
    lock: Lock = field(default_factory=Lock)

    def account(self) -> Account:
        if self.is_silent:
            raise AnchorUnavailable("silent")
        self.meet()
        return Account(7, SENDER, len(self.taken), {"gas": 1})

    def sign(self, root: str, account: Account, nonce: int) -> SignedTransaction:
        raw = b"%d %s" % (nonce, root.encode())
        return SignedTransaction(f"0x{hashlib.sha256(raw).hexdigest()}", raw)

    def send(self, transaction: SignedTransaction) -> None:
        if self.is_silent:
            raise AnchorUnavailable("silent")
        with self.lock:
            self.sent.append(transaction.raw)

    def mine(self) -> None:
        """Take whatever was sent, first come, first served."""
        for raw in self.sent:
            self.taken.setdefault(int(raw.split()[0]), f"0x{hashlib.sha256(raw).hexdigest()}")

    def mined(self, transaction_hash: str) -> Mined | None:
        blocks = [nonce for nonce, taken in self.taken.items() if taken == transaction_hash]
        return Mined(blocks[0], "0x" + "b0" * 32, succeeded=True, is_final=True) if blocks else None

    def has_passed(self, sender: str, nonce: int) -> bool:
        return nonce in self.taken

    def holds(self, chain: Mapping[str, object], root: str) -> bool:
        return any(
            f"0x{hashlib.sha256(raw).hexdigest()}" == chain["transactionHash"] and root.encode() in raw
            for raw in self.sent
        )


@pytest.fixture
def office(issuing_office: Office) -> Office:
    """The office with its anchoring turned to a chain."""
    notes = LogNotes(keys=issuing_office.keys, clock=issuing_office.clock, public_url=issuing_office.public_url)
    anchoring = Anchoring(notes=notes, clock=issuing_office.clock, backend=AnchorBackend.EVM)
    issuing_office.issuing._anchoring = anchoring
    issuing_office.bulk.engine._anchoring = anchoring
    return issuing_office


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain()


@pytest.fixture
def task(office: Office, chain: FakeChain) -> ChainAnchoring:
    return ChainAnchoring(units=office.units, chain=chain, clock=office.clock)


def hash_of(office: Office, credential_id: str) -> str | None:
    return office.shelf.get(credential_id, the_operator(office), office.registry.current()).transaction_hash


def test_hash_is_told_once_the_chain_has_confirmed(office: Office, chain: FakeChain, task: ChainAnchoring) -> None:
    batch = office.bulk.engine.run_batch(make_batch(office, [line()] * 3).batch_id)
    alone = issue(office, anchor=True).record
    assert (batch.status, batch.transaction_hash, alone.transaction_hash) == (BatchStatus.DONE, None, None)
    task.work()
    assert len(chain.sent) == 2
    chain.mine()
    task.work()
    ended = present(office, batch)
    assert ended.status is BatchStatus.ANCHORED
    assert ended.transaction_hash in chain.taken.values()
    assert hash_of(office, alone.credential_id) in chain.taken.values()
    before = len(chain.sent)
    task.work()
    assert len(chain.sent) == before


def test_two_workers_at_once_sign_each_root_once(office: Office, chain: FakeChain) -> None:
    records = [issue(office, anchor=True).record for _ in range(6)]
    meeting = Barrier(2, timeout=20)
    chain.meet = meeting.wait
    workers = [ChainAnchoring(units=office.units, chain=chain, clock=office.clock) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for turn in [pool.submit(worker.work) for worker in workers]:
            turn.result(60)
    chain.meet = lambda: None
    # Sent by one or by both, but of each nonce and each root there is one transaction.
    assert sorted(int(raw.split()[0]) for raw in set(chain.sent)) == list(range(6))
    chain.mine()
    with ThreadPoolExecutor(2) as pool:
        for turn in [pool.submit(worker.work) for worker in workers]:
            turn.result(60)
    assert {hash_of(office, one.credential_id) for one in records} == set(chain.taken.values())
    with office.units(write=False) as uow:
        written = [row for row in uow.audit.read(0, 1000) if row.action == "anchor.written"]
    assert len(written) == 12


def test_silent_chain_is_asked_again(office: Office, chain: FakeChain, task: ChainAnchoring) -> None:
    record = issue(office, anchor=True).record
    chain.is_silent = True
    with pytest.raises(AnchorUnavailable):
        task.work()
    chain.is_silent = False
    task.work()
    chain.mine()
    task.work()
    assert hash_of(office, record.credential_id) in chain.taken.values()


def test_lost_nonce_is_given_up_and_another_taken(office: Office, chain: FakeChain, task: ChainAnchoring) -> None:
    record = issue(office, anchor=True).record
    task.work()
    # Somebody else's transaction took nonce 0, and ours can never be mined.
    chain.taken[0] = "0x" + "99" * 32
    task.work()
    task.work()
    chain.mine()
    task.work()
    assert hash_of(office, record.credential_id) == chain.taken[1]


def test_root_that_is_mined_between_two_questions_is_not_paid_for_twice(
    office: Office, chain: FakeChain, task: ChainAnchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = issue(office, anchor=True).record
    task.work()

    def passed_by_ours(_chain: FakeChain, _sender: str, nonce: int) -> bool:
        chain.mine()
        return nonce in chain.taken

    # Whoever asks was held up for so long after the first question that our own transaction became final meanwhile.
    monkeypatch.setattr(FakeChain, "has_passed", passed_by_ours)
    for _ in range(3):
        task.work()
    assert len(set(chain.sent)) == len(chain.taken) == 1
    assert hash_of(office, record.credential_id) == chain.taken[0]


def test_canceled_batch_keeps_its_state(office: Office, chain: FakeChain, task: ChainAnchoring) -> None:
    batch = make_batch(office, [line()] * 9)
    office.bulk.engine.work_once()
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.cancel(uow, me, batch.batch_id))
    while office.bulk.engine.work_once():
        pass
    task.work()
    chain.mine()
    task.work()
    ended = present(office, batch)
    assert (ended.status, ended.transaction_hash) == (BatchStatus.CANCELED, chain.taken[0])
