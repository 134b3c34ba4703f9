"""Anchoring beside others: a real EVM that takes our transactions, and trees built by a library that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.adapters.evm import CONFIRMATIONS, EvmChain
from sealwright.domain.batch_errors import AnchorNotFound, AnchorUnavailable
from sealwright.domain.batches import Batch, BatchStatus
from sealwright.protocols.transparency import merkle
from sealwright.services.chain_anchoring import ChainAnchoring
from sealwright.services.office import Office
from tests.interop.peer import Peer, PeerMissing
from tests.interop.python_peer import start_python_peer
from tests.support import tools
from tests.support.batches import line, make_batch, present
from tests.support.office import MovableClock, furnish, issue, open_office, the_operator

KEY = "00" * 31 + "01"
ACCOUNT = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


@pytest.fixture(scope="module")
def ledger() -> Iterator[Peer]:
    """`eth-tester` over `py-evm`, and `pymerkle`, in a process of their own."""
    try:
        peer = start_python_peer(Path(__file__).parent / "ledger_python")
    except PeerMissing as error:
        tools.missing(str(error))
    yield peer
    peer.stop()


@pytest.fixture(scope="module")
def chain(ledger: Peer) -> dict[str, Any]:
    found: dict[str, Any] = ledger.ask("chain")
    return found


@pytest.fixture
def office(ledger: Peer, chain: dict[str, Any], tmp_path: Path) -> Iterator[Office]:
    """An office that anchors on the chain; its account has ether from the first block."""
    key = tmp_path / "account"
    key.write_text(f"0x{KEY}\n")
    key.chmod(0o600)
    settings = {
        "SEALWRIGHT_ANCHOR": "evm",
        "SEALWRIGHT_EVM_RPC_URL": chain["url"],
        "SEALWRIGHT_EVM_KEY_FILE": str(key),
        "SEALWRIGHT_OUTBOUND_ALLOW": "127.0.0.1",
    }
    ledger.ask("sent")
    url = f"sqlite:///{tmp_path / 'office.sqlite'}"
    with open_office(url, tmp_path / "home", clock=MovableClock(), **settings) as opened:
        furnish(opened)
        yield opened


def work(office: Office) -> None:
    """One turn of the task, as a worker takes it; what it refuses is raised."""
    task = office.tasks.get("anchors")
    assert task is not None
    task.work()


def a_batch(office: Office) -> Batch:
    batch = make_batch(office, [line()] * 5)
    ended = office.bulk.engine.run_batch(batch.batch_id)
    assert (ended.status, ended.transaction_hash) == (BatchStatus.DONE, None)
    return ended


def actions(office: Office) -> list[str]:
    with office.units(write=False) as uow:
        return [row.action for row in uow.audit.read(0, 1000)]


def test_batch_is_anchored_once_the_chain_has_confirmed_its_root(office: Office, ledger: Peer) -> None:
    batch = a_batch(office)
    work(office)
    assert len(ledger.ask("sent")) == 1
    for blocks in (1, CONFIRMATIONS - 2):
        ledger.ask("mine", blocks=blocks)
        work(office)
        assert present(office, batch).status is BatchStatus.DONE
    ledger.ask("mine", blocks=1)
    work(office)
    work(office)
    anchored = present(office, batch)
    assert anchored.status is BatchStatus.ANCHORED
    assert anchored.transaction_hash not in (None, f"0x{batch.merkle_root}")
    assert ledger.ask("sent") == []
    assert actions(office)[-2:] == ["anchor.written", "batch.anchored"]
    assert actions(office).count("batch.anchored") == 1
    assert_on_chain(office, anchored)


def assert_on_chain(office: Office, batch: Batch) -> None:
    assert batch.transaction_hash is not None
    receipt = office.bulk.receipts.receipt(batch.transaction_hash).as_object()
    place = receipt["chain"]
    assert isinstance(place, dict)
    assert (receipt["backend"], place["from"], place["transactionHash"]) == ("evm", ACCOUNT, batch.transaction_hash)
    assert receipt["merkleRoot"] == batch.merkle_root
    verdict = office.bulk.receipts.verify(receipt)
    assert verdict.verified is True, verdict
    moved: dict[str, Any]
    for moved in (
        {"blockNumber": int(str(place["blockNumber"])) + 1},
        {"blockHash": "0x" + "00" * 32},
        {"from": "0x" + "11" * 20},
        {"chainId": 1},
    ):
        assert office.bulk.receipts.verify({**receipt, "chain": {**place, **moved}}).verified is False, moved


def test_credential_issued_alone_learns_its_hash_from_the_chain(office: Office, ledger: Peer) -> None:
    record = issue(office, anchor=True).record
    assert record.transaction_hash is None
    work(office)
    ledger.ask("mine", blocks=CONFIRMATIONS)
    work(office)
    stored = office.shelf.get(record.credential_id, the_operator(office), office.registry.current())
    assert stored.transaction_hash is not None
    receipt = office.bulk.receipts.receipt(stored.transaction_hash)
    proof = office.bulk.receipts.proof(stored.transaction_hash, record.credential_id)
    assert office.bulk.receipts.verify(receipt.as_object(), proof.as_object()).verified is True


def test_worker_that_dies_before_sending_costs_no_second_transaction(
    office: Office, ledger: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = a_batch(office), a_batch(office)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ChainAnchoring, "_pursue", die)
        with pytest.raises(KeyboardInterrupt):
            work(office)
    with office.units(write=False) as uow:
        stored = [one.chain for one in uow.anchors.waiting(9)]
    assert [place is not None for place in stored] == [True, False]
    # This node keeps no queue: it refuses the second one until the first is mined.
    for _ in range(3):
        work(office)
        ledger.ask("mine", blocks=CONFIRMATIONS)
    work(office)
    # Sent again or not: it is the same two transactions.
    sent = ledger.ask("sent")
    assert len(set(sent)) == 2
    assert stored[0] is not None
    assert sent[0] == f"0x{stored[0].raw.hex()}"
    for batch in (first, second):
        assert_on_chain(office, present(office, batch))


def test_nonce_that_something_else_took_is_given_up(
    office: Office, ledger: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(office)
    with monkeypatch.context() as patch:
        patch.setattr(ChainAnchoring, "_pursue", lambda *_: False)
        work(office)
    ledger.ask("takeNonce", account=ACCOUNT)
    ledger.ask("mine", blocks=CONFIRMATIONS + 1)
    # The first turn learns it, the second signs anew, and what is sent then is mined.
    for _ in range(2):
        work(office)
    ledger.ask("mine", blocks=CONFIRMATIONS)
    work(office)
    assert_on_chain(office, present(office, batch))


def test_node_that_is_gone_leaves_everything_waiting(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = a_batch(office)
    ask = EvmChain._call

    def elsewhere(chain: EvmChain, method: str, *parameters: object) -> object:
        monkeypatch.setattr(chain, "_url", "http://127.0.0.1:9/")
        return ask(chain, method, *parameters)

    monkeypatch.setattr(EvmChain, "_call", elsewhere)
    with pytest.raises(AnchorUnavailable):
        work(office)
    assert not office.tasks.run("anchors")
    assert present(office, batch).status is BatchStatus.DONE
    with pytest.raises(AnchorNotFound):
        office.bulk.receipts.receipt(f"0x{batch.merkle_root}")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33])
def test_trees_of_another_library_are_ours(ledger: Peer, size: int) -> None:
    entries = [b"entry %d" % number for number in range(size)]
    theirs = ledger.ask("merkle", entries=[entry.hex() for entry in entries])
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    assert theirs["root"] == merkle.merkle_root(hashes).hex()
    assert theirs["leaves"] == [one.hex() for one in hashes]
    assert theirs["paths"] == [[step.hex() for step in merkle.inclusion_path(hashes, n)] for n in range(size)]
