"""Agents that ask whether they may act, many at once, in this process or in one of their own.

    python -m tests.support.asking DATABASE_URL HOME AMOUNT COUNT AGENT...

asks COUNT times for every agent, all agents at once, each question under an idempotency key of its own; a line with the
number of the question goes out for every answer, with a plus where it was allowed. Whoever started it may kill it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from sealwright.domain.delegations import LedgerRow
from sealwright.domain.people import Caller
from sealwright.services.acts import idempotency_scope
from sealwright.services.authorizing_values import ActQuestion, Answered, Verdict
from sealwright.services.office import Office
from sealwright.services.ports import StoredAnswer
from tests.support.office import open_office, the_operator

ACTION: Final = "purchase:groceries"


def ask_under_key(office: Office, caller: Caller, agent: str, amount: float, key: str) -> Answered:
    """Ask on the line, counted once however often the key comes again."""
    authorizing = office.delegations.authorizing
    question = ActQuestion(agent, ACTION, {"amount": float(amount)}, record=True)
    checked = authorizing.check(caller, question, office.registry.current())
    scope = idempotency_scope("test", "POST", "/ask", key, repr(question).encode())
    return authorizing.submit(checked, scope, _kept).result(60)


def allowed_in(answered: Answered) -> bool:
    """Tell whether an answer, given now or before, allows the act."""
    assert answered.stored is not None
    return answered.stored.body == b"allowed"


def _kept(verdict: Verdict) -> StoredAnswer:
    return StoredAnswer(200, b"allowed" if verdict.allowed else b"refused")


def ledger_of(office: Office, delegation_id: str) -> tuple[LedgerRow, ...]:
    """Every act that was counted against a delegation."""
    rows: list[LedgerRow] = []
    with office.units(write=False) as uow:
        while found := uow.delegations.ledger(delegation_id, rows[-1] if rows else None, 500):
            rows += found
    return tuple(rows)


def main(arguments: Sequence[str]) -> None:
    url, home, amount, count, *agents = arguments
    lock = threading.Lock()
    with open_office(url, Path(home), background=True) as office:
        caller = the_operator(office)

        def run(agent: str) -> None:
            for number in range(int(count)):
                key = f"{agent} {number}"
                is_allowed = allowed_in(ask_under_key(office, caller, agent, float(amount), key))
                with lock:
                    sys.stdout.write(f"{'+' if is_allowed else '-'}{key}\n")
                    sys.stdout.flush()

        with ThreadPoolExecutor(len(agents)) as pool:
            list(pool.map(run, agents))


if __name__ == "__main__":
    main(sys.argv[1:])
