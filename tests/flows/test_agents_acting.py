"""Agents act for their delegators: they issue and file requests, by the delegators' own rights, counted first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest

from sealwright.domain.credentials import CredentialFilter
from sealwright.domain.delegation_errors import (
    ActionNotCovered,
    ConstraintExceeded,
    DelegationInvalid,
    DelegationIsRevoked,
    DelegationIsSuspended,
    DelegationNotFound,
    RootInvalid,
)
from sealwright.domain.delegations import Delegation
from sealwright.domain.errors import (
    IdempotencyKeyReused,
    IssuingHalted,
    NotDIDOwner,
    NotSignedIn,
    OutOfScope,
    PolicyViolation,
    RequestPendingExists,
    RoleRequired,
    SchemaNotAuthorized,
    SelfDecision,
    UnknownCredentialType,
)
from sealwright.domain.people import Caller
from sealwright.services.acting import Footing
from sealwright.services.acts import idempotency_scope
from sealwright.services.agents import NewAgent
from sealwright.services.issuing_line import Job
from sealwright.services.office import Office
from sealwright.services.review_values import NewRequest
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from tests.support.acting import Cast
from tests.support.desk import DPW, DPW_SCHEMA, VERIFIER, act, join
from tests.support.office import api_key_for, degree_request, the_operator
from tests.support.review import IMPROVER, audit_rows, held_by, improver, outcomes


@pytest.fixture
def cast(office: Office) -> Cast:
    """Everybody in these stories."""
    return Cast(office)


def test_agent_issues_in_the_name_of_its_delegator(cast: Cast) -> None:
    made = cast.delegate()
    record = cast.issue()
    assert (record.issuer_did, record.holder_did) == (cast.issuer, cast.holder)
    assert cast.counted(made) == 1
    rows = {row["action"]: row for row in audit_rows(cast.office)}
    actor = {"type": "agent", "id": cast.agent, "auth": "api_key"}
    assert (rows["delegation.used"]["actor"], rows["credential.issued"]["actor"]) == (actor, actor)
    assert outcomes(cast.office, record.credential_id)["verified"] == "True"


def test_what_is_not_delegated_is_not_done(cast: Cast) -> None:
    with pytest.raises(DelegationNotFound):
        cast.issue()
    made = cast.delegate(scope=["purchase:*"])
    with pytest.raises(ActionNotCovered) as refused:
        cast.issue()
    assert refused.value.extra is not None
    assert str(refused.value.extra["callId"]).startswith("cal_")
    with pytest.raises(DelegationNotFound):
        cast.issue(on_behalf_of=cast.holder)
    with pytest.raises(DelegationNotFound):
        cast.issue(delegation="urn:uuid:0198c1b0-7a3c-7d11-8b5e-0c2f8a9d4e10")
    assert cast.counted(made) == 0


def test_nobody_but_the_agent_itself_acts(cast: Cast) -> None:
    cast.delegate()
    other = api_key_for(cast.office, cast.new_agent())
    both = api_key_for(cast.office, cast.agent, cast.issuer)
    for caller in (the_operator(cast.office), cast.rex, other, both, api_key_for(cast.office, cast.issuer)):
        with pytest.raises(NotDIDOwner):
            cast.order(caller=caller)
        with pytest.raises(NotDIDOwner):
            cast.office.delegations.acting.permit_request(caller, cast.agent, NewRequest(DPW), Footing())


def test_delegators_of_a_chain_are_acted_for_by_name(cast: Cast) -> None:
    middle = cast.new_agent()
    root = cast.delegate(cast.issuer, middle, maxDepth=1)
    cast.delegate(middle, cast.agent, parent=root.credential_id, expires=root.expires_at)
    assert cast.issue().issuer_did == cast.issuer
    assert cast.issue(on_behalf_of=middle).issuer_did == middle
    assert cast.issue(on_behalf_of=cast.issuer).issuer_did == cast.issuer
    for stranger in (cast.holder, cast.agent):
        with pytest.raises(DelegationNotFound):
            cast.issue(on_behalf_of=stranger)


def test_nobody_of_the_chain_issues_to_themselves(cast: Cast) -> None:
    middle = cast.new_agent()
    root = cast.delegate(cast.issuer, middle, maxDepth=1)
    last = cast.delegate(middle, cast.agent, parent=root.credential_id, expires=root.expires_at)
    for holder in (cast.agent, middle):
        with pytest.raises(SelfDecision):
            cast.issue(degree_request(holder_did=holder))
    assert cast.counted(last) == 0


def test_who_runs_an_agent_gets_nothing_by_its_hand(cast: Cast) -> None:
    eve = join(cast.office, "eve", IMPROVER)
    desk, aside = cast.own_did(eve), cast.own_did(eve)
    wish = NewAgent(name="Hired", operator=desk)
    hired = act(cast.office, eve, lambda uow, me: cast.office.delegations.agents.create(uow, me, wish)).record.did
    cast.agent, cast.key = hired, api_key_for(cast.office, hired)
    made = cast.delegate()
    for holder in (desk, aside, f"{hired}"):
        with pytest.raises(SelfDecision):
            cast.issue(degree_request(holder_did=holder))
    assert cast.counted(made) == 0
    assert cast.issue().holder_did == cast.holder
    # For themselves they issue what they could issue without it.
    cast.delegate(desk)
    assert cast.issue(degree_request(holder_did=aside), on_behalf_of=desk).issuer_did == desk


def test_acting_for_one_delegator_is_not_counted_against_another(cast: Cast) -> None:
    other = cast.delegate(cast.own_did(join(cast.office, "eve", IMPROVER)))
    paused = cast.delegate()
    suspended(cast, paused)
    with pytest.raises(DelegationIsSuspended):
        cast.issue(on_behalf_of=cast.issuer)
    with pytest.raises(DelegationIsSuspended):
        cast.request(on_behalf_of=cast.issuer)
    assert (cast.counted(other), cast.counted(paused)) == (0, 0)


def test_no_request_is_filed_for_who_only_owns_an_agent(cast: Cast) -> None:
    """An agent hands on to another one, which then asks in the name of the first one's owner: who delegated nothing."""
    eve = improver(cast.office, "eve")
    wish = NewAgent(name="Middle", operator=cast.own_did(eve))
    middle = act(cast.office, eve, lambda uow, me: cast.office.delegations.agents.create(uow, me, wish)).record.did
    root = cast.delegate(cast.holder, middle, maxDepth=1)
    last = cast.delegate(middle, cast.agent, parent=root.credential_id, expires=root.expires_at)
    with pytest.raises(RoleRequired):
        cast.request(on_behalf_of=middle)
    assert (cast.office.intake.own(eve), cast.counted(last)) == ((), 0)
    assert cast.request(on_behalf_of=cast.holder).request.user_id == cast.ada.user_id


def test_delegations_are_not_issued_on_behalf_of_anybody(cast: Cast) -> None:
    cast.delegate(scope=["*"])
    claims = {"delegator": cast.issuer, "delegate": cast.holder, "scope": ["*"], "maxDepth": 0}
    wish = degree_request(schema_id="did:adi:schema:agent-delegation-v1", holder_did=cast.holder, claims=claims)
    with pytest.raises(PolicyViolation):
        cast.issue(wish)


def test_what_could_not_be_issued_at_all_counts_for_nothing(cast: Cast) -> None:
    made = cast.delegate(constraints={"maxCallsPerDay": 1})
    with pytest.raises(ClaimsDoNotMatchSchema):
        cast.issue(degree_request(holder_did=cast.holder, claims={"degree": 1}))
    assert cast.counted(made) == 0
    cast.issue()
    with pytest.raises(ConstraintExceeded):
        cast.issue()
    assert cast.counted(made) == 1


def test_a_call_made_again_under_its_key_is_counted_once(cast: Cast) -> None:
    made = cast.delegate(constraints={"maxCallsPerDay": 1})
    scope = idempotency_scope(cast.key.bucket, "POST", "/api/v1/agents/x/issue", "again", b"{}")
    acting, wish = cast.office.delegations.acting, degree_request(holder_did=cast.holder)
    # The first call is cut short behind the counting: nothing was signed.
    acting.order(cast.key, cast.agent, wish, Footing(), scope)
    assert cast.counted(made) == 1
    order = acting.order(cast.key, cast.agent, wish, Footing(), scope)
    record = cast.office.issuing.issue(order, scope).record
    assert (record.issuer_did, cast.counted(made)) == (cast.issuer, 1)
    other = replace(scope, body_digest=bytes(32))
    with pytest.raises(IdempotencyKeyReused):
        acting.order(cast.key, cast.agent, wish, Footing(), other)
    # What was permitted once is no longer, once the chain has ended.
    asked = replace(scope, key="later")
    later = cast.delegate()
    acting.order(cast.key, cast.agent, wish, Footing(), asked)
    revoked(cast, later)
    with pytest.raises(DelegationIsRevoked):
        cast.office.issuing.issue(acting.order(cast.key, cast.agent, wish, Footing(), asked), asked)


def test_a_request_made_again_under_its_key_is_counted_once(cast: Cast) -> None:
    made = cast.delegate(cast.holder, constraints={"maxCallsPerDay": 1})
    scope = idempotency_scope(cast.key.bucket, "POST", "/api/v1/agents/x/requests", "again", b"{}")
    acting, wish = cast.office.delegations.acting, NewRequest(DPW)
    first, second = (acting.permit_request(cast.key, cast.agent, wish, Footing(), scope) for _ in range(2))
    assert first == second
    view = act(cast.office, cast.key, lambda uow, me: acting.file(uow, me, second, wish), registry=False)
    assert (view.request.user_id, cast.counted(made)) == (cast.ada.user_id, 1)


def test_schemas_and_holders_may_be_limited(cast: Cast) -> None:
    limits = {"authorizedSchemas": [DPW_SCHEMA, degree_request().schema_id], "authorizedResources": [cast.holder]}
    cast.delegate(constraints=limits)
    assert cast.issue().holder_did == cast.holder
    with pytest.raises(ConstraintExceeded):
        cast.issue(degree_request(holder_did=cast.own_did(cast.rex)))


def test_limits_of_the_key_hold_too(cast: Cast) -> None:
    cast.delegate()
    narrow = api_key_for(cast.office, cast.agent, schemas=(DPW_SCHEMA,))
    with pytest.raises(SchemaNotAuthorized):
        cast.order(caller=narrow)


def test_rights_of_the_delegator_count_at_that_moment(cast: Cast) -> None:
    made = cast.delegate()
    schema_id = degree_request().schema_id
    act(
        cast.office,
        the_operator(cast.office),
        lambda uow, me: cast.office.schemas.update(uow, me, schema_id, True, (cast.holder,)),
    )
    with pytest.raises(SchemaNotAuthorized):
        cast.issue()
    assert cast.counted(made) == 0


def test_credential_types_are_granted_within_the_delegators_issuer_scope(cast: Cast) -> None:
    cast.delegate()
    record = cast.issue(cast.typed())
    assert held_by(cast.office, cast.ada).grant_id == record.grant_id
    eve = join(cast.office, "eve", IMPROVER)
    own = cast.own_did(eve)
    cast.delegate(own)
    with pytest.raises(OutOfScope):
        cast.issue(cast.typed(), on_behalf_of=own)
    # The delegator would grant to themselves, whoever carries it out.
    to_rex = degree_request(
        schema_id=DPW_SCHEMA, holder_did=cast.issuer, claims={"qualification": DPW}, expiration=None
    )
    with pytest.raises(SelfDecision):
        cast.issue(to_rex, on_behalf_of=cast.issuer)


def test_of_several_delegations_one_is_taken_whose_delegator_may(cast: Cast) -> None:
    able = cast.delegate()
    unable = cast.delegate(cast.own_did(join(cast.office, "eve", IMPROVER)))
    record = cast.issue(cast.typed())
    assert record.issuer_did == cast.issuer
    assert (cast.counted(able), cast.counted(unable)) == (1, 0)


def revoked(cast: Cast, made: Delegation) -> None:
    desk = cast.office.delegations.desk
    act(cast.office, cast.rex, lambda uow, me: desk.revoke(uow, me, made.delegation_id, "Enough."), registry=False)


def suspended(cast: Cast, made: Delegation) -> None:
    desk = cast.office.delegations.desk
    act(cast.office, cast.rex, lambda uow, me: desk.suspend(uow, me, made.delegation_id, "Wait."), registry=False)


def person_gone(cast: Cast, made: Delegation) -> None:
    operator = the_operator(cast.office)
    act(cast.office, operator, lambda uow, me: cast.office.people.deactivate(uow, me, cast.rex.user_id))


def agent_gone(cast: Cast, made: Delegation) -> None:
    operator = the_operator(cast.office)
    act(cast.office, operator, lambda uow, me: cast.office.delegations.agents.decommission(uow, me, cast.agent))


def halted(cast: Cast, made: Delegation) -> None:
    act(cast.office, the_operator(cast.office), lambda uow, me: cast.office.halting.halt(uow, me, "leak"))


def key_stolen(cast: Cast, made: Delegation) -> None:
    act(
        cast.office,
        the_operator(cast.office),
        lambda uow, me: cast.office.dids.rotate(uow, me, cast.issuer, compromised=True),
    )


WITHDRAWALS: Final = [
    (revoked, DelegationIsRevoked),
    (suspended, DelegationIsSuspended),
    (person_gone, RootInvalid),
    (agent_gone, NotSignedIn),
    (halted, IssuingHalted),
    (key_stolen, DelegationInvalid),
]


@pytest.mark.parametrize(
    ("withdraw", "refusal", "late"),
    # A key that is out by the time of storing is the credential's own too, which is told by its issuer's name.
    [(*one, late) for one in WITHDRAWALS for late in (False, True) if not (late and one[0] is key_stolen)],
)
def test_what_ends_while_the_act_is_under_way_stops_it(
    cast: Cast, withdraw: Callable[[Cast, Delegation], None], refusal: type[Exception], late: bool
) -> None:
    made = cast.delegate()
    job = Job(cast.order(), None)
    if not late:
        withdraw(cast, made)
    with cast.office.units() as uow:
        cast.office.issuing.reserve(uow, [job])
        uow.commit()
    if late:
        cast.office.issuing.sign(job)
        withdraw(cast, made)
        with cast.office.units() as uow:
            cast.office.issuing.store(uow, [job])
            uow.commit()
    assert isinstance(job.error, refusal), job.error
    if late:
        assert job.record is not None
        with cast.office.units(write=False) as uow:
            assert uow.credentials.get(job.record.credential_id) is None


def test_agent_files_a_request_for_the_person_it_acts_for(cast: Cast) -> None:
    made = cast.delegate(cast.holder)
    view = cast.request(VERIFIER)
    assert (view.request.user_id, view.request.credential_type) == (cast.ada.user_id, VERIFIER)
    rows = [row for row in audit_rows(cast.office) if row["object"]["id"] == view.request.request_id]
    assert [(row["action"], row["actor"]["type"], row["actor"]["id"]) for row in rows] == [
        ("request.created", "agent", cast.agent)
    ]
    assert [one.request.request_id for one in cast.office.intake.own(cast.ada)] == [view.request.request_id]
    with pytest.raises(RequestPendingExists):
        cast.request(VERIFIER)
    with pytest.raises(UnknownCredentialType):
        cast.request("nothing_such")
    assert cast.counted(made) == 1


def test_requests_need_a_person_who_may_make_them(cast: Cast) -> None:
    # A reviewer is no improver, and an office's own organization is nobody.
    cast.delegate()
    with pytest.raises(RoleRequired):
        cast.request()
    act(
        cast.office,
        the_operator(cast.office),
        lambda uow, me: cast.office.people.deactivate(uow, me, cast.rex.user_id),
    )
    with pytest.raises(RootInvalid):
        cast.request()


def test_request_that_lost_its_delegation_is_not_filed(cast: Cast) -> None:
    made = cast.delegate(cast.holder)
    acting, wish = cast.office.delegations.acting, NewRequest(DPW)
    permit = acting.permit_request(cast.key, cast.agent, wish, Footing())
    operator = the_operator(cast.office)
    desk = cast.office.delegations.desk
    act(cast.office, operator, lambda uow, me: desk.revoke(uow, me, made.delegation_id, "Enough."), registry=False)
    with pytest.raises(DelegationIsRevoked):
        act(cast.office, cast.key, lambda uow, me: acting.file(uow, me, permit, wish), registry=False)
    assert cast.office.intake.own(cast.ada) == ()


def test_acts_race_pauses_and_nothing_is_issued_while_paused(cast: Cast) -> None:
    made = cast.delegate()
    desk = cast.office.delegations.desk

    def issue(number: int) -> str:
        try:
            return str(cast.issue().credential_id)
        except DelegationIsSuspended:
            return ""

    def pause() -> None:
        for _ in range(4):
            suspended(cast, made)
            with cast.office.units(write=False) as uow:
                before = len(issued(uow))
            with cast.office.units(write=False) as uow:
                # Whoever was let in before has ended before: nothing comes through a pause that was answered.
                assert len(issued(uow)) == before
            act(cast.office, cast.rex, reinstate, registry=False)

    def reinstate(uow: Any, me: Caller) -> None:
        desk.reinstate(uow, me, made.delegation_id, "Go on.")

    def issued(uow: Any) -> list[Any]:
        wanted = CredentialFilter(issuer_did=cast.issuer, holder_did=cast.holder)
        return list(uow.credentials.list(wanted, now=cast.office.clock.now(), limit=100, cursor=None).items)

    with ThreadPoolExecutor(5) as threads:
        pausing = threads.submit(pause)
        outcomes_of = list(threads.map(issue, range(16)))
    pausing.result()
    with cast.office.units(write=False) as uow:
        assert {one.credential_id for one in issued(uow)} == {one for one in outcomes_of if one}
    assert cast.counted(made) >= len([one for one in outcomes_of if one])
