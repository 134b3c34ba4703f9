"""Mass revocation beside single revocations, suspensions and new credentials: nobody waits for ever, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.errors import AlreadyRevoked, DomainError, StateConflict
from sealwright.domain.formats import CredentialFormat
from sealwright.services import mass_gathering
from sealwright.services.office import Office
from tests.support.batches import worker
from tests.support.copies import copies_for
from tests.support.mass import assert_revoked_once, issued_batch, mass_wish, stored
from tests.support.office import issue, the_operator


def test_others_revoke_suspend_and_issue_meanwhile(issuing_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = issuing_office
    monkeypatch.setattr(mass_gathering, "CHUNK_ROWS", 6)
    issued_batch(office, 36, suspendable=True)
    sources = stored(office)
    for one in sources[:4]:
        copies_for(office).make(one, CredentialFormat.SD_JWT, one.holder_did)
    before = stored(office)
    batch = office.bulk.mass.revoke(the_operator(office), mass_wish())
    batch = office.bulk.mass.gathering.fill(batch.batch_id)

    def carry() -> None:
        engine = worker(office)
        while engine.work_once():
            pass

    def single(name: str, turn: slice) -> Callable[[], int]:
        def act() -> int:
            done = 0
            for one in stored(office)[turn]:
                try:
                    office.acts.run(
                        the_operator(office),
                        lambda uow, me, one=one: getattr(office.revocation, name)(  # type: ignore[misc]
                            uow, me, one.credential_id, "meanwhile"
                        ),
                    )
                    done += 1
                except (AlreadyRevoked, StateConflict):
                    pass
            return done

        return act

    def new() -> int:
        return len([issue(office) for _ in range(4)])

    with ThreadPoolExecutor(5) as pool:
        running = [
            pool.submit(act)
            for act in (carry, carry, single("revoke", slice(None, None, 3)), single("suspend", slice(1, None, 3)), new)
        ]
        errors = [one.exception(timeout=120) for one in running]
    assert not [error for error in errors if error is not None and not isinstance(error, DomainError)], errors
    assert errors == [None] * 5
    carry()
    office.bulk.engine.run_batch(batch.batch_id)

    done = office.bulk.desk.get(the_operator(office), batch.batch_id, office.registry.current())
    assert (done.total, done.issued + done.failed) == (len(before), len(before))
    assert_revoked_once(office, [one.uid for one in before])
    assert sum(one.status is CredentialStatus.VALID for one in stored(office)) == 4
    assert list(office.store_check.run(the_operator(office))) == []
