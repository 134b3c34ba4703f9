"""What delegations ask for, count and forget is found by an index, and a tree of 10,000 is counted at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delegations import Delegation, DelegationFilter, DelegationStatus
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.delegation_tables import delegation_index
from sealwright.storage.engines import Database
from sealwright.storage.transaction import Transaction, open_transaction
from tests.storage.builders import NOW, credential, ordered_uid
from tests.storage.delegation_builders import approval, call, credential_of, delegation, profile, use
from tests.storage.explaining import Explainer

ROWS = 3000
HOUR = timedelta(hours=1)


def _fill(units: UnitOfWorkFactory) -> None:
    """Many people with an agent and a helper of it each; old calls, few questions that wait."""
    made: list[Delegation] = []
    for number in range(0, ROWS, 2):
        at = NOW + timedelta(minutes=number)
        root = delegation(
            number,
            delegator_did=f"did:adi:human-{number // 20}",
            delegate_did=f"did:adi:agent-{number // 20}",
            created_at=at,
            expires_at=at + HOUR,
            credential_status=CredentialStatus.REVOKED if number % 100 == 0 else CredentialStatus.VALID,
        )
        made += [root, delegation(number + 1, root, created_at=at, expires_at=at + HOUR)]
    with units() as uow:
        uow.credentials.add_many([credential_of(one) for one in made])
        uow.credentials.add_many([credential(ordered_uid(n + ROWS)) for n in range(ROWS)])
        for one in made:
            uow.delegations.add(one)
        uow.delegations.tell_expired([one.delegation_id for one in made[: ROWS - 40]])
        uow.delegations.count(
            [use(n, f"dlg_{n % 50}", at=NOW + timedelta(minutes=n)) for n in range(ROWS)],
        )
        uow.delegations.add_calls(
            [
                call(n, delegation_id=f"dlg_{n // 10}" if n % 50 else None, at=NOW + timedelta(minutes=n))
                for n in range(ROWS)
            ]
        )
        for n in range(ROWS):
            at = NOW + timedelta(minutes=n)
            agent, human = f"did:adi:agent-{n // 20}", f"did:adi:human-{n // 20}"
            asked = approval(n, agent_did=agent, delegator_did=human, created_at=at, expires_at=at + HOUR)
            uow.delegations.add_approval(asked)
            uow.delegations.put_profile(profile(f"did:adi:agent-{n}"))
        uow.commit()


def _asked(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    rows = uow.delegations
    late = NOW + timedelta(minutes=ROWS)

    def listed(**wanted: Any) -> Callable[[], Any]:
        first = rows.list(DelegationFilter(**wanted), now=late, limit=5, cursor=None)
        return lambda: rows.list(DelegationFilter(**wanted), now=late, limit=5, cursor=first.next_cursor)

    few = frozenset({"did:adi:human-3", "did:adi:agent-4", "did:adi:agent-one-7"})

    def approvals(**wanted: Any) -> Callable[[], Any]:
        usual: dict[str, Any] = {"delegators": None, "agents": None, "limit": 5}
        first = rows.approvals(**{**usual, **wanted}, cursor=None)
        return lambda: rows.approvals(**{**usual, **wanted}, cursor=first.next_cursor)

    of_few = {"delegators": ["did:adi:human-3", "did:adi:human-4"], "agents": ["did:adi:agent-5"]}
    calls = rows.calls(["dlg_3", "dlg_7"], limit=2, cursor=None)
    return {
        "one": lambda: rows.get("dlg_7"),
        "one by its credential": lambda: rows.get(str(ordered_uid(7))),
        "a chain": lambda: rows.chain("dlg_7"),
        "live chains": lambda: rows.chains_to(["did:adi:agent-7", "did:adi:agent-one-9"]),
        "those that are locked": lambda: rows.lock(["dlg_7", "dlg_6"], for_use=True),
        "all": listed(),
        "those of few": listed(parties=few),
        "those from one": listed(delegator_did="did:adi:human-3"),
        "those to one": listed(delegate_did="did:adi:agent-4"),
        "those to one that few see": listed(delegate_did="did:adi:agent-one-7", parties=few - {"did:adi:agent-one-7"}),
        **{f"{status} ones of few": listed(status=status, parties=few) for status in DelegationStatus},
        **{f"{status} ones": listed(status=status) for status in DelegationStatus},
        "children": lambda: rows.children(["dlg_6", "dlg_8"]),
        "how many are below": lambda: rows.count_below("dlg_6", NOW),
        "windows": lambda: rows.used([("dlg_7", NOW + HOUR), ("dlg_7", late), ("dlg_8", NOW)]),
        "sums": lambda: rows.sums(["dlg_7"]),
        "a ledger": lambda: rows.ledger("dlg_7", rows.ledger("dlg_7", None, 1)[0], 5),
        "a walk": lambda: rows.after(ordered_uid(100), 5),
        "what it is found by": lambda: rows.indexed(ordered_uid(7), ["dlg_6", "did:adi:agent-1"]),
        "counted calls": lambda: rows.recorded(["cal_7"]),
        "calls": lambda: rows.calls(["dlg_3", "dlg_7"], limit=2, cursor=calls.next_cursor),
        "a question": lambda: rows.approval("apv_7"),
        "questions": approvals(),
        "questions of few": approvals(**of_few),
        "waiting questions of few": approvals(**of_few, waiting_at=NOW),
        "how many wait": lambda: rows.count_waiting("did:adi:agent-5", NOW),
        "profiles": lambda: rows.profiles(["did:adi:agent-5"]),
        "credentials without a delegation": lambda: rows.unwritten(credential().schema_id or "", ordered_uid(100), 5),
        "the newest credential of a schema": lambda: rows.newest_credential(credential().schema_id or ""),
        "ends to tell": lambda: rows.expired(late, 5),
    }


def _done(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    return {
        "telling ends": lambda: uow.delegations.tell_expired(["dlg_7"]),
        "counting": lambda: uow.delegations.count([use(9999, "dlg_7"), use(9999, "dlg_6")]),
        "forgetting": lambda: uow.delegations.forget(
            uses_before=NOW + HOUR, calls_before=NOW + HOUR, approvals_before=NOW + HOUR, limit=5
        ),
        "answering": lambda: uow.delegations.update_approval(approval(7)),
    }


def test_nothing_asked_of_delegations_reads_a_whole_table(
    database: Database, units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(units)
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    # Locks are of no account to the plan, and a reader may not take them to ask for one.
    monkeypatch.setattr(Transaction, "locking", lambda _self, statement, **_how: statement)
    explainer = Explainer(database, texts=monkeypatch, changes=True)
    found: dict[str, list[str]] = {}
    with units(write=False) as uow:
        for name, act in _asked(uow).items():
            found[name] = explainer.scans(act)
    with units() as uow:
        for name, act in _done(uow).items():
            found[name] = explainer.scans(act)
    # SQLite says so of what a query makes for itself too.
    own = ("SCAN anon", "SCAN (", "SCAN merged", "SCAN json_each")
    assert {name: scans for name, scans in found.items() if any(not one.startswith(own) for one in scans)} == {}


def test_a_tree_of_10000_is_counted_at_once(database: Database, units: UnitOfWorkFactory) -> None:
    """A tree as wide as it must be for so many within eight hops; the bound is loose, for slow machines."""
    made = [delegation(0)]
    for number in range(1, 10_001):
        made.append(delegation(number, made[(number - 1) // 7]))
    with units() as uow:
        uow.credentials.add_many([credential_of(one) for one in made])
        uow.commit()
    with open_transaction(database, write=True) as transaction:
        # Only what the count looks at: each under all that are above it.
        rows = [(term, transaction.uid(one.uid)) for one in made for term in one.lineage]
        RowWriter(delegation_index).write(transaction, rows)
        transaction.commit()
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    with units(write=False) as uow:
        began = time.perf_counter()
        assert uow.delegations.count_below("dlg_0", NOW) == 10_000
        assert time.perf_counter() - began < 0.5
        assert uow.delegations.count_below("dlg_1", NOW) == sum(1 for one in made if "dlg_1" in one.lineage)
