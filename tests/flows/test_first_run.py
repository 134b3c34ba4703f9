"""The first run: the link, the first admin, the parts, and the end of it for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwright.domain.errors import LinkSpent, MalformedBody, NotFound, RoleRequired, StateConflict
from sealwright.domain.people import AccountRole
from sealwright.services.founding import PLATFORM_DID
from sealwright.services.links import token_of
from sealwright.services.office import Office
from sealwright.services.sessions import SignedIn
from tests.support.accounts import PASSWORD, VISITOR, add_account, hash_cheaply, letters, sign_in
from tests.support.office import MovableClock, open_office


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    with open_office(database_url, tmp_path / "home", clock=clock) as one:
        yield one


def begin(office: Office, password: str | None = PASSWORD) -> SignedIn:
    token = token_of(office.setup.open_link())
    return office.setup.create_admin(token, VISITOR, email="ada@example.org", display_name="Ada", password=password)


def test_whole_first_run(office: Office) -> None:
    assert not office.setup.is_over()
    caller = begin(office).caller
    assert caller.is_admin
    assert not office.setup.set_organization(caller, "City Works")
    did = office.setup.set_issuer(caller, "web")
    with pytest.raises(StateConflict):
        office.setup.set_issuer(caller, "adi")
    assert office.setup.send_test_mail(caller) == "ada@example.org"
    assert len(letters(office, "test")) == 1
    codes = office.acts.run(caller, office.means.make_recovery_codes)
    assert len(codes) == 10
    state = office.setup.state(caller)
    assert (state.organization, state.issuer_did, state.issuer_method) == ("City Works", did, "web")
    assert (state.has_way_in, state.has_recovery_codes) == (True, True)
    done = office.setup.finish(caller)
    assert (done.founded.issuer_did, done.demo) == (did, None)
    assert office.registry.current().is_initialized()
    with office.units(write=False) as uow:
        record = uow.dids.get(did)
        assert uow.office.get(PLATFORM_DID) == did
        assert uow.office.get("organization") == "City Works"
    assert record is not None
    assert record.owner_user_id is None, "the platform's DID belongs to the office, not to the admin who made it"
    assert sign_in(office, "ada").person.roles == {AccountRole.ADMIN}
    for gone in (
        lambda: office.setup.check("x" * 43),
        lambda: office.setup.state(caller),
        lambda: office.setup.finish(caller),
        lambda: office.setup.set_organization(caller, "Other"),
        lambda: office.setup.create_admin("x" * 43, VISITOR, email="a@b.example", display_name="A"),
    ):
        with pytest.raises(NotFound):
            gone()
    with pytest.raises(StateConflict):
        office.setup.open_link()


def test_defaults_are_enough(office: Office) -> None:
    done = office.setup.finish(begin(office).caller)
    assert done.founded.issuer_did.startswith("did:adi:")


def test_nobody_finishes_without_a_way_back_in(office: Office) -> None:
    caller = begin(office, password=None).caller
    with pytest.raises(StateConflict):
        office.setup.finish(caller)
    office.means.set_password(caller, PASSWORD, current=None)
    office.setup.finish(caller)
    assert sign_in(office, "ada").person.display_name == "Ada"


def test_link_works_once_whoever_is_fastest(office: Office) -> None:
    token = token_of(office.setup.open_link())
    office.setup.check(token)
    barrier, found = threading.Barrier(8), list[object]()

    def run(number: int) -> None:
        barrier.wait()
        try:
            found.append(
                office.setup.create_admin(
                    token, VISITOR, email=f"ada{number}@example.org", display_name="Ada", password=PASSWORD
                )
            )
        except LinkSpent as error:
            found.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(isinstance(one, SignedIn) for one in found) == 1
    with office.units(write=False) as uow:
        assert uow.people.count_active_admins() == 1


def test_newer_link_ends_the_older_and_an_hour_ends_it_too(office: Office, clock: MovableClock) -> None:
    older, newer = token_of(office.setup.open_link()), token_of(office.setup.open_link())
    with pytest.raises(LinkSpent):
        office.setup.check(older)
    office.setup.check(newer)
    clock.move(hours=1)
    with pytest.raises(LinkSpent):
        office.setup.check(newer)


def test_what_cannot_be_taken_spends_no_link(office: Office) -> None:
    token = token_of(office.setup.open_link())
    for members in (
        {"email": "no address", "display_name": "Ada", "password": PASSWORD},
        {"email": "ada@example.org", "display_name": " ", "password": PASSWORD},
        {"email": "ada@example.org", "display_name": "Ada", "password": "short"},
    ):
        with pytest.raises(MalformedBody):
            office.setup.create_admin(token, VISITOR, **members)
    office.setup.check(token)


def test_broken_off_run_goes_on_with_a_new_link(office: Office) -> None:
    first = begin(office, password=None)
    second = begin(office)
    assert second.person.user_id == first.person.user_id
    office.setup.finish(second.caller)


def test_public_url_is_kept_for_the_next_start(office: Office, tmp_path: Path) -> None:
    caller = begin(office).caller
    for bad in ("http://city.example", "https://city.example/", "city", "https://city.example/x"):
        with pytest.raises(MalformedBody) as refused:
            office.setup.set_organization(caller, "City", public_url=bad)
        assert refused.value.faults[0].pointer == "/public_url"
    assert office.setup.set_organization(caller, "City", public_url="https://city.example")
    assert 'public_url = "https://city.example"' in (tmp_path / "home" / "sealwright.toml").read_text()
    for early in (lambda: office.setup.set_issuer(caller, "web"), lambda: office.setup.finish(caller)):
        with pytest.raises(StateConflict):
            early()
    assert office.setup.state(caller).wanted_public_url == "https://city.example"


def test_first_run_is_for_admins(office: Office) -> None:
    begin(office)
    add_account(office, "eve")
    caller = sign_in(office, "eve").caller
    for forbidden in (
        lambda: office.setup.state(caller),
        lambda: office.setup.set_organization(caller, "Eve's"),
        lambda: office.setup.set_issuer(caller, "adi"),
        lambda: office.setup.sample_data(caller),
        lambda: office.setup.send_test_mail(caller),
        lambda: office.setup.finish(caller),
    ):
        with pytest.raises(RoleRequired):
            forbidden()
