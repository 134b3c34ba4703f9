"""Limits, budgets and approvals: what a server judges by itself, and what it has the office count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sealwright.adapters.outbound import Answer
from sealwright.relying import Act, Refused
from tests.support.capability import ACTION, CONTEXT
from tests.support.shop_world import AGENT, ALICE, HELPER, Shop, asking, delegation, name_of, ruling

ROOT = delegation(ALICE, AGENT, 1)
BUDGET = delegation(ALICE, AGENT, 4, constraints={"maxSpendPerWeek": 100, "maxCallsPerDay": 9})
APPROVED = delegation(ALICE, AGENT, 5, constraints={"requireApproval": True})


def refused(order: Callable[[], object]) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        order()
    assert caught.value.detail
    return caught.value.code


def order_of(shop: Shop, chain: Mapping[str, Any], action: str = ACTION, **context: Any) -> Any:
    """An honest order of another act."""
    said = {**CONTEXT, **context}
    return shop.order(asking(AGENT, dict(chain), action=action, context=said), Act(action, said))


def test_limits_of_one_act_are_kept_without_asking_anybody() -> None:
    assert order_of(Shop(), ROOT, amount=50)
    assert refused(lambda: order_of(Shop(), ROOT, amount=50.000001)) == "DELEGATION_CONSTRAINT_EXCEEDED"
    assert refused(lambda: order_of(Shop(), ROOT, "purchase:jewelry")) == "DELEGATION_ACTION_NOT_COVERED"
    elsewhere = delegation(ALICE, AGENT, 1, constraints={"authorizedMerchants": ["https://market.example"]})
    assert refused(lambda: order_of(Shop(), elsewhere)) == "DELEGATION_CONSTRAINT_EXCEEDED"
    unknown = delegation(ALICE, AGENT, 1, constraints={"maxSpendPerTransaction": 50, "currency": "EUR"})
    assert refused(lambda: order_of(Shop(), unknown)) == "DELEGATION_CONSTRAINT_EXCEEDED"


def test_every_hop_limits_the_act() -> None:
    upper = delegation(ALICE, AGENT, 2, depth=1, constraints={"maxSpendPerTransaction": 20})
    lower = delegation(AGENT, HELPER, 3, parent=name_of(2), constraints={"maxSpendPerTransaction": 20})
    made = asking(HELPER, upper, lower)
    assert refused(lambda: Shop().order(made)) == "DELEGATION_CONSTRAINT_EXCEEDED"


def test_budgets_that_nobody_counts_are_refused_unless_the_server_takes_that() -> None:
    assert refused(lambda: order_of(Shop(), BUDGET)) == "TOKEN_BUDGET_NOT_COUNTED"
    permit = order_of(Shop({"accept_uncounted_budgets": True}), BUDGET)
    assert permit.uncounted == ("maxSpendPerWeek", "maxCallsPerDay")
    over = Shop({"accept_uncounted_budgets": True})
    assert refused(lambda: order_of(over, BUDGET, amount=101)) == "DELEGATION_CONSTRAINT_EXCEEDED"


def test_the_office_counts_what_it_is_asked_about() -> None:
    shop = Shop({"authorize": True})
    shop.published.rulings = [ruling(remaining={"maxSpendPerWeek": 58})]
    permit = order_of(shop, BUDGET)
    assert (permit.call_id, permit.remaining, permit.uncounted) == ("cal_1", {"maxSpendPerWeek": 58}, ())
    assert shop.published.questions == [
        {
            "agentDid": AGENT.did,
            "action": ACTION,
            "context": CONTEXT,
            "credentialId": name_of(4),
            "record": True,
        }
    ]


def test_what_the_office_refuses_is_refused_by_its_code() -> None:
    shop = Shop({"authorize": True})
    reasons = [{"code": "DELEGATION_CONSTRAINT_EXCEEDED", "hop": 0, "detail": "maxSpendPerWeek allows 100 at most."}]
    shop.published.rulings = [ruling(False, reasons=reasons)]
    assert refused(lambda: order_of(shop, BUDGET)) == "DELEGATION_CONSTRAINT_EXCEEDED"


def test_a_lost_answer_is_asked_for_once_more_under_the_same_name() -> None:
    shop = Shop({"authorize": True})
    shop.published.rulings = [None, ruling()]
    assert order_of(shop, BUDGET).call_id == "cal_1"
    first, second = shop.published.names
    assert first == second
    shop.published.rulings = [ruling()]
    order_of(shop, BUDGET)
    assert shop.published.names[2] != first


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(500, b"{}"),
        Answer(401, b'{"allowed": true}'),
        Answer(200, b"[]"),
        Answer(200, b"no"),
        Answer(200, b'{"allowed": "true"}'),
        Answer(200, b"{}"),
        Answer(200, b'{"allowed": false, "reasons": []}'),
    ],
    ids=["down", "500", "401", "a list", "no JSON", "a text", "nothing", "no reason"],
)
def test_an_office_that_gives_no_ruling_permits_nothing(answer: Answer | None) -> None:
    shop = Shop({"authorize": True})
    shop.published.rulings = [answer, answer]
    made = asking(AGENT, BUDGET)
    assert refused(lambda: shop.order(made)) == "TOKEN_NOT_CHECKABLE"
    # It may have been counted, so the same token is not asked about again.
    asked = len(shop.published.questions)
    assert asked == (2 if answer is None else 1)
    shop.published.rulings = [ruling()]
    assert refused(lambda: shop.order(made)) == "TOKEN_PROOF_REPLAYED"
    assert len(shop.published.questions) == asked


def test_an_approval_counts_only_where_the_office_is_asked_about_it() -> None:
    assert refused(lambda: Shop().order(asking(AGENT, APPROVED))) == "DELEGATION_APPROVAL_REQUIRED"
    assert refused(lambda: Shop().order(asking(AGENT, APPROVED, approval="apv_1"))) == "DELEGATION_APPROVAL_REQUIRED"
    shop = Shop({"authorize": True})
    assert refused(lambda: shop.order(asking(AGENT, APPROVED))) == "DELEGATION_APPROVAL_REQUIRED"
    shop.published.rulings = [ruling()]
    assert shop.order(asking(AGENT, APPROVED, approval="apv_1"))
    assert shop.published.questions[0]["approvalId"] == "apv_1"
