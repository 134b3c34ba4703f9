"""Chains of signed delegations: every hop and every join, and what an attacker could make of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from typing import Any

import pytest

from sealwright.vc.delegation.chain import verify_chain
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.errors import ChainRefused
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.verification.report import Outcome
from tests.support.chains import ED25519, ENDS, LIMITS, NOW, SUITES, ChainWorld

WORLD = ChainWorld()
BUY = "purchase:groceries"


@cache
def _made(hops: int, suite: str) -> list[dict[str, Any]]:
    return WORLD.chain(hops, suite=suite)


def chain(hops: int = 3, suite: str = ED25519) -> list[dict[str, Any]]:
    """A sound chain, the caller's own to alter."""
    return copy.deepcopy(_made(hops, suite))


def codes(documents: list[Any], **asked: Any) -> list[tuple[str, ...]]:
    """The codes of each hop, of a chain that does not hold."""
    report = WORLD.verify_chain(documents, **asked)
    assert not report
    assert report.valid is False
    assert report.terms == ()
    assert set(report.errors) == {code for hop in report.hops for code in hop.codes}
    assert all(hop.valid == (not hop.codes) == (hop.detail is None) for hop in report.hops)
    return [hop.codes for hop in report.hops]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("hops", [1, 2, 4, 8])
def test_a_sound_chain_holds(hops: int, suite: str) -> None:
    documents = chain(hops, suite)
    report = WORLD.verify_chain(documents)
    assert report
    assert report.errors == ()
    assert [hop.index for hop in report.hops] == list(range(hops))
    assert [hop.credential_id for hop in report.hops] == [document["id"] for document in documents]
    joins = list(pairwise(party.did for party in WORLD.parties))
    assert [(hop.delegator, hop.delegate) for hop in report.hops] == joins[:hops]
    assert [terms.max_depth for terms in report.terms] == list(reversed(range(hops)))


def test_an_act_is_judged_by_every_hop() -> None:
    documents = WORLD.chain(
        3,
        changes={
            1: {"constraints": {**LIMITS, "maxSpendPerTransaction": 30}},
            2: {"constraints": {**LIMITS, "maxSpendPerTransaction": 30}},
        },
    )
    context = ActContext(amount=Decimal(35), merchant="market", region="us-ca")
    assert codes(documents, action=BUY, context=context) == [
        (),
        ("DELEGATION_CONSTRAINT_EXCEEDED",),
        ("DELEGATION_CONSTRAINT_EXCEEDED",),
    ]
    assert WORLD.verify_chain(documents, action=BUY, context=ActContext(Decimal(30), None, "market", None, "us-ca"))
    assert (
        codes(documents, action="sell:house")
        == [("DELEGATION_ACTION_NOT_COVERED", "DELEGATION_CONSTRAINT_EXCEEDED")] * 3
    )


@pytest.mark.parametrize("documents", [[], [{}] * 9])
def test_no_hop_and_nine_are_no_chain(documents: list[Any]) -> None:
    with pytest.raises(ChainRefused):
        WORLD.verify_chain(documents, "did:adi:x")


def test_one_credential_twice_is_no_chain() -> None:
    first, second, third = chain()
    for documents in ([first, first], [first, second, third, second], [first, {**second, "id": first["id"]}]):
        with pytest.raises(ChainRefused):
            WORLD.verify_chain(documents)


@pytest.mark.parametrize("junk", [5, "text", [], {}, {"type": "x"}, {"credentialSubject": []}, b"bytes", 1.5, True])
def test_what_is_no_credential_is_a_hop_that_does_not_hold(junk: Any) -> None:
    first, _, third = chain()
    found = codes([first, junk, third])
    assert found[1] == ("DELEGATION_PROOF_INVALID",)
    assert found[0] == ()


def test_a_hop_that_could_not_be_found_is_told() -> None:
    first, _, third = chain()
    assert codes([first, None, third]) == [(), ("DELEGATION_NOT_FOUND",), ()]
    # Also in the last place: to whom it would be is not known.
    assert codes([first, None]) == [(), ("DELEGATION_NOT_FOUND",)]


def test_the_last_delegate_is_the_agent() -> None:
    documents = chain()
    for agent in (WORLD.parties[0].did, WORLD.parties[2].did, WORLD.parties[4].did, ""):
        assert codes(documents, agent=agent) == [(), (), ("DELEGATION_INVALID",)]


@pytest.mark.parametrize("may", [False, True, None])
def test_who_may_begin_a_chain_is_asked_of_the_root_alone(may: bool | None) -> None:
    asked: list[str] = []

    def root_may(did: str) -> bool | None:
        asked.append(did)
        return may

    report = WORLD.verify_chain(chain(), root_may=root_may)
    assert bool(report) is (may is not False)
    assert report.errors == (("DELEGATION_ROOT_INVALID",) if may is False else ())
    assert asked == [WORLD.parties[0].did]


def test_a_chain_that_is_cut_off_at_the_top_does_not_hold() -> None:
    _, second, third = chain()
    assert codes([second, third], agent=WORLD.parties[3].did) == [("DELEGATION_INVALID",), ()]
    assert codes([third], agent=WORLD.parties[3].did) == [("DELEGATION_INVALID",)]


def test_a_chain_with_a_hop_left_out_or_in_another_order_does_not_hold() -> None:
    first, second, third = chain()
    assert codes([first, third], agent=WORLD.parties[3].did)[1] == ("DELEGATION_INVALID",)
    assert codes([third, second, first], agent=WORLD.parties[3].did)[0] == ("DELEGATION_INVALID",)
    assert codes([first, third, second], agent=WORLD.parties[2].did) == [
        (),
        ("DELEGATION_INVALID",),
        ("DELEGATION_INVALID", "DELEGATION_DEPTH_EXCEEDED", "DELEGATION_LOOP"),
    ]


def test_a_hop_of_a_sibling_chain_does_not_fit_by_its_parties() -> None:
    """Same parties, same terms: only the parent's id tells that it was made under another delegation."""
    mine, other = chain(), WORLD.chain(3)
    assert codes([mine[0], other[1], other[2]]) == [(), ("DELEGATION_INVALID",), ()]


def widened(claims: dict[str, Any]) -> list[tuple[str, ...]]:
    return codes(WORLD.chain(3, changes={1: claims}))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"scope": [BUY, "purchase:*"]}, "SCOPE_WIDENED"),
        ({"scope": ["*"]}, "SCOPE_WIDENED"),
        ({"constraints": {**LIMITS, "maxSpendPerDay": 99.50001}}, "CONSTRAINT_LOOSENED"),
        ({"constraints": {**LIMITS, "authorizedMerchants": ["market", "casino"]}}, "CONSTRAINT_LOOSENED"),
        ({"constraints": {"requireApproval": True}}, "CONSTRAINT_LOOSENED"),
        ({"constraints": None}, "CONSTRAINT_LOOSENED"),
        ({"maxDepth": 2}, "DEPTH_EXCEEDED"),
        ({"parent": "urn:uuid:00000000-0000-4000-8000-000000000000"}, "INVALID"),
        ({"parent": None}, "INVALID"),
    ],
)
def test_a_hop_that_widens_is_found(claims: dict[str, Any], code: str) -> None:
    found = widened(claims)
    assert f"DELEGATION_{code}" in found[1]
    assert found[0] == ()


def test_a_chain_deeper_than_its_root_allows_does_not_hold() -> None:
    depths = {hop: {"maxDepth": depth} for hop, depth in enumerate((1, 0, 0))}
    assert codes(WORLD.chain(3, changes=depths)) == [(), (), ("DELEGATION_DEPTH_EXCEEDED",)]


def test_a_hop_that_outlives_the_one_above_it_does_not_hold() -> None:
    first = WORLD.chain(1, changes={0: {"maxDepth": 1}})[0]
    claims = {
        "delegator": WORLD.parties[1].did,
        "delegate": WORLD.parties[2].did,
        "scope": [BUY],
        "constraints": dict(LIMITS),
        "maxDepth": 0,
        "parent": first["id"],
    }
    for later, found in ((timedelta(0), None), (timedelta(seconds=1), ("DELEGATION_EXPIRY_EXCEEDED",))):
        second = WORLD.sign(WORLD.unsigned(1, 2, claims, valid_until=ENDS + later), WORLD.parties[1])
        report = WORLD.verify_chain([first, second])
        assert report.hops[1].codes == (found or ())
    endless = WORLD.sign(WORLD.unsigned(1, 2, claims, valid_until=None), WORLD.parties[1])
    assert codes([first, endless])[1] == ("DELEGATION_INVALID",)


def test_authority_that_comes_back_to_who_gave_it_is_a_loop() -> None:
    first, second, _ = chain()
    claims = {
        "delegator": WORLD.parties[2].did,
        "delegate": WORLD.parties[0].did,
        "scope": [BUY],
        "constraints": dict(LIMITS),
        "maxDepth": 0,
        "parent": second["id"],
    }
    third = WORLD.sign(WORLD.unsigned(2, 0, claims), WORLD.parties[2])
    assert codes([first, second, third], agent=WORLD.parties[0].did) == [(), (), ("DELEGATION_LOOP",)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_change_after_signing_breaks_its_hop_alone(place: int) -> None:
    documents = chain()
    documents[place]["credentialSubject"]["maxDepth"] += 1
    assert codes(documents) == [("DELEGATION_PROOF_INVALID",) if hop == place else () for hop in range(3)]


def test_an_unsigned_hop_and_one_signed_by_another_do_not_hold() -> None:
    documents = chain()
    bare = {name: value for name, value in documents[1].items() if name != "proof"}
    assert codes([documents[0], bare, documents[2]]) == [(), ("DELEGATION_PROOF_INVALID",), ()]
    forged = WORLD.sign(bare, WORLD.parties[5])
    assert codes([documents[0], forged, documents[2]]) == [(), ("DELEGATION_PROOF_INVALID",), ()]


def test_a_delegate_that_is_not_the_holder_does_not_hold() -> None:
    changes = {1: {"delegate": WORLD.parties[5].did}}
    assert codes(WORLD.chain(2, changes=changes), agent=WORLD.parties[5].did)[1] == ("DELEGATION_INVALID",)
    assert codes(WORLD.chain(2, changes=changes))[1] == ("DELEGATION_INVALID",)
    changes = {1: {"delegator": WORLD.parties[5].did}}
    assert codes(WORLD.chain(2, changes=changes))[1] == ("DELEGATION_INVALID",)


def test_an_expired_and_a_not_yet_valid_ancestor_do_not_hold() -> None:
    documents = WORLD.chain(2, valid_until=NOW - timedelta(minutes=2))
    assert codes(documents) == [("DELEGATION_EXPIRED",)] * 2
    documents = WORLD.chain(2, valid_from=NOW + timedelta(minutes=2))
    assert codes(documents) == [("DELEGATION_INVALID", "NOT_YET_VALID")] * 2


@pytest.mark.parametrize("suite", SUITES[:2])
@pytest.mark.parametrize(
    ("purpose", "code"), [("revocation", "DELEGATION_REVOKED"), ("suspension", "DELEGATION_SUSPENDED")]
)
def test_a_revoked_or_suspended_ancestor_does_not_hold(purpose: str, code: str, suite: str) -> None:
    world = ChainWorld(4)
    documents = world.chain(3, suite=suite)
    assert world.verify_chain(documents)
    world.revoke(documents[0], purpose)
    report = world.verify_chain(documents)
    assert [hop.codes for hop in report.hops] == [(code,), (), ()]
    assert report.errors == (code,)


def test_an_unreadable_status_list_leaves_no_hop_standing() -> None:
    world = ChainWorld(4)
    documents = world.chain(2)
    world.lists.clear()
    report = world.verify_chain(documents)
    assert [hop.codes for hop in report.hops] == [("DELEGATION_INVALID", "STATUS_UNREADABLE")] * 2


def test_a_deactivated_party_does_not_delegate() -> None:
    for place, code in ((0, "DELEGATION_ROOT_INVALID"), (1, "DELEGATION_INVALID")):
        world = ChainWorld(4)
        documents = world.chain(2)
        party = world.parties[place]
        world.dids[party.did] = party.document(deactivated=True)
        report = world.verify_chain(documents)
        assert [code in hop.codes for hop in report.hops] == [place == 0, place == 1]


def test_a_compromised_key_ends_every_hop_that_it_signed() -> None:
    world = ChainWorld(4)
    documents = world.chain(2)
    party = world.parties[1]
    world.dids[party.did] = party.document(compromised_methods=frozenset({party.method.id}))
    report = world.verify_chain(documents)
    assert report.hops[0].valid
    assert report.hops[1].codes == ("DELEGATION_PROOF_INVALID",)


def test_a_hop_of_another_type_does_not_hold() -> None:
    first = chain(2)[0]
    claims = {**first["credentialSubject"]}
    claims.pop("id")
    unsigned = WORLD.unsigned(0, 1, claims, types=())
    plain = WORLD.sign(unsigned, WORLD.parties[0])
    assert WORLD.verify(plain)
    assert codes([plain]) == [("DELEGATION_INVALID",)]


def test_a_scope_or_a_limit_in_another_form_is_read_as_the_statement_is_or_not_at_all() -> None:
    """One text instead of an array is the same statement; the schema, where it is known, takes the array only."""
    document = chain(1)[0]
    document["credentialSubject"]["constraints"]["authorizedRegions"] = "us-ca"
    assert WORLD.verify(document).check("proof").outcome is Outcome.PASSED
    assert codes([document]) == [("DELEGATION_INVALID", "SCHEMA_VALIDATION_FAILED")]
    document = chain(1)[0]
    document["credentialSubject"]["constraints"]["maxSpendPerTransaction"] = 40.0
    assert WORLD.verify_chain([document])
    document["credentialSubject"]["constraints"] = [document["credentialSubject"]["constraints"]]
    assert codes([document])[0][0] == "DELEGATION_INVALID"


def test_a_second_subject_does_not_hide_behind_the_first() -> None:
    first = chain(1)[0]
    bare = {name: value for name, value in first.items() if name != "proof"}
    bare["credentialSubject"] = [first["credentialSubject"], {**first["credentialSubject"], "scope": ["*"]}]
    signed = WORLD.sign(bare, WORLD.parties[0])
    assert codes([signed])[0][0] == "DELEGATION_INVALID"


def test_hops_may_come_as_tokens() -> None:
    first, second, third = chain(3, "eddsa-rdfc-2022")
    bare = {name: value for name, value in second.items() if name != "proof"}
    party = WORLD.parties[1]

    def token(document: dict[str, Any]) -> str:
        data = signing_input({"alg": "EdDSA", "typ": "vc+jwt", "kid": party.method.id}, document)
        return sealed(data, party.signer.sign(data))

    accepted = partial(WORLD.verify, accepted_suites=(*SUITES, "EdDSA"))
    asked = {"verify": accepted, "root_may": lambda _: None, "now": NOW}
    report = verify_chain(WORLD.parties[3].did, [first, token(bare), third], **asked)
    assert report, report.hops
    wide = {**bare, "credentialSubject": {**bare["credentialSubject"], "scope": ["*"]}}
    report = verify_chain(WORLD.parties[3].did, [first, token(wide), third], **asked)
    assert report.errors == ("DELEGATION_SCOPE_WIDENED",)
    assert codes([first, token(bare), third])[1] == ("DELEGATION_PROOF_INVALID",)


Above = Callable[[str], Any]


def test_a_single_delegation_is_verified_with_the_chain_above_it() -> None:
    documents = chain(4)
    *above, last = documents
    asked: list[str] = []

    def source(name: str) -> list[dict[str, Any]]:
        asked.append(name)
        return above

    assert WORLD.verify(last, above=source)
    assert asked == [above[-1]["id"]]
    assert WORLD.verify(last, above=source).check("delegation").outcome is Outcome.PASSED
    told = WORLD.verify(last).check("delegation")
    assert (told.outcome, told.code) == (Outcome.UNCHECKED, "DELEGATION_NOT_FOUND")
    told = WORLD.verify(last, above=lambda _: None).check("delegation")
    assert (told.outcome, told.code) == (Outcome.UNCHECKED, "DELEGATION_NOT_FOUND")


def test_a_single_delegation_fails_with_the_code_of_its_ancestor() -> None:
    world = ChainWorld(5)
    *above, last = world.chain(4)

    def told(source: Above = lambda _: above, **options: Any) -> tuple[Outcome, str | None]:
        check = world.verify(last, above=source, **options).check("delegation")
        return check.outcome, check.code

    assert told() == (Outcome.PASSED, None)
    assert told(root_may=lambda _: False) == (Outcome.FAILED, "DELEGATION_ROOT_INVALID")
    assert told(lambda _: above[:2]) == (Outcome.FAILED, "DELEGATION_INVALID")
    assert told(lambda _: above[1:]) == (Outcome.FAILED, "DELEGATION_INVALID")
    assert told(lambda _: []) == (Outcome.FAILED, "DELEGATION_INVALID")
    assert told(lambda _: [above[0], None, above[2]]) == (Outcome.FAILED, "DELEGATION_NOT_FOUND")
    assert told(lambda _: world.chain(4)[:3]) == (Outcome.FAILED, "DELEGATION_INVALID")
    # What an ancestor's trust is worth is not asked; who issued the credential itself is.
    assert world.verify(last, above=lambda _: above, trusted_issuers=[world.parties[3].did])
    world.revoke(above[1])
    assert told() == (Outcome.FAILED, "DELEGATION_REVOKED")


def test_a_single_root_is_asked_whether_it_may_begin() -> None:
    (root,) = chain(1)
    assert WORLD.verify(root, root_may=lambda _: True)
    told = WORLD.verify(root, root_may=lambda _: False).check("delegation")
    assert (told.outcome, told.code) == (Outcome.FAILED, "DELEGATION_ROOT_INVALID")


def test_a_ninth_hop_does_not_hold_below_eight() -> None:
    documents = chain(8)
    claims = {
        "delegator": WORLD.parties[8].did,
        "delegate": WORLD.parties[9].did,
        "scope": [BUY],
        "constraints": dict(LIMITS),
        "maxDepth": 0,
        "parent": documents[-1]["id"],
    }
    ninth = WORLD.sign(WORLD.unsigned(8, 9, claims), WORLD.parties[8])
    told = WORLD.verify(ninth, above=lambda _: documents).check("delegation")
    assert (told.outcome, told.code) == (Outcome.FAILED, "DELEGATION_DEPTH_EXCEEDED")


def test_verifying_leaves_the_chain_as_it_was() -> None:
    documents = chain()
    before = copy.deepcopy(documents)
    assert WORLD.verify_chain(documents)
    assert documents == before
