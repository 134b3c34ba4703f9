"""Coming in by a link, a recovery code, an invitation, or the organization's own sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.errors import (
    ConflictingFields,
    EmailInUse,
    FreshSignInRequired,
    LinkSpent,
    MalformedBody,
    RoleRequired,
    SignInFailed,
    StateConflict,
    UnknownCredentialType,
)
from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from sealwright.services.outside_sign_in import OutsideIdentity, OutsideSignIn
from tests.support.accounts import (
    VISITOR,
    add_account,
    at_once,
    comes_back,
    hash_cheaply,
    letters,
    link_in,
    person_of,
    sign_in,
)
from tests.support.desk import DPW, furnish_desk
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, add_person, furnish, furnish_bare, open_office, the_operator


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish_bare) as one:
        yield one


# -- links -----------------------------------------------------------------------------------------------


def test_link_signs_in_once_and_proves_the_address(office: Office) -> None:
    user_id = add_account(office, "ana")
    with office.units() as uow:
        person = uow.people.get(user_id)
        assert person is not None
        uow.people.update(replace(person, verified=False, version=person.version + 1))
        uow.commit()
    office.sign_in.send_link("Ana@example.org", VISITOR, next_path="/issuer?state=pending&page=2")
    [text] = letters(office, "sign_in")
    assert "?next=/issuer?state=pending%26page=2" in text
    office.sign_in.check_link(link_in(text))
    signed_in = office.sign_in.use_link(link_in(text), VISITOR)
    assert person_of(office, user_id).verified
    assert comes_back(office, signed_in.cookie) is not None
    with pytest.raises(LinkSpent):
        office.sign_in.use_link(link_in(text), VISITOR)


def test_unknown_address_gets_no_letter_and_the_same_answer(office: Office) -> None:
    assert office.sign_in.send_link("nobody@example.org", VISITOR) is None
    assert letters(office, "sign_in") == []


def test_newer_link_ends_the_older(office: Office) -> None:
    add_account(office, "ana")
    office.sign_in.send_link("ana@example.org", VISITOR)
    [first] = letters(office, "sign_in")
    office.sign_in.send_link("ana@example.org", VISITOR)
    with pytest.raises(LinkSpent):
        office.sign_in.use_link(link_in(first), VISITOR)


def test_link_is_short_lived(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    office.sign_in.send_link("ana@example.org", VISITOR)
    [text] = letters(office, "sign_in")
    clock.move(minutes=15)
    with pytest.raises(LinkSpent):
        office.sign_in.use_link(link_in(text), VISITOR)


def test_link_of_one_kind_opens_nothing_else(office: Office) -> None:
    add_account(office, "ana")
    office.sign_in.send_link("ana@example.org", VISITOR)
    token = link_in(letters(office, "sign_in")[0])
    with pytest.raises(LinkSpent):
        office.sign_in.accept_invitation(token, "Eve", VISITOR)
    with pytest.raises(LinkSpent):
        office.acts.run(
            sign_in(office, "ana").caller,
            lambda uow, me: office.profile.verify_email(uow, me, token),
            changes_registry=True,
        )


def test_eight_who_use_one_link_have_one_winner(office: Office) -> None:
    add_account(office, "ana")
    office.sign_in.send_link("ana@example.org", VISITOR)
    token = link_in(letters(office, "sign_in")[0])
    found = at_once(lambda: office.sign_in.use_link(token, VISITOR))
    assert sum(isinstance(one, LinkSpent) for one in found) == 7, found


def test_nobodys_mailbox_is_a_target(office: Office) -> None:
    add_account(office, "ana")
    for _ in range(9):
        office.sign_in.send_link("ana@example.org", VISITOR)
    assert len(letters(office, "sign_in")) == 5


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\nb"])
def test_link_leads_nowhere_else(office: Office, path: str) -> None:
    add_account(office, "ana")
    office.sign_in.send_link("ana@example.org", VISITOR, next_path=path)
    assert "next=" not in letters(office, "sign_in")[0]


# -- recovery codes ----------------------------------------------------------------------------------------


def test_recovery_codes_work_once_each(office: Office) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    codes = office.acts.run(caller, office.means.make_recovery_codes)
    assert len(set(codes)) == 10
    assert office.means.of(caller).recovery_codes == 10
    office.sign_in.recovery_code("ana@example.org", codes[0].upper().replace("-", " "), VISITOR)
    with pytest.raises(SignInFailed):
        office.sign_in.recovery_code("ana@example.org", codes[0], VISITOR)
    assert office.means.of(caller).recovery_codes == 9
    newer = office.acts.run(caller, office.means.make_recovery_codes)
    with pytest.raises(SignInFailed):
        office.sign_in.recovery_code("ana@example.org", codes[1], VISITOR)
    office.sign_in.recovery_code("ana@example.org", newer[1], VISITOR)


def test_code_of_somebody_else_is_a_failure(office: Office) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    codes = office.acts.run(sign_in(office, "ana").caller, office.means.make_recovery_codes)
    for email in ("eve@example.org", "nobody@example.org"):
        with pytest.raises(SignInFailed):
            office.sign_in.recovery_code(email, codes[0], VISITOR)


def test_eight_who_use_one_code_have_one_winner(office: Office) -> None:
    add_account(office, "ana")
    codes = office.acts.run(sign_in(office, "ana").caller, office.means.make_recovery_codes)
    found = at_once(lambda: office.sign_in.recovery_code("ana@example.org", codes[0], VISITOR))
    assert sum(isinstance(one, SignInFailed) for one in found) == 7, found


def test_making_codes_takes_a_fresh_sign_in(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    clock.move(minutes=10)
    with pytest.raises(FreshSignInRequired):
        office.acts.run(caller, office.means.make_recovery_codes)


# -- invitations and registration ---------------------------------------------------------------------------


def test_invitation_makes_an_account_once(office: Office) -> None:
    admin = add_account(office, "boss", AccountRole.ADMIN)
    caller = sign_in(office, "boss").caller
    assert caller.user_id == admin
    link = office.acts.run(caller, lambda uow, me: office.sign_in.invite(uow, me, "new@example.org"))
    token = link.rpartition("/")[2]
    assert link_in(letters(office, "invitation")[0]) == token
    assert office.sign_in.check_invitation(token) == "new@example.org"
    found = at_once(lambda: office.sign_in.accept_invitation(token, "New Person", VISITOR))
    assert sum(isinstance(one, LinkSpent) for one in found) == 7, found
    with office.units(write=False) as uow:
        person = uow.people.by_email("new@example.org")
    assert person is not None
    assert (person.verified, person.roles, person.display_name) == (True, frozenset(), "New Person")


def test_invited_issuer_lands_with_rank_and_scope(office: Office) -> None:
    """The account is there at once, unverified; the link proves the address and opens a session with the role."""
    boss = the_operator(office)
    furnish_desk(office)
    link = office.acts.run(
        boss,
        lambda uow, me: office.sign_in.invite(uow, me, "iris@example.org", roles=[AccountRole.ISSUER], scopes=[DPW]),
        changes_registry=True,
    )
    with office.units(write=False) as uow:
        waiting = uow.people.by_email("iris@example.org")
        assert waiting is not None
        profile = uow.enrollment.issuer(waiting.user_id)
    assert (waiting.verified, waiting.display_name) == (False, "iris")
    assert profile is not None
    assert profile.allowed_credentials == (DPW,)
    landed = office.sign_in.accept_invitation(link.rpartition("/")[2], "Iris Issuer", VISITOR).person
    assert (landed.user_id, landed.verified, landed.display_name) == (waiting.user_id, True, "Iris Issuer")
    assert (landed.roles, landed.scopes) == (frozenset({AccountRole.ISSUER}), (DPW,))


def test_roles_are_for_new_accounts_and_known_types(office: Office) -> None:
    boss = the_operator(office)
    add_account(office, "ana")

    def invite(email: str, *roles: AccountRole, scopes: tuple[str, ...] = ()) -> str:
        return office.acts.run(
            boss,
            lambda uow, me: office.sign_in.invite(uow, me, email, roles=roles, scopes=scopes),
            changes_registry=True,
        )

    with pytest.raises(EmailInUse):
        invite("ana@example.org", AccountRole.IMPROVER)
    with pytest.raises(ConflictingFields):
        invite("iris@example.org", AccountRole.IMPROVER, scopes=(DPW,))
    with pytest.raises(UnknownCredentialType):
        invite("iris@example.org", AccountRole.ISSUER, scopes=("not_there",))
    with office.units(write=False) as uow:
        assert uow.people.by_email("iris@example.org") is None
    assert letters(office, "invitation") == []


def test_nobody_is_invited_to_an_account_that_somebody_has_come_into(office: Office) -> None:
    """Whoever signs in by mailed links has neither password nor passkey; the admin reads an invitation's link."""
    add_person(office, "ana")
    with pytest.raises(EmailInUse):
        office.acts.run(the_operator(office), lambda uow, me: office.sign_in.invite(uow, me, "ana@example.org"))
    assert letters(office, "invitation") == []


@pytest.mark.parametrize("make", [add_account, add_person])
def test_invitation_opens_no_account_that_somebody_came_into(office: Office, make: Callable[..., str]) -> None:
    link = office.acts.run(the_operator(office), lambda uow, me: office.sign_in.invite(uow, me, "ana@example.org"))
    make(office, "ana")
    with pytest.raises(LinkSpent):
        office.sign_in.accept_invitation(link.rpartition("/")[2], "Eve", VISITOR)


def test_only_admins_invite(office: Office) -> None:
    add_account(office, "ana", AccountRole.ISSUER)
    with pytest.raises(RoleRequired):
        office.acts.run(sign_in(office, "ana").caller, lambda uow, me: office.sign_in.invite(uow, me, "x@example.org"))


def test_strangers_register_only_where_the_office_is_open(office: Office) -> None:
    with pytest.raises(RoleRequired):
        office.sign_in.register("new@example.org", VISITOR)
    assert letters(office, "invitation") == []


def test_open_office_answers_known_and_unknown_addresses_alike(
    database_url: str, tmp_path: Path, clock: MovableClock
) -> None:
    with open_office(database_url, tmp_path / "home", clock=clock, SEALWRIGHT_OPEN_REGISTRATION="true") as office:
        furnish(office, schemas=0)
        add_account(office, "ana")
        assert office.sign_in.register("ana@example.org", VISITOR) is None
        assert office.sign_in.register("new@example.org", VISITOR) is None
        assert len(letters(office, "sign_in")) == 1
        signed_in = office.sign_in.accept_invitation(link_in(letters(office, "invitation")[0]), "", VISITOR)
        assert signed_in.person.display_name == "new"
        for bad in ("no address", "a@b", "a@b.c\r\nBcc: all@example.org", "<a@b.c>", "x" * 250 + "@example.org"):
            with pytest.raises(MalformedBody):
                office.sign_in.register(bad, VISITOR)


# -- signing in elsewhere ------------------------------------------------------------------------------------


class Elsewhere:
    """An outside sign-in that vouches for one address where nonce and verifier fit."""

    def __init__(self, email: str) -> None:
        self.email = email
        self.sent: dict[str, Any] = {}
        self.authenticated_at: datetime | None = None

    def authorization_url(self, **members: Any) -> str:
        self.sent = members
        return "https://id.example/authorize"

    def identity(self, code: str, **members: str) -> OutsideIdentity:
        if code != "good" or any(members[name] != self.sent[name] for name in ("nonce", "verifier", "redirect_uri")):
            raise SignInFailed("no")
        return OutsideIdentity("1", self.email, self.authenticated_at)


def elsewhere(office: Office, email: str) -> tuple[OutsideSignIn, Elsewhere]:
    provider = Elsewhere(email)
    desk = OutsideSignIn(
        units=office.units, clock=office.clock, sign_in=office.sign_in, provider=provider, public_url=office.public_url
    )
    return desk, provider


def test_outside_sign_in_finds_the_account_by_its_verified_address(office: Office) -> None:
    add_account(office, "ana")
    desk, provider = elsewhere(office, "ANA@example.org")
    start = desk.start()
    assert provider.sent["redirect_uri"] == "http://127.0.0.1:8000/login/outside"
    signed_in = desk.finish("good", provider.sent["state"], start.binding, VISITOR)
    assert (signed_in.person.display_name, signed_in.session.method.value) == ("ana", "oidc")
    with pytest.raises(SignInFailed):
        desk.finish("good", provider.sent["state"], start.binding, VISITOR)


def test_outside_sign_in_comes_back_to_the_browser_that_left(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    desk, provider = elsewhere(office, "ana@example.org")
    for binding in (None, "", "x", desk.start().binding):
        desk.start()
        with pytest.raises(SignInFailed):
            desk.finish("good", provider.sent["state"], binding, VISITOR)
    start = desk.start()
    for code, state in (("bad", provider.sent["state"]), ("good", "A" * 43), ("good", "")):
        with pytest.raises(SignInFailed):
            desk.finish(code, state, start.binding, VISITOR)
    start = desk.start()
    clock.move(minutes=5)
    with pytest.raises(SignInFailed):
        desk.finish("good", provider.sent["state"], start.binding, VISITOR)


@pytest.mark.parametrize(("minutes_ago", "is_fresh"), [(0, True), (9, True), (10, False), (600, False), (None, False)])
def test_outside_sign_in_is_as_fresh_as_the_proof_there(
    office: Office, clock: MovableClock, minutes_ago: int | None, is_fresh: bool
) -> None:
    """A provider lets people pass for days; that must not open what asks for a sign-in of the last ten minutes."""
    add_account(office, "ana")
    desk, provider = elsewhere(office, "ana@example.org")
    provider.authenticated_at = None if minutes_ago is None else clock.now() - timedelta(minutes=minutes_ago)
    start = desk.start()
    assert provider.sent["max_age_seconds"] is None
    caller = desk.finish("good", provider.sent["state"], start.binding, VISITOR).caller
    assert office.sessions.is_fresh(caller) is is_fresh
    desk.start(again=True)
    assert provider.sent["max_age_seconds"] == 60


def test_outside_sign_in_of_the_future_is_of_now(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    desk, provider = elsewhere(office, "ana@example.org")
    provider.authenticated_at = clock.now() + timedelta(hours=1)
    start = desk.start()
    signed_in = desk.finish("good", provider.sent["state"], start.binding, VISITOR)
    assert signed_in.session.authenticated_at == clock.now()


def test_outside_sign_in_makes_no_accounts(office: Office) -> None:
    desk, provider = elsewhere(office, "stranger@example.org")
    start = desk.start()
    with pytest.raises(SignInFailed):
        desk.finish("good", provider.sent["state"], start.binding, VISITOR)
    assert not office.outside_sign_in.is_offered
    with pytest.raises(StateConflict):
        office.outside_sign_in.start()
