"""Several at once: no unit is lost or given twice, and no state changes under who relies on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.delegations import Used
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import NOW, entry, ordered_uid
from tests.storage.delegation_builders import END, delegation, line, store, use
from tests.storage.racing import together
from tests.support.one_connection import as_another_thread

ROUNDS = 25
LIMIT = 150 * 10_000_000


def spend(units: UnitOfWorkFactory, name: int, rounds: int, chain: tuple[str, ...]) -> int:
    """Count acts against a whole chain as long as its root's budget lasts; gives how many were allowed."""
    allowed = 0
    for number in range(rounds):
        with units() as uow:
            uow.delegations.lock(chain, for_use=True)
            asked = (chain[0], NOW.replace(year=2000))
            if uow.delegations.used([asked])[asked].micros + 10_000_000 <= LIMIT:
                uow.delegations.count([use(name * 1000 + number, one) for one in chain])
                allowed += 1
            uow.commit()
    return allowed


def spend_in_process(url: str, name: int, rounds: int, chain: tuple[str, ...]) -> int:
    """The same, on a database of its own: for child processes."""
    database = open_database(url)
    try:
        return spend(make_unit_of_work_factory(database), name, rounds, chain)
    finally:
        database.close()


def _tree(units: UnitOfWorkFactory) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two chains that share their root, named in opposite orders of their ids."""
    root = delegation(1, delegation_id="dlg_root")
    store(units, root, delegation(2, root, delegation_id="dlg_b"), delegation(3, root, delegation_id="dlg_a"))
    return ("dlg_root", "dlg_b"), ("dlg_root", "dlg_a")


def _assert_spent_whole(units: UnitOfWorkFactory) -> None:
    with units(write=False) as uow:
        sums = uow.delegations.sums(["dlg_root", "dlg_a", "dlg_b"])
        assert sums["dlg_root"] == Used(LIMIT, 150)
        assert sums["dlg_a"].calls + sums["dlg_b"].calls == 150
        assert sums["dlg_a"].micros + sums["dlg_b"].micros == LIMIT
        rows = uow.delegations.ledger("dlg_root", None, 1000)
    assert [(row.no, row.spent_before) for row in rows] == [(n, n * 10_000_000) for n in range(150)]


def test_threads_never_spend_a_unit_too_much_or_lose_one(units: UnitOfWorkFactory) -> None:
    chains = _tree(units)
    allowed = together([partial(spend, units, name, 25, chains[name % 2]) for name in range(8)])
    assert sum(allowed) == 150
    _assert_spent_whole(units)


def test_processes_do_not_either(migrated_url: str, units: UnitOfWorkFactory) -> None:
    chains = _tree(units)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        started = [pool.submit(spend_in_process, migrated_url, name, 90, chains[name]) for name in range(2)]
        assert sum(one.result(60) for one in started) == 150
    _assert_spent_whole(units)


def test_chains_locked_in_any_order_do_not_wait_for_each_other_for_ever(units: UnitOfWorkFactory) -> None:
    chain = line(5)
    store(units, *chain)
    names = tuple(one.delegation_id for one in chain)
    allowed = together([partial(spend, units, n, 10, names if n % 2 else names[::-1]) for n in range(4)])
    assert sum(allowed) == 40
    with units(write=False) as uow:
        assert {one.calls for one in uow.delegations.lock(names).values()} == {40}


def test_acts_of_every_kind_do_not_wait_for_each_other_for_ever(units: UnitOfWorkFactory) -> None:
    """Counting, delegating on, narrowing and suspending, each with the locks that it takes, in its order."""
    chain = line(4)
    store(units, *chain)
    names = [one.delegation_id for one in chain]

    def act(uow: UnitOfWork) -> None:
        uow.delegations.lock(names, for_use=True)
        uow.delegations.count([use(1, one) for one in names])

    def delegate_on(uow: UnitOfWork) -> None:
        assert len(uow.delegations.lock(names)) == 4

    def narrow(uow: UnitOfWork) -> None:
        uow.delegations.lock(names[:2])
        uow.delegations.lock([names[2]], for_use=True)
        _suspend(uow, 3)

    def suspend(uow: UnitOfWork) -> None:
        _suspend(uow, 2)

    def end(uow: UnitOfWork) -> None:
        uow.delegations.tell_expired([one.delegation_id for one in uow.delegations.expired(END, 2)])

    def often(what: Callable[[UnitOfWork], None]) -> int:
        for _ in range(ROUNDS):
            with units() as uow:
                what(uow)
                uow.audit.append(entry())
                uow.commit()
        return ROUNDS

    done = together([partial(often, what) for what in (act, delegate_on, narrow, suspend, end, act, narrow)])
    assert done == [ROUNDS] * 7
    with units(write=False) as uow:
        assert {one.calls for one in uow.delegations.lock(names).values()} == {2 * ROUNDS}


def _suspend(uow: UnitOfWork, number: int) -> None:
    """Go back and forth between two states, whichever it is in."""
    record = uow.credentials.get_for_update(str(ordered_uid(number)))
    assert record is not None
    is_valid = record.status is CredentialStatus.VALID
    status = CredentialStatus.SUSPENDED if is_valid else CredentialStatus.VALID
    uow.credentials.set_status(record.uid, status, revoked_at=None, reason_code=None, reason=None)


def test_who_relies_on_a_state_keeps_it(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    is_revoked = threading.Event()

    def revoke() -> None:
        with units() as uow:
            uow.credentials.set_status(
                ordered_uid(1),
                CredentialStatus.REVOKED,
                revoked_at=NOW,
                reason_code=ReasonCode.HOLDER_REQUEST,
                reason="Enough.",
            )
            uow.commit()
        is_revoked.set()

    with ThreadPoolExecutor(1) as pool:
        with units() as uow:
            found = uow.delegations.lock(["dlg_1", "dlg_9"])
            assert [one.credential_status for one in found.values()] == [CredentialStatus.VALID]
            revoking = pool.submit(revoke)
            assert not is_revoked.wait(0.3)
            uow.delegations.count([use()])
            uow.commit()
        revoking.result(30)
    with units() as uow:
        assert uow.delegations.lock(["dlg_1"], for_use=True)["dlg_1"].credential_status is CredentialStatus.REVOKED


def test_many_may_rely_on_one_state_at_once(database: Database, units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    if database.is_sqlite:
        # Its writers are never two.
        with units() as uow:
            assert list(uow.delegations.lock(["dlg_1"])) == ["dlg_1"]
        return
    with units() as first, as_another_thread(), units() as second:
        assert first.delegations.lock(["dlg_1"]) == second.delegations.lock(["dlg_1"])
        first.commit()
        second.commit()
