"""Coming in by password: lock-out, and what ends a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwright.domain.errors import (
    CsrfFailed,
    FreshSignInRequired,
    MalformedBody,
    NotSignedIn,
    RateLimitExceeded,
    SignInFailed,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from sealwright.services.own_means import NewPassword
from sealwright.services.sessions import forget_sign_ins
from tests.support.accounts import (
    PASSWORD,
    VISITOR,
    add_account,
    at_once,
    audit_actions,
    comes_back,
    hash_cheaply,
    sign_in,
    visitor,
)
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, add_person, furnish, furnish_bare, open_office, the_operator


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish_bare) as one:
        yield one


# -- passwords -----------------------------------------------------------------------------------------


def test_right_password_begins_a_session(office: Office) -> None:
    user_id = add_account(office, "ana")
    signed_in = office.sign_in.password("ANA@example.org", PASSWORD, VISITOR)
    caller = comes_back(office, signed_in.cookie)
    assert caller is not None
    assert (caller.user_id, caller.actor.auth) == (user_id, "session")
    assert signed_in.cookie not in repr(signed_in)
    assert "auth.signed_in" in audit_actions(office)


def test_each_sign_in_has_its_own_session(office: Office) -> None:
    add_account(office, "ana")
    first, second = sign_in(office, "ana"), sign_in(office, "ana")
    assert first.cookie != second.cookie
    assert first.session.session_id != second.session.session_id


def test_signing_in_again_ends_the_session_that_the_browser_had(office: Office) -> None:
    add_account(office, "ana")
    first = sign_in(office, "ana")
    second = office.sign_in.password("ana@example.org", PASSWORD, visitor(replaces=first.caller))
    assert comes_back(office, first.cookie) is None
    assert comes_back(office, second.cookie) is not None


@pytest.mark.parametrize("is_own", [True, False])
def test_an_admin_is_told_of_a_browser_that_was_not_theirs(office: Office, is_own: bool) -> None:
    boss = add_account(office, "boss", AccountRole.ADMIN)
    add_account(office, "ana")
    sign_in(office, "boss")
    before = sign_in(office, "boss" if is_own else "ana", label="Safari on iPhone")
    with office.units(write=False) as uow:
        told = uow.notices.unread(boss)
    office.sign_in.password("boss@example.org", PASSWORD, visitor(label="Chrome on Android", replaces=before.caller))
    with office.units(write=False) as uow:
        assert uow.notices.unread(boss) == told + (not is_own)


@pytest.mark.parametrize(
    ("email", "password"),
    [("ana@example.org", "wrong password 1"), ("nobody@example.org", PASSWORD), ("ana@example.org", ""), ("", "")],
)
def test_every_failure_reads_the_same(office: Office, email: str, password: str) -> None:
    add_account(office, "ana")
    with pytest.raises(SignInFailed) as refused:
        office.sign_in.password(email, password, VISITOR)
    assert refused.value.detail == "Signing in did not work. Check what you entered, or sign in another way."


def test_account_without_password_and_deactivated_one_read_the_same(office: Office) -> None:
    add_person(office, "bare")
    gone = add_account(office, "gone")
    office.acts.run(
        the_operator(office), lambda uow, me: office.people.deactivate(uow, me, gone), changes_registry=True
    )
    for name in ("bare", "gone"):
        with pytest.raises(SignInFailed):
            sign_in(office, name)


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_ten_failures_lock_an_account_for_a_quarter_of_an_hour(office: Office, clock: MovableClock, name: str) -> None:
    add_account(office, "ana")
    for _ in range(10):
        with pytest.raises(SignInFailed):
            office.sign_in.password(f"{name}@example.org", "not the password", VISITOR)
    clock.move(minutes=4)
    with pytest.raises(RateLimitExceeded) as locked:
        office.sign_in.password(f"{name}@EXAMPLE.org", PASSWORD, visitor("198.51.100.1"))
    assert locked.value.retry_after_seconds == 11 * 60
    assert audit_actions(office).count("auth.failed") == 1
    clock.move(minutes=11, seconds=1)
    if name == "ana":
        assert sign_in(office, "ana").person.display_name == "ana"


def test_lock_out_survives_a_restart(database_url: str, tmp_path: Path, clock: MovableClock) -> None:
    with open_office(database_url, tmp_path / "home", clock=clock) as first:
        furnish(first, schemas=0)
        add_account(first, "ana")
        for _ in range(10):
            with pytest.raises(SignInFailed):
                first.sign_in.password("ana@example.org", "not the password", VISITOR)
    with open_office(database_url, tmp_path / "home", clock=clock) as second, pytest.raises(RateLimitExceeded):
        sign_in(second, "ana")


def test_good_sign_in_forgets_earlier_failures(office: Office) -> None:
    add_account(office, "ana")
    for _ in range(3):
        for _ in range(8):
            with pytest.raises(SignInFailed):
                office.sign_in.password("ana@example.org", "not the password", VISITOR)
        sign_in(office, "ana")


def test_guessing_at_the_same_time_gives_no_more_tries(office: Office) -> None:
    add_account(office, "ana")
    for _ in range(6):
        with pytest.raises(SignInFailed):
            office.sign_in.password("ana@example.org", "not the password", VISITOR)
    found = at_once(lambda: office.sign_in.password("ana@example.org", "not the password", VISITOR))
    assert sum(isinstance(one, SignInFailed) for one in found) == 4
    assert sum(isinstance(one, RateLimitExceeded) for one in found) == 4


def test_hundred_failures_lock_an_address_and_no_other(office: Office) -> None:
    add_account(office, "ana")
    lockout = office.sign_in._lockout
    for number in range(100):
        lockout.failed("203.0.113.7", email=f"{number}@example.org", user_id=None)
    with pytest.raises(RateLimitExceeded):
        sign_in(office, "ana", address="203.0.113.7")
    with pytest.raises(RateLimitExceeded):
        office.sign_in.passkey({}, visitor("203.0.113.7"))
    assert sign_in(office, "ana", address="203.0.113.8").person.display_name == "ana"


# -- what ends a session -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "idle_minutes"), [(AccountRole.ISSUER, 30), (AccountRole.IMPROVER, 12 * 60)])
def test_idle_session_ends(office: Office, clock: MovableClock, role: AccountRole, idle_minutes: int) -> None:
    add_account(office, "ana", role)
    cookie = sign_in(office, "ana").cookie
    clock.move(minutes=idle_minutes - 1)
    assert comes_back(office, cookie) is not None
    clock.move(minutes=idle_minutes)
    assert comes_back(office, cookie) is None
    clock.move(minutes=-idle_minutes)
    assert comes_back(office, cookie) is None, "a session that ended stays so, whatever the clock does"


@pytest.mark.parametrize(("role", "hours"), [(AccountRole.ADMIN, 12), (AccountRole.VOTER, 7 * 24)])
def test_session_in_use_ends_too(office: Office, clock: MovableClock, role: AccountRole, hours: int) -> None:
    add_account(office, "ana", role)
    cookie = sign_in(office, "ana").cookie
    for _ in range(hours * 4 - 1):
        clock.move(minutes=15)
        assert comes_back(office, cookie) is not None
    clock.move(minutes=15)
    assert comes_back(office, cookie) is None


def test_deactivation_ends_sessions_at_the_next_call(office: Office) -> None:
    user_id = add_account(office, "ana")
    signed_in = sign_in(office, "ana")
    office.acts.run(
        the_operator(office), lambda uow, me: office.people.deactivate(uow, me, user_id), changes_registry=True
    )
    assert comes_back(office, signed_in.cookie) is None
    with pytest.raises(NotSignedIn):
        office.acts.run(signed_in.caller, lambda uow, me: None)


@pytest.mark.parametrize("value", [True, False])
def test_change_of_rank_takes_a_new_sign_in(office: Office, value: bool) -> None:
    add_account(office, "boss", AccountRole.ADMIN)
    roles = () if value else (AccountRole.ADMIN,)
    user_id = add_account(office, "ana", *roles)
    signed_in = sign_in(office, "ana")
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.enrollment.set_role(uow, me, user_id, AccountRole.ADMIN, value),
        changes_registry=True,
    )
    assert comes_back(office, signed_in.cookie) is None
    assert AccountRole.ADMIN in sign_in(office, "ana").person.roles or not value


def test_rise_without_rank_keeps_the_session(office: Office) -> None:
    user_id = add_account(office, "ana")
    signed_in = sign_in(office, "ana")
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.enrollment.set_role(uow, me, user_id, AccountRole.IMPROVER, True),
        changes_registry=True,
    )
    caller = comes_back(office, signed_in.cookie)
    assert caller is not None
    assert caller.has_role(AccountRole.IMPROVER)


def test_session_that_ended_meanwhile_acts_no_more(office: Office) -> None:
    add_account(office, "ana")
    signed_in = sign_in(office, "ana")
    caller = comes_back(office, signed_in.cookie)
    assert caller is not None
    office.sessions.end(caller)
    with pytest.raises(NotSignedIn):
        office.acts.run(caller, lambda uow, me: pytest.fail("acted"))


def test_a_new_browser_is_told_also_where_every_session_was_ended(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana", AccountRole.ADMIN)

    def told(label: str) -> int:
        """Sign in, see how many letters of new browsers there are, and sign out again."""
        came = sign_in(office, "ana", label=label)
        kinds = [one.kind for one in office.notices.inbox(came.caller, page=1, count=50).items]
        office.sessions.end(came.caller)
        clock.move(days=3)
        forget_sign_ins(office.units, clock)
        return kinds.count(NoticeKind.NEW_SIGN_IN)

    assert [told(label) for label in ("Firefox", "Firefox", "Safari", "Firefox", "Safari")] == [0, 0, 1, 1, 1]
    clock.move(days=91)
    forget_sign_ins(office.units, clock)
    assert told("Firefox") == 2


def test_own_sessions_are_listed_and_ended_one_by_one(office: Office) -> None:
    add_account(office, "ana")
    add_account(office, "eve")
    first, second = sign_in(office, "ana", label="Chrome on Windows"), sign_in(office, "ana")
    other = sign_in(office, "eve")
    assert {one.label for one in office.sessions.list(second.caller)} == {"Chrome on Windows", "Firefox on Linux"}
    assert not office.sessions.end_one(other.caller, first.session.session_id)
    assert office.sessions.end_one(second.caller, first.session.session_id)
    assert comes_back(office, first.cookie) is None
    third = sign_in(office, "ana")
    assert office.sessions.end_all(third.caller, but_this=True) == 1
    assert comes_back(office, third.cookie) is not None
    assert office.sessions.end_all(third.caller, but_this=False) == 1
    assert comes_back(office, third.cookie) is None
    assert comes_back(office, other.cookie) is not None


def test_new_password_ends_the_other_sessions(office: Office) -> None:
    add_account(office, "ana")
    old, present = sign_in(office, "ana"), sign_in(office, "ana")
    new = "another long password"
    assert office.means.set_password(present.caller, new, current=PASSWORD) == 1
    assert comes_back(office, old.cookie) is None
    assert comes_back(office, present.cookie) is not None
    with pytest.raises(SignInFailed):
        sign_in(office, "ana")
    assert office.sign_in.password("ana@example.org", new, VISITOR).person.display_name == "ana"


def test_whoever_is_signed_out_while_a_password_is_hashed_sets_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(office, "ana")
    owner, thief = sign_in(office, "ana"), sign_in(office, "ana")
    prepare = office.means.prepare_password

    def slowly(password: str, pointer: str = "/password") -> NewPassword:
        office.sessions.end_all(owner.caller, but_this=True)
        return prepare(password, pointer)

    monkeypatch.setattr(office.means, "prepare_password", slowly)
    with pytest.raises(NotSignedIn):
        office.means.set_password(thief.caller, "another long password", current=None)
    assert sign_in(office, "ana").person.display_name == "ana"


def test_new_password_takes_the_present_one_or_a_fresh_sign_in(office: Office, clock: MovableClock) -> None:
    add_account(office, "ana")
    caller = sign_in(office, "ana").caller
    with pytest.raises(SignInFailed):
        office.means.set_password(caller, "another long password", current="guess")
    clock.move(minutes=10)
    with pytest.raises(FreshSignInRequired):
        office.means.set_password(caller, "another long password", current=None)
    for _ in range(9):
        with pytest.raises(SignInFailed):
            office.means.set_password(caller, "another long password", current="guess")
    with pytest.raises(RateLimitExceeded):
        office.means.set_password(caller, "another long password", current="guess")


@pytest.mark.parametrize("password", ["short", "x" * 257, "aaaaaaaaaaaaaaaa", "eleven char"])
def test_passwords_that_are_not_taken(office: Office, password: str) -> None:
    with pytest.raises(MalformedBody):
        office.means.prepare_password(password)


# -- form tokens, and cookies of others ---------------------------------------------------------------------


def test_form_token_is_the_sessions_own(office: Office) -> None:
    add_account(office, "ana")
    first, second = sign_in(office, "ana").caller, sign_in(office, "ana").caller
    token = office.sessions.csrf_token(first)
    office.sessions.check_csrf(first, token)
    for caller, given in ((second, token), (first, None), (first, ""), (first, token[:-1] + "x"), (first, "ü")):
        with pytest.raises(CsrfFailed):
            office.sessions.check_csrf(caller, given)


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 42, "A" * 10_000, "ü" * 43, "../" * 14 + "x"])
def test_forged_cookie_opens_nothing(office: Office, value: str) -> None:
    assert comes_back(office, value) is None


def test_session_id_and_digest_are_no_cookies(office: Office) -> None:
    add_account(office, "ana")
    signed_in = sign_in(office, "ana")
    assert comes_back(office, signed_in.session.session_id) is None
    assert comes_back(office, signed_in.session.digest.hex()[:43]) is None
