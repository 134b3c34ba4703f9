"""A dishonest agent and whoever overhears it: every alteration of a token, and of the chain inside one signed anew.

The agent signs its tokens itself, so nothing but the delegators' own proofs keeps it from rewriting what it was given.
"""

from __future__ import annotations

import copy
import os
import random
from typing import Any, Final

import pytest

from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import Act, Refused
from tests.support.capability import ACTION, CONTEXT, forged, headers, parts, signer_of
from tests.support.json_attacks import altered_documents
from tests.support.shop_world import AGENT, ALICE, HELPER, Shop, delegation, name_of, token_for
from tests.support.token_attacks import altered_letters

# One in so many by default; all of them where the environment asks for it.
SHARE: Final = int(os.environ.get("CAPABILITY_ATTACKS_SHARE", "6"))
LETTERS: Final = 3_000 // SHARE

UPPER: Final = delegation(
    ALICE, AGENT, 2, depth=1, constraints={"maxSpendPerTransaction": 50, "requireApproval": False}
)
LOWER: Final = delegation(
    AGENT,
    HELPER,
    3,
    parent=name_of(2),
    constraints={"maxSpendPerTransaction": 50, "requireApproval": False, "authorizedMerchants": [CONTEXT["merchant"]]},
)
KEY: Final = ProofKey()
SIGN: Final = signer_of(HELPER)
TOKEN: Final = token_for(HELPER, KEY, UPPER, LOWER)


def code_of(shop: Shop, token: str, act: Act | None = None) -> str | None:
    """Why a token is refused, with an honest proof; None where it is not."""
    try:
        shop.order(headers(token, KEY), act)
    except Refused as error:
        return error.code
    return None


def test_the_honest_token_is_taken() -> None:
    assert code_of(Shop(), TOKEN) is None


@pytest.mark.parametrize("place", [0, 1], ids=["root", "own"])
def test_no_alteration_of_a_hop_gets_through_though_the_agent_signs_the_token(place: int) -> None:
    shop = Shop()
    document = (UPPER, LOWER)[place]
    every = [one for one in altered_documents(document, f"hop {place}") if one.kept is None]
    assert len(every) > 900
    chosen = random.Random(f"share {place}").sample(every, len(every) // SHARE)
    through = []
    for number, altered in enumerate(chosen):
        chain = [UPPER, LOWER]
        chain[place] = altered.document
        token = forged(TOKEN, SIGN, chain=chain, jti=f"{place} {number}")
        if code_of(shop, token) is None:
            through.append(altered.label)
    assert through == []
    # The same road is open for what nobody altered, so it was the alterations that were refused.
    assert code_of(shop, forged(TOKEN, SIGN, chain=[UPPER, LOWER], jti=f"{place} control")) is None


def test_no_other_order_or_choice_of_hops_gets_through() -> None:
    shop = Shop()
    beside = delegation(ALICE, AGENT, 4, depth=1)
    stranger = delegation(ALICE, HELPER, 5, parent=name_of(2))
    chains: list[list[Any]] = [
        [LOWER, UPPER],
        [LOWER],
        [UPPER],
        [UPPER, UPPER, LOWER],
        [UPPER, LOWER, LOWER],
        [UPPER, LOWER, UPPER],
        [beside, LOWER],
        [UPPER, stranger],
        [UPPER, beside, LOWER],
        [[UPPER, LOWER]],
        [UPPER, None],
        [UPPER, LOWER["id"]],
        [{"id": f"data:application/vc+jwt,{TOKEN}", "type": "EnvelopedVerifiableCredential"}, LOWER],
        [TOKEN, LOWER],
    ]
    codes = {
        number: code_of(shop, forged(TOKEN, SIGN, chain=chain, jti=f"order {number}"))
        for number, chain in enumerate(chains)
    }
    assert [number for number, code in codes.items() if code is None] == []


def test_no_alteration_of_a_signed_claim_gets_through_unsigned() -> None:
    shop = Shop()
    header, claims, signature = parts(TOKEN)
    chainless = {name: value for name, value in claims.items() if name != "chain"}
    altered = [one for one in altered_documents(chainless, "claims") if isinstance(one.document, dict)]
    assert len(altered) > 150
    for one in altered:
        document = copy.deepcopy(one.document)
        changes = {name: document.get(name) for name in {*chainless, *document}}
        token = forged(TOKEN, lambda _: signature, header, **changes)
        if token != TOKEN:
            assert code_of(shop, token) is not None, one.label


def test_what_an_agent_may_say_otherwise_is_its_own_business_only() -> None:
    """Signed anew, only the token's own id and dates may be others; what binds it is held against the call."""
    shop = Shop()
    _, claims, _ = parts(TOKEN)
    chainless = {name: value for name, value in claims.items() if name != "chain"}
    through = set()
    for number, one in enumerate(altered_documents(chainless, "signed claims")):
        if not isinstance(one.document, dict) or one.kept is not None:
            continue
        if {name: value for name, value in one.document.items() if value is not None} == chainless:
            continue
        changes = {"jti": f"signed {number}", **one.document}
        changes |= {name: None for name in chainless if name not in one.document}
        if code_of(shop, forged(TOKEN, SIGN, **changes)) is None:
            through.add(one.label.rpartition(" at /")[2])
    assert {"jti"} <= through <= {"jti", "iat", "exp"}


def test_no_letters_can_be_altered() -> None:
    shop = Shop()
    for one in altered_letters(TOKEN, "letters", LETTERS):
        assert code_of(shop, one.document) is not None, one.label
    assert code_of(shop, TOKEN) is None


def test_no_act_but_the_stated_one_gets_through() -> None:
    shop = Shop()
    acts = [
        Act(ACTION, one.document)
        for one in altered_documents(dict(CONTEXT), "acts")
        if isinstance(one.document, dict) and one.document != CONTEXT
    ]
    assert len(acts) > 20
    for act in acts:
        assert code_of(shop, TOKEN, act) == "TOKEN_ACT_MISMATCH", act
