"""A shop takes orders of agents: what it permits, and every way of cheating it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import ANYBODY, Act, Call, LocalMemory, Office, Refused, Verifier
from sealwright.vc.status.documents import SUSPENSION
from tests.support.capability import ACTION, CONTEXT, NOW, ORDERS, SHOP, forged, grounds, headers, parts, signer_of
from tests.support.proving import Party
from tests.support.shop_world import (
    AGENT,
    ALICE,
    CONTEXT_URL,
    HELPER,
    MALLORY,
    OFFICE,
    ROGUE,
    Shop,
    asking,
    delegation,
    name_of,
    token_for,
)

ROOT = delegation(ALICE, AGENT, 1)
# Alice lets her agent delegate once more; the helper acts.
UPPER = delegation(ALICE, AGENT, 2, depth=1)
LOWER = delegation(AGENT, HELPER, 3, parent=name_of(2))


def refused(order: Callable[[], object]) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        order()
    assert caught.value.detail
    return caught.value.code


def test_an_honest_order_is_permitted() -> None:
    permit = Shop().order(asking(AGENT, ROOT))
    assert (permit.agent, permit.principal) == (AGENT.did, ALICE.did)
    assert permit.delegations == (name_of(1),)
    assert permit.expires_at == NOW + timedelta(minutes=2)
    assert (permit.uncounted, permit.call_id, permit.remaining) == ((), None, None)


def test_a_helper_of_the_agent_is_permitted_by_the_whole_chain() -> None:
    permit = Shop().order(asking(HELPER, UPPER, LOWER))
    assert (permit.agent, permit.principal) == (HELPER.did, ALICE.did)
    assert permit.delegations == (name_of(2), name_of(3))


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019"])
def test_delegations_under_other_suites_that_sign_the_whole_are_taken(suite: str) -> None:
    assert Shop().order(asking(AGENT, delegation(ALICE, AGENT, 1, suite=suite)))


def test_a_part_of_a_delegation_is_not_taken() -> None:
    chain = delegation(ALICE, AGENT, 1, suite="ecdsa-sd-2023")
    assert refused(lambda: Shop().order(asking(AGENT, chain))) == "DELEGATION_PROOF_INVALID"


def test_amounts_compare_by_value() -> None:
    spoken = {**CONTEXT, "amount": 0.1}
    for amount in (0.1, Decimal("0.1"), Decimal("0.10")):
        assert Shop().order(asking(AGENT, ROOT, context=spoken), Act(ACTION, {**CONTEXT, "amount": amount}))
    whole = {**CONTEXT, "amount": 42.0}
    assert Shop().order(asking(AGENT, ROOT, context=whole))


# -- the token ----------------------------------------------------------------------------------------------------


def test_a_token_is_taken_once_even_with_a_new_proof() -> None:
    shop, key = Shop(), ProofKey()
    token = token_for(AGENT, key, ROOT)
    first = headers(token, key)
    assert shop.order(first)
    assert refused(lambda: shop.order(first)) == "TOKEN_PROOF_REPLAYED"
    assert refused(lambda: shop.order(headers(token, key))) == "TOKEN_REPLAYED"
    shop.now += timedelta(minutes=2)
    assert refused(lambda: shop.order(headers(token, key, now=shop.now))) == "TOKEN_REPLAYED"
    shop.now += timedelta(minutes=1)
    assert refused(lambda: shop.order(headers(token, key, now=shop.now))) == "TOKEN_EXPIRED"


def test_one_of_many_at_the_same_time_is_permitted() -> None:
    shop, key = Shop(), ProofKey()
    token = token_for(AGENT, key, ROOT)
    found: list[str] = []
    start = threading.Barrier(8)

    def order() -> None:
        start.wait()
        try:
            shop.order(headers(token, key))
            found.append("permitted")
        except Refused as error:
            found.append(error.code)

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["TOKEN_REPLAYED"] * 7 + ["permitted"]


def test_a_refused_order_does_not_burn_its_token() -> None:
    shop = Shop()
    made = asking(AGENT, ROOT)
    assert refused(lambda: shop.order(made, Act(ACTION, {**CONTEXT, "amount": 43}))) == "TOKEN_ACT_MISMATCH"
    assert refused(lambda: shop.order(made, url=f"{SHOP}/refunds")) == "TOKEN_PROOF_INVALID"
    shop.published.down.add("/1.0/")
    assert refused(lambda: shop.order(made)) == "TOKEN_NOT_CHECKABLE"
    shop.published.down.clear()
    assert shop.order(made)


def test_a_token_for_another_shop_is_refused() -> None:
    made = asking(AGENT, ROOT, audience="https://other.example")
    assert refused(lambda: Shop().order(made)) == "TOKEN_AUDIENCE_MISMATCH"


@pytest.mark.parametrize(
    "act",
    [
        Act("purchase:jewelry", CONTEXT),
        Act("purchase:*", CONTEXT),
        Act(ACTION, {**CONTEXT, "amount": 42.01}),
        Act(ACTION, {**CONTEXT, "amount": "42"}),
        Act(ACTION, {**CONTEXT, "merchant": "https://other.example"}),
        Act(ACTION, {**CONTEXT, "region": "US-CA"}),
        Act(ACTION, {"amount": 42}),
        Act(ACTION),
    ],
    ids=["action", "wildcard", "amount", "amount as text", "merchant", "more", "less", "nothing"],
)
def test_a_token_for_another_act_is_refused(act: Act) -> None:
    assert refused(lambda: Shop().order(asking(AGENT, ROOT), act)) == "TOKEN_ACT_MISMATCH"


def test_another_agents_key_makes_no_token_under_this_agents_name() -> None:
    key = ProofKey()
    honest = token_for(AGENT, key, ROOT)
    stolen = forged(honest, signer_of(ROGUE))
    assert refused(lambda: Shop().order(headers(stolen, key))) == "TOKEN_SIGNATURE_INVALID"
    named = forged(honest, signer_of(ROGUE), {**parts(honest)[0], "kid": ROGUE.method_id})
    assert refused(lambda: Shop().order(headers(named, key))) == "TOKEN_MALFORMED"


def test_another_agent_does_not_act_under_this_agents_chain() -> None:
    assert refused(lambda: Shop().order(asking(ROGUE, ROOT))) == "DELEGATION_INVALID"
    assert refused(lambda: Shop().order(asking(AGENT, UPPER, LOWER))) == "DELEGATION_INVALID"


def test_a_stolen_token_is_worth_nothing_without_its_key() -> None:
    thief = ProofKey()
    token = token_for(AGENT, ProofKey(), ROOT)
    assert refused(lambda: Shop().order(headers(token, thief))) == "TOKEN_PROOF_KEY_MISMATCH"
    assert refused(lambda: Shop().order({"Authorization": f"DPoP {token}"})) == "TOKEN_PROOF_MISSING"
    assert refused(lambda: Shop().order({"Authorization": f"Bearer {token}"})) == "TOKEN_MISSING"
    assert refused(lambda: Shop().order({})) == "TOKEN_MISSING"


def test_the_proof_of_another_token_is_refused() -> None:
    key = ProofKey()
    one, other = (token_for(AGENT, key, ROOT) for _ in range(2))
    mixed = {**headers(one, key), "DPoP": headers(other, key)["DPoP"]}
    assert refused(lambda: Shop().order(mixed)) == "TOKEN_PROOF_INVALID"


def test_a_token_names_the_principal_that_its_chain_begins_with() -> None:
    made = asking(AGENT, delegation(MALLORY, AGENT, 9), principal=ALICE.did)
    assert refused(lambda: Shop().order(made)) == "TOKEN_MALFORMED"


def test_strangers_spend_nobodys_money() -> None:
    made = asking(AGENT, delegation(MALLORY, AGENT, 9))
    shop = Shop()
    assert refused(lambda: shop.order(made)) == "TOKEN_PRINCIPAL_UNKNOWN"
    assert shop.published.asked == []
    for principals in (ANYBODY, lambda did: did == MALLORY.did, [MALLORY.did]):
        assert Shop({"principals": principals}).order(made).principal == MALLORY.did
    assert refused(lambda: Shop({"principals": ()}).order(asking(AGENT, ROOT))) == "TOKEN_PRINCIPAL_UNKNOWN"


def test_an_ended_or_unknown_agent_is_refused() -> None:
    shop = Shop()
    shop.published.ended.add(AGENT.did)
    assert refused(lambda: shop.order(asking(AGENT, ROOT))) == "TOKEN_SIGNATURE_INVALID"
    shop = Shop()
    del shop.published.documents[AGENT.did]
    assert refused(lambda: shop.order(asking(AGENT, ROOT))) == "TOKEN_SIGNATURE_INVALID"


# -- the chain ----------------------------------------------------------------------------------------------------

WIDER = delegation(AGENT, HELPER, 13, parent=name_of(2), scope=("purchase:*",))
LOOSER = delegation(AGENT, HELPER, 13, parent=name_of(2), constraints={"maxSpendPerTransaction": 51})
FREE = delegation(AGENT, HELPER, 13, parent=name_of(2), constraints={})
LATER = delegation(AGENT, HELPER, 13, parent=name_of(2), ends=NOW + timedelta(days=31))
ENDLESS = delegation(AGENT, HELPER, 13, parent=name_of(2), ends=None)
DEEPER = delegation(AGENT, HELPER, 13, parent=name_of(2), depth=1)


@pytest.mark.parametrize(
    ("chain", "codes"),
    [
        ((UPPER, WIDER), {"DELEGATION_SCOPE_WIDENED"}),
        ((UPPER, LOOSER), {"DELEGATION_CONSTRAINT_LOOSENED"}),
        ((UPPER, FREE), {"DELEGATION_CONSTRAINT_LOOSENED"}),
        ((UPPER, LATER), {"DELEGATION_EXPIRY_EXCEEDED"}),
        ((UPPER, ENDLESS), {"DELEGATION_EXPIRY_EXCEEDED", "DELEGATION_INVALID"}),
        ((UPPER, DEEPER), {"DELEGATION_DEPTH_EXCEEDED"}),
        ((ROOT, delegation(AGENT, HELPER, 13, parent=name_of(1))), {"DELEGATION_DEPTH_EXCEEDED"}),
        ((ROOT, LOWER), {"DELEGATION_INVALID", "DELEGATION_DEPTH_EXCEEDED"}),
        ((LOWER, UPPER), {"DELEGATION_INVALID", "DELEGATION_ROOT_INVALID"}),
        ((LOWER,), {"DELEGATION_INVALID", "DELEGATION_ROOT_INVALID"}),
        ((delegation(AGENT, HELPER, 13),), {"DELEGATION_ROOT_INVALID"}),
        ((UPPER, delegation(ROGUE, HELPER, 13, parent=name_of(2))), {"DELEGATION_INVALID"}),
        ((UPPER, delegation(AGENT, HELPER, 13, parent=name_of(2), signer=HELPER)), {"DELEGATION_PROOF_INVALID"}),
        ((delegation(ALICE, HELPER, 13, ends=NOW - timedelta(minutes=2)),), {"DELEGATION_EXPIRED"}),
        (({**UPPER, "id": name_of(9)}, LOWER), {"DELEGATION_PROOF_INVALID"}),
    ],
    ids=[
        "wider scope",
        "looser limit",
        "limit left out",
        "later end",
        "no end",
        "deeper",
        "no depth left",
        "another parent",
        "reordered",
        "truncated",
        "an agent as root",
        "a link missing",
        "signed by the delegate",
        "over",
        "altered",
    ],
)
def test_chains_that_do_not_hold_are_refused(chain: tuple[dict[str, Any], ...], codes: set[str]) -> None:
    root = chain[0]["credentialSubject"]["delegator"]
    shop = Shop({"principals": ANYBODY})
    assert refused(lambda: shop.order(asking(HELPER, *chain, principal=root))) in codes


def test_a_claim_altered_in_a_hop_is_refused() -> None:
    subject = {**ROOT["credentialSubject"], "constraints": {"maxSpendPerTransaction": 5000}}
    made = asking(AGENT, {**ROOT, "credentialSubject": subject})
    assert refused(lambda: Shop().order(made)) == "DELEGATION_PROOF_INVALID"


def test_no_hop_stands_twice() -> None:
    assert refused(lambda: Shop().order(asking(AGENT, ROOT, ROOT))) == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    ("who", "number", "purpose", "code"),
    [
        (ALICE, 2, "revocation", "DELEGATION_REVOKED"),
        (ALICE, 2, SUSPENSION, "DELEGATION_SUSPENDED"),
        (AGENT, 3, "revocation", "DELEGATION_REVOKED"),
        (AGENT, 3, SUSPENSION, "DELEGATION_SUSPENDED"),
    ],
    ids=["root revoked", "root suspended", "own revoked", "own suspended"],
)
def test_a_revoked_or_suspended_hop_takes_everything_below_with_it(
    who: Any, number: int, purpose: str, code: str
) -> None:
    shop = Shop()
    assert shop.order(asking(HELPER, UPPER, LOWER))
    shop.published.revoke(who, number, purpose)
    # What was read is taken for the present for half a minute, and no longer.
    shop.seconds += 29
    assert shop.order(asking(HELPER, UPPER, LOWER))
    shop.seconds += 2
    assert refused(lambda: shop.order(asking(HELPER, UPPER, LOWER))) == code


def test_what_cannot_be_checked_is_refused_as_that() -> None:
    for part in ("/status/", "/1.0/identifiers/"):
        cut_off = Shop()
        cut_off.published.down.add(part)
        assert refused(partial(cut_off.order, asking(AGENT, ROOT))) == "TOKEN_NOT_CHECKABLE"
    shop = Shop()
    shop.published.down.add("/contexts/")
    assert refused(lambda: shop.order(asking(AGENT, ROOT))) == "DELEGATION_PROOF_INVALID"
    shop.published.down.clear()
    assert shop.order(asking(AGENT, ROOT))


@pytest.mark.parametrize("who", [ALICE, AGENT], ids=["root", "middle"])
def test_a_delegator_that_was_ended_or_is_not_known_kills_the_chain(who: Party) -> None:
    shop = Shop()
    shop.published.ended.add(who.did)
    assert refused(lambda: shop.order(asking(HELPER, UPPER, LOWER))) == "DELEGATION_PROOF_INVALID"
    shop = Shop()
    del shop.published.documents[who.did]
    assert refused(lambda: shop.order(asking(HELPER, UPPER, LOWER))) == "DELEGATION_PROOF_INVALID"


def test_no_address_but_the_offices_is_asked() -> None:
    """The fake network fails on any other; a list elsewhere could say that nothing was revoked."""
    elsewhere = delegation(ALICE, AGENT, 1, lists="https://mallory.example/status")
    assert refused(lambda: Shop().order(asking(AGENT, elsewhere))) == "TOKEN_NOT_CHECKABLE"
    beside = delegation(ALICE, AGENT, 1, lists=f"{OFFICE}.mallory.example/status/x")
    assert refused(lambda: Shop().order(asking(AGENT, beside))) == "TOKEN_NOT_CHECKABLE"


def test_what_the_office_publishes_is_fetched_once_for_a_while() -> None:
    shop = Shop()
    for _ in range(5):
        shop.order(asking(AGENT, ROOT))
    assert len(shop.published.asked) == len(set(shop.published.asked)) == 5
    shop.seconds = 61
    shop.order(asking(AGENT, ROOT))
    again = shop.published.asked[5:]
    # Documents and lists may change; a context never does.
    assert len(again) == 4
    assert CONTEXT_URL.removeprefix(OFFICE) not in again


# -- what the verifier is made of ---------------------------------------------------------------------------------


def test_a_full_memory_takes_nothing_and_forgets_what_is_over() -> None:
    shop = Shop({"memory": LocalMemory(most=2)})
    first = asking(AGENT, ROOT)
    assert shop.order(first)
    assert refused(lambda: shop.order(asking(AGENT, ROOT))) == "TOKEN_NOT_CHECKABLE"
    assert refused(lambda: shop.order(first)) == "TOKEN_PROOF_REPLAYED"
    shop.now += timedelta(minutes=7)
    key = ProofKey()
    token = token_for(AGENT, key, ROOT, jti="later")
    claims = {"iat": int(shop.now.timestamp()), "exp": int(shop.now.timestamp()) + 60}
    later = forged(token, signer_of(AGENT), **claims)
    assert shop.order(headers(later, key, now=shop.now))


def test_a_server_that_begins_anew_takes_no_proof_from_before() -> None:
    made = asking(AGENT, ROOT)
    assert Shop().order(made)
    restarted = Shop(now=NOW + timedelta(seconds=1))
    assert refused(lambda: restarted.order(made)) == "TOKEN_PROOF_INVALID"
    shared = LocalMemory()
    assert Shop({"memory": shared}).order(made)
    beside = Shop({"memory": shared}, now=NOW + timedelta(seconds=1))
    assert refused(lambda: beside.order(made)) == "TOKEN_PROOF_REPLAYED"
    assert beside.order(asking(AGENT, ROOT))


def test_a_did_that_was_not_known_is_asked_for_again_soon() -> None:
    shop = Shop()
    document = shop.published.documents.pop(AGENT.did)
    for _ in range(3):
        assert refused(lambda: shop.order(asking(AGENT, ROOT))) == "TOKEN_SIGNATURE_INVALID"
    assert len(shop.published.asked) == 1
    shop.published.documents[AGENT.did] = document
    shop.seconds = 5
    assert shop.order(asking(AGENT, ROOT))


@pytest.mark.parametrize(
    ("url", "options"),
    [(f"{SHOP}/", {}), ("http://shop.example", {}), (SHOP, {"authorize": True})],
    ids=["slash", "plain http", "no key"],
)
def test_verifiers_that_could_not_work_are_not_made(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Verifier(url, Office(OFFICE), principals=ANYBODY, **options)


@pytest.mark.parametrize("url", ["http://office.example", "ftp://office.example", "office.example", "http://10.0.0.1"])
def test_offices_are_asked_over_tls(url: str) -> None:
    with pytest.raises(ValueError):
        Office(url)


def test_refusals_say_how_to_answer_and_quote_nothing() -> None:
    key = ProofKey()
    token = token_for(AGENT, key, ROOT)
    shop = Shop()
    for made, status, word in (
        ({}, 401, None),
        ({"Authorization": "DPoP x"}, 401, "invalid_token"),
        ({"Authorization": f"DPoP {token}", "DPoP": "x"}, 401, "invalid_dpop_proof"),
        (asking(AGENT, delegation(MALLORY, AGENT, 9)), 403, "insufficient_scope"),
        (asking(ROGUE, ROOT), 403, "insufficient_scope"),
    ):
        with pytest.raises(Refused) as caught:
            shop.order(made)
        assert caught.value.status == status
        assert (f'error="{word}"' in caught.value.challenge) if word else ("error" not in caught.value.challenge)
        assert token not in str(caught.value)
        assert "did:" not in caught.value.detail
    shop.seconds = 60
    shop.published.down.add("/status/")
    with pytest.raises(Refused) as caught:
        shop.order(asking(AGENT, ROOT))
    assert caught.value.status == 503


def test_a_call_shows_no_secrets() -> None:
    call = Call.of("POST", ORDERS, {"AUTHORIZATION": "DPoP secret", "dPoP": "hidden"})
    assert (call.authorization, call.proof) == ("DPoP secret", "hidden")
    assert "secret" not in repr(call)
    assert "hidden" not in repr(call)


def test_two_tokens_or_proofs_together_are_none() -> None:
    shop, honest = Shop(), list(asking(AGENT, ROOT).items())
    for (name, value), code in zip(honest, ("TOKEN_MALFORMED", "TOKEN_PROOF_INVALID"), strict=True):
        for twice in (value, "x", ""):
            call = Call.of("POST", ORDERS, [*honest, (name.upper(), twice)])
            assert refused(partial(shop.verifier.permit, call, Act(ACTION, CONTEXT))) == code
    assert shop.verifier.permit(Call.of("POST", ORDERS, honest), Act(ACTION, CONTEXT))


def test_a_context_that_no_context_is_like_is_refused_even_if_signed() -> None:
    key = ProofKey()
    made = forged(token_for(AGENT, key, ROOT), signer_of(AGENT), context={**CONTEXT, "approved": True})
    assert refused(lambda: Shop().order(headers(made, key))) == "TOKEN_MALFORMED"
    assert grounds(AGENT.did, ALICE.did, key.jkt).context == CONTEXT
