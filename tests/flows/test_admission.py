"""Admission: account roles and issuers asked for, decided, suspended and ended, with the moment of effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealwright.domain.enrollment import IssuerState, RoleState
from sealwright.domain.errors import (
    AccountInactive,
    AlreadyApproved,
    ConflictingFields,
    EmailNotVerified,
    IssuerNotFound,
    LastAdmin,
    MissingMember,
    NotSignedIn,
    RequestNotFound,
    RequestPendingExists,
    RoleRequired,
    SelfDecision,
    StateConflict,
    UnknownCredentialType,
    UserNotFound,
    VersionConflict,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from tests.support.desk import DPW, VERIFIER, act, come_in, furnish_desk, join
from tests.support.office import open_office, the_operator

IMPROVER, ISSUER, ADMIN = AccountRole.IMPROVER, AccountRole.ISSUER, AccountRole.ADMIN


def _ask(office: Office, caller: Caller, role: AccountRole = IMPROVER, **words: str) -> RoleState:
    return act(office, caller, lambda uow, me: office.enrollment.request_role(uow, me, role, **words)).state


def _decide(office: Office, admin: Caller, user_id: str, state: RoleState, **words: object) -> RoleState:
    return act(
        office,
        admin,
        lambda uow, me: office.enrollment.decide_role(uow, me, user_id, IMPROVER, state, **words),  # type: ignore[arg-type]
    ).state


def _put(office: Office, admin: Caller, user_id: str, **terms: object) -> IssuerState:
    return act(
        office,
        admin,
        lambda uow, me: office.enrollment.put_issuer(uow, me, user_id, **terms),  # type: ignore[arg-type]
    ).state


def _roles(office: Office, user_id: str) -> set[str]:
    return {role.value for role in office.people.get(user_id).roles}


def _actions(office: Office) -> list[str]:
    with office.units(write=False) as uow:
        return [record.action for record in uow.audit.read(0, 1_000)]


def _told(office: Office, caller: Caller) -> list[NoticeKind]:
    return [notice.kind for notice in office.notices.inbox(caller).items]


def test_a_role_is_asked_for_decided_and_lost(office: Office) -> None:
    ann, admin = join(office, "ann"), join(office, "ada", ADMIN)
    assert _ask(office, ann, first_name="Ann", last_name="Muñoz", note="I mend streets.") is RoleState.PENDING
    assert _told(office, admin) == [NoticeKind.ACCESS_REQUESTED]
    assert _roles(office, ann.user_id) == set()
    with pytest.raises(RequestPendingExists):
        _ask(office, ann)

    assert _decide(office, admin, ann.user_id, RoleState.APPROVED, expected_version=1) is RoleState.APPROVED
    assert _roles(office, ann.user_id) == {"improver"}
    assert office.people.get(ann.user_id).last_name == "Muñoz"
    with pytest.raises(AlreadyApproved):
        _ask(office, ann)
    # The same again is no move: no version, no audit row, no notice.
    trail = _actions(office)
    _decide(office, admin, ann.user_id, RoleState.APPROVED)
    assert _actions(office) == trail

    with pytest.raises(MissingMember):
        _decide(office, admin, ann.user_id, RoleState.REJECTED)
    with pytest.raises(VersionConflict) as late:
        _decide(office, admin, ann.user_id, RoleState.REJECTED, note="x", expected_version=1)
    assert late.value.extra["current"] == {"status": "approved", "version": 2}
    assert _decide(office, admin, ann.user_id, RoleState.REJECTED, note="Moved away") is RoleState.REJECTED
    assert _roles(office, ann.user_id) == set()
    assert _told(office, ann) == [NoticeKind.ROLE_DECIDED, NoticeKind.ROLE_DECIDED]
    assert _ask(office, ann) is RoleState.PENDING
    moves = [action for action in _actions(office) if action.startswith("role.")]
    assert moves == ["role.requested", "role.approved", "role.rejected", "role.requested"]


def test_only_proved_addresses_ask_and_only_admins_decide(office: Office) -> None:
    eve, ann = join(office, "eve", verified=False), join(office, "ann")
    with pytest.raises(EmailNotVerified):
        _ask(office, eve)
    _ask(office, ann)
    with pytest.raises(RoleRequired):
        _decide(office, eve, ann.user_id, RoleState.APPROVED)
    with pytest.raises(RoleRequired):
        _ask(office, ann, ADMIN)
    admin = join(office, "ada", ADMIN)
    for user_id, refusal in ((eve.user_id, RequestNotFound), ("usr_nobody", UserNotFound)):
        with pytest.raises(refusal):
            _decide(office, admin, user_id, RoleState.APPROVED)
    _ask(office, admin)
    with pytest.raises(SelfDecision):
        _decide(office, admin, admin.user_id, RoleState.APPROVED)
    with pytest.raises(RoleRequired):
        office.enrollment.role_requests(ann)


def test_improvers_come_in_by_themselves_where_the_office_says_so(database_url: str, tmp_path: Path) -> None:
    with open_office(database_url, tmp_path / "home", SEALWRIGHT_IMPROVER_SELF_SERVICE="true") as office:
        furnish_desk(office)
        ann = join(office, "ann")
        assert _ask(office, ann) is RoleState.APPROVED
        assert _ask(office, ann, AccountRole.VOTER) is RoleState.PENDING
        assert _roles(office, ann.user_id) == {"improver"}


def test_issuer_is_approved_with_role_and_scope_in_one_act(office: Office) -> None:
    ines, admin = join(office, "ines"), join(office, "ada", ADMIN)
    asked = act(
        office,
        ines,
        lambda uow, me: office.enrollment.request_issuer(
            uow, me, organization="Public Works", email="INES@example.org", credential_types=[DPW]
        ),
    )
    assert (asked.state, asked.email, asked.wanted_credentials) == (IssuerState.PENDING, "ines@example.org", (DPW,))
    assert not ines.covers(DPW)
    approved = act(
        office,
        admin,
        lambda uow, me: office.enrollment.decide_issuer(
            uow, me, ines.user_id, IssuerState.APPROVED, expected_version=1
        ),
    )
    assert approved.allowed_credentials == (DPW,)
    person = office.people.get(ines.user_id)
    assert (person.roles, person.scopes) == (frozenset({ISSUER}), (DPW,))
    assert come_in(office, ines.user_id).covers(DPW)
    assert _told(office, ines) == [NoticeKind.ISSUER_DECIDED]
    with pytest.raises(AlreadyApproved):
        act(
            office,
            ines,
            lambda uow, me: office.enrollment.request_issuer(uow, me, organization="x", email="ines@example.org"),
        )


def test_leaving_approved_ends_the_scope_for_every_act_begun_afterwards(office: Office) -> None:
    ines, admin = join(office, "ines"), join(office, "ada", ADMIN)
    assert _put(office, admin, ines.user_id, allowed_credentials=[DPW, VERIFIER]) is IssuerState.APPROVED
    before = come_in(office, ines.user_id)
    assert before.covers(VERIFIER)
    with pytest.raises(MissingMember):
        _put(office, admin, ines.user_id, state=IssuerState.SUSPENDED)
    assert _put(office, admin, ines.user_id, state=IssuerState.SUSPENDED, note="Audit") is IssuerState.SUSPENDED
    # An act that begins now sees it, although its caller was let in before.
    assert act(office, before, lambda _uow, me: me.covers(VERIFIER), registry=False) is False
    assert _roles(office, ines.user_id) == set()
    # A new scope alone restores nobody; approving does, with the scope as it is then.
    assert _put(office, admin, ines.user_id, allowed_credentials=[DPW]) is IssuerState.SUSPENDED
    assert not come_in(office, ines.user_id).covers(DPW)
    assert _put(office, admin, ines.user_id, state=IssuerState.APPROVED) is IssuerState.APPROVED
    assert come_in(office, ines.user_id).covers(DPW)
    assert not come_in(office, ines.user_id).covers(VERIFIER)
    assert _put(office, admin, ines.user_id, make_issuer=False) is IssuerState.ENDED
    assert office.people.get(ines.user_id).scopes == ()
    moves = [action for action in _actions(office) if action.startswith("issuer.")]
    assert moves == [
        *("issuer.approved", "issuer.suspended", "issuer.scope_changed", "issuer.approved", "issuer.ended"),
    ]


def _leave(office: Office, caller: Caller, note: str | None = None) -> IssuerState:
    return act(office, caller, lambda uow, me: office.enrollment.leave_issuer(uow, me, note=note)).state


def test_issuer_gives_up_their_standing(office: Office) -> None:
    ines, admin = join(office, "ines"), join(office, "ada", ADMIN)
    with pytest.raises(RequestNotFound):
        _leave(office, ines)
    _put(office, admin, ines.user_id, allowed_credentials=[DPW])
    before = come_in(office, ines.user_id)
    assert _leave(office, before, "I am moving.") is IssuerState.ENDED
    # An act that begins now sees it, although its caller was let in before.
    assert act(office, before, lambda _uow, me: me.covers(DPW), registry=False) is False
    assert (_roles(office, ines.user_id), office.people.get(ines.user_id).scopes) == (set(), ())
    standing = office.enrollment.standing(admin, ines.user_id).issuer
    assert standing is not None
    assert (standing.state, standing.note, standing.decided_by) == (IssuerState.ENDED, "I am moving.", ines.user_id)
    assert [one for one in _actions(office) if one.startswith("issuer.")] == ["issuer.approved", "issuer.ended"]
    # Once more changes nothing and writes nothing.
    rows = len(_actions(office))
    assert _leave(office, come_in(office, ines.user_id)) is IssuerState.ENDED
    assert [one for one in _actions(office)[rows:] if one.startswith("issuer.")] == []


def test_suspended_issuer_does_not_slip_out(office: Office) -> None:
    ines, admin = join(office, "ines"), join(office, "ada", ADMIN)
    _put(office, admin, ines.user_id, allowed_credentials=[DPW])
    _put(office, admin, ines.user_id, state=IssuerState.SUSPENDED, note="Audit")
    assert _leave(office, come_in(office, ines.user_id)) is IssuerState.SUSPENDED


def test_issuer_given_with_the_account_gives_it_up(office: Office) -> None:
    rex = join(office, "rex", ISSUER, scopes=(DPW,))
    assert _leave(office, rex) is IssuerState.ENDED
    assert _roles(office, rex.user_id) == set()


def test_scope_is_replaced_and_checked(office: Office) -> None:
    ines, admin = join(office, "ines", ISSUER, scopes=(DPW,)), join(office, "ada", ADMIN)
    _put(office, admin, ines.user_id, allowed_credentials=[VERIFIER, VERIFIER])
    assert office.people.get(ines.user_id).scopes == (VERIFIER,)
    assert _told(office, ines) == [NoticeKind.SCOPE_CHANGED]
    with pytest.raises(UnknownCredentialType):
        _put(office, admin, ines.user_id, allowed_credentials=["king"])
    act(office, admin, lambda uow, me: office.catalog.retire(uow, me, VERIFIER))
    # What was allowed before it was retired may stay; nobody gets it anew.
    assert _put(office, admin, ines.user_id, allowed_credentials=[VERIFIER, DPW]) is IssuerState.APPROVED
    _put(office, admin, ines.user_id, allowed_credentials=[DPW])
    with pytest.raises(UnknownCredentialType):
        _put(office, admin, ines.user_id, allowed_credentials=[VERIFIER])
    with pytest.raises(IssuerNotFound):
        _put(office, admin, ines.user_id, issuer_did="did:adi:nobody")
    version = office.enrollment.issuer(admin, ines.user_id).profile.version
    with pytest.raises(VersionConflict):
        _put(office, admin, ines.user_id, allowed_credentials=[], expected_version=version - 1)
    _put(office, admin, ines.user_id, allowed_credentials=[], expected_version=version)
    assert come_in(office, ines.user_id).covers(DPW) is False
    with pytest.raises(SelfDecision):
        _put(office, admin, admin.user_id, allowed_credentials=[DPW])


UNLISTED = (
    (IssuerState.SUSPENDED, IssuerState.REJECTED),
    (IssuerState.SUSPENDED, IssuerState.ENDED),
    (IssuerState.REJECTED, IssuerState.SUSPENDED),
    (IssuerState.REJECTED, IssuerState.PENDING),
    (IssuerState.ENDED, IssuerState.REJECTED),
)


def test_moves_that_are_not_listed_are_refused(office: Office) -> None:
    admin = join(office, "ada", ADMIN)
    for number, (first, then) in enumerate(UNLISTED):
        ines = join(office, f"ines{number}", ISSUER)
        _put(office, admin, ines.user_id, state=first, note="x")
        with pytest.raises(StateConflict):
            _put(office, admin, ines.user_id, state=then, note="x")
    with pytest.raises(StateConflict):
        _put(office, admin, join(office, "ann").user_id, state=IssuerState.SUSPENDED, note="x")


def test_issuer_requests_need_an_address_of_ones_own(office: Office) -> None:
    ines = join(office, "ines")

    def ask(email: str, *types: str) -> IssuerState:
        return act(
            office,
            ines,
            lambda uow, me: office.enrollment.request_issuer(
                uow, me, organization="Works", email=email, credential_types=types
            ),
        ).state

    with pytest.raises(EmailNotVerified):
        ask("ada@example.org")
    with pytest.raises(UnknownCredentialType):
        ask("ines@example.org", "nothing")
    assert ask("ines@example.org", DPW) is IssuerState.PENDING
    with pytest.raises(RequestPendingExists):
        ask("ines@example.org")
    admin = join(office, "ada", ADMIN)
    _put(office, admin, ines.user_id, state=IssuerState.REJECTED, note="Not yet")
    assert ask("ines@example.org", VERIFIER) is IssuerState.PENDING
    found = office.enrollment.issuers(admin, state=IssuerState.PENDING)
    assert [(entry.profile.wanted_credentials, entry.person.display_name) for entry in found.items] == [
        ((VERIFIER,), "Ines")
    ]
    assert office.enrollment.issuers(admin, search="nobody").total == 0


def test_issuers_ask_admins_for_another_scope(office: Office) -> None:
    ines, admin = join(office, "ines", ISSUER, scopes=(DPW,)), join(office, "ada", ADMIN)
    act(
        office,
        ines,
        lambda uow, me: office.enrollment.ask_scope_change(uow, me, credential_types=[VERIFIER], message="Please"),
        registry=False,
    )
    notice = office.notices.inbox(admin).items[0]
    assert (notice.kind, notice.data["scopes"], notice.data["message"]) == (
        NoticeKind.ACCESS_REQUESTED,
        VERIFIER,
        "Please",
    )
    with pytest.raises(RoleRequired):
        act(office, join(office, "ann"), lambda uow, me: office.enrollment.ask_scope_change(uow, me, message="x"))


def test_roles_are_set_without_asking_and_the_last_admin_stays(office: Office) -> None:
    ada, ann = join(office, "ada", ADMIN), join(office, "ann")

    def set_role(caller: Caller, user_id: str, role: AccountRole, value: bool) -> set[str]:
        person = act(office, caller, lambda uow, me: office.enrollment.set_role(uow, me, user_id, role, value))
        return {held.value for held in person.roles}

    assert set_role(ada, ann.user_id, AccountRole.PROPOSER, True) == {"proposer"}
    assert set_role(ada, ann.user_id, ISSUER, True) == {"proposer", "issuer"}
    assert set_role(ada, ann.user_id, ISSUER, False) == {"proposer"}
    assert set_role(ada, ann.user_id, ISSUER, False) == {"proposer"}
    with pytest.raises(LastAdmin):
        set_role(ada, ada.user_id, ADMIN, False)
    with pytest.raises(SelfDecision):
        set_role(ada, ada.user_id, ISSUER, True)
    assert "admin" in set_role(ada, ann.user_id, ADMIN, True)
    assert set_role(ada, ada.user_id, ADMIN, False) == set()
    with pytest.raises(RoleRequired):
        set_role(ada, ann.user_id, ADMIN, False)
    standing = office.enrollment.standing(come_in(office, ann.user_id))
    assert {(one.role.value, one.state.value) for one in standing.roles} == {
        ("proposer", "approved"),
        ("admin", "approved"),
    }
    assert standing.issuer is not None
    assert standing.issuer.state is IssuerState.ENDED


def test_deactivation_ends_tokens_for_good(office: Office) -> None:
    ann, admin = join(office, "ann"), join(office, "ada", ADMIN)
    act(office, admin, lambda uow, me: office.people.deactivate(uow, me, ann.user_id))
    with pytest.raises(AccountInactive):
        _ask(office, ann)
    act(office, admin, lambda uow, me: office.people.activate(uow, me, ann.user_id))
    with pytest.raises(NotSignedIn):
        _ask(office, ann)
    assert _ask(office, come_in(office, ann.user_id)) is RoleState.PENDING
    assert _actions(office).count("user.activated") == 1


def test_accounts_are_made_with_a_standing_that_fits(office: Office) -> None:
    def create(wish: NewPerson) -> None:
        act(office, the_operator(office), lambda uow, me: office.people.create(uow, me, wish))

    with pytest.raises(ConflictingFields):
        create(NewPerson("a@example.org", "A", scopes=(DPW,)))
    with pytest.raises(UnknownCredentialType):
        create(NewPerson("a@example.org", "A", roles=frozenset({ISSUER}), scopes=("king",)))
    admin = join(office, "ada", ADMIN)
    ines = join(office, "ines", ISSUER, scopes=(DPW,))
    entry = office.enrollment.issuer(admin, ines.user_id)
    assert (entry.profile.organization, entry.profile.allowed_credentials, entry.profile.version) == (
        "Test Office",
        (DPW,),
        1,
    )
    assert office.people.search(admin, "ines").total == 1
