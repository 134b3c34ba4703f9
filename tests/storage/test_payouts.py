"""Payout obligations and proposers' drafts, as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import StoreUnavailable, VersionConflict
from sealwright.domain.payouts import Payout, PayoutStatus
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.workflow_ports import Draft, PayoutFilter
from tests.storage.builders import NOW
from tests.storage.workflow_builders import payout, workflow

FLOW = workflow((), steps=4)


def _many() -> list[Payout]:
    states = (PayoutStatus.OWED, PayoutStatus.FAILED, PayoutStatus.SETTLED, PayoutStatus.EXPORTED)
    return [
        payout(FLOW, n, payout_id=f"pay_{n}", status=state, created_at=NOW + timedelta(minutes=n))
        for n, state in enumerate(states)
    ]


def test_an_obligation_comes_back_whole_and_moves_by_versions(units: UnitOfWorkFactory) -> None:
    one = payout(FLOW)
    moved = replace(
        one,
        status=PayoutStatus.SETTLED,
        reference="SEPA 1",
        reason="Late",
        requested_at=NOW,
        settled_at=NOW,
        version=2,
    )
    with units() as uow:
        uow.payouts.add(one)
        assert uow.payouts.get(one.payout_id) == uow.payouts.by_step(one.step_id) == one
        uow.payouts.update(moved)
        with pytest.raises(VersionConflict):
            uow.payouts.update(moved)
        assert uow.payouts.get_for_update(one.payout_id) == moved
        assert (uow.payouts.get("pay_none"), uow.payouts.by_step("stp_none")) == (None, None)


def test_a_step_is_owed_for_once(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.payouts.add(payout(FLOW))
        with pytest.raises(StoreUnavailable):
            uow.payouts.add(payout(FLOW))


def test_lists_are_filtered_counted_and_exported(units: UnitOfWorkFactory) -> None:
    many = _many()
    other = payout(workflow(()), payout_id="pay_other", payee_user_id="usr_eve", created_at=NOW - timedelta(days=1))
    with units() as uow:
        for one in (*many, other):
            uow.payouts.add(one)
        uow.commit()
    with units() as uow:
        found = uow.payouts.list(PayoutFilter(), page=1, count=2)
        assert (found.items, found.total) == ((many[3], many[2]), 5)
        for wanted, expected in (
            (PayoutFilter(status=PayoutStatus.FAILED), [many[1]]),
            (PayoutFilter(payee_user_id="usr_eve"), [other]),
            (PayoutFilter(workflow_id=FLOW.workflow_id, status=PayoutStatus.OWED), [many[0]]),
        ):
            found = uow.payouts.list(wanted, page=1, count=9)
            assert (list(found.items), found.total) == (expected, len(expected))
        assert uow.payouts.of_workflow(FLOW.workflow_id) == tuple(many)
        assert uow.payouts.to_export(9) == (other, many[0], many[1])
        assert uow.payouts.to_export(1) == (other,)


def test_drafts_are_their_authors_own(units: UnitOfWorkFactory) -> None:
    first = Draft("drf_one", "usr_ada", "Trees", '{"title":"Trees"}', NOW)
    second = Draft("drf_two", "usr_ada", "", "{}", NOW + timedelta(minutes=1))
    with units() as uow:
        uow.drafts.put(first)
        uow.drafts.put(second)
        assert uow.drafts.of_person("usr_ada") == (second, first)
        changed = replace(first, title="More trees", updated_at=NOW + timedelta(minutes=2))
        uow.drafts.put(changed)
        assert uow.drafts.of_person("usr_ada") == (changed, second)
        assert uow.drafts.get("usr_ada", "drf_one") == changed
        assert uow.drafts.get("usr_eve", "drf_one") is None
        assert not uow.drafts.delete("usr_eve", "drf_one")
        assert uow.drafts.delete("usr_ada", "drf_one")
        assert uow.drafts.of_person("usr_eve") == ()
