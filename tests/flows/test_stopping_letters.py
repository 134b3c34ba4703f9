"""Letters are stopped by the link that they carry: that kind, that person, nothing else; on every database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from sealwright.domain.errors import LinkSpent
from sealwright.domain.notices import NoticeKind, NoticeMode
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.office import Office
from sealwright.services.stop_links import KEY_SETTING, LetterStops, can_be_stopped, stop_address
from tests.support.accounts import audit_actions
from tests.support.desk import DPW, act, furnish_desk, join
from tests.support.office import MovableClock, open_office

BASE = "https://office.example"
ABOUT = {"request_id": "req_1", "credential_type": DPW, "message": "Falta la firma"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def office(database_url: str, home: Path, clock: MovableClock) -> Iterator[Office]:
    with open_office(database_url, home, clock=clock, SEALWRIGHT_PUBLIC_URL=BASE) as opened:
        furnish_desk(opened)
        yield opened


def tell(office: Office, who: Caller, kind: NoticeKind) -> None:
    act(office, who, lambda uow, _me: office.notices.tell(uow, kind, [who.user_id], ABOUT), registry=False)


def prefer(office: Office, who: Caller, kind: NoticeKind, mode: NoticeMode) -> None:
    act(office, who, lambda uow, me: office.notices.set_mode(uow, me, kind, mode), registry=False)


def token(office: Office, user_id: str | None, kind: str) -> str:
    with office.units() as uow:
        address = stop_address(uow, BASE, user_id, kind)
        uow.commit()
    assert address is not None
    return address.rpartition("/")[2]


def letters(home: Path) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (home / "outbox").glob("*.eml")]


def plain_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_letter_stops_its_kind_and_no_other(office: Office, home: Path) -> None:
    ann, bob = join(office, "ann"), join(office, "bob")
    tell(office, ann, NoticeKind.APPROVED)
    assert office.mailing.work() == 1
    (letter,) = letters(home)
    found = re.search(r"Stop letters of this kind:\s+(\S+)", plain_of(letter))
    assert found is not None
    assert letter["List-Unsubscribe"] == f"<{found[1]}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found[1].startswith(f"{BASE}/mail/stop/")

    before = office.notices.modes(ann)
    one = office.letter_stops.stop(found[1].rpartition("/")[2])
    assert (one.user_id, one.kind, one.language) == (ann.user_id, "approved", "en")
    assert office.notices.modes(ann) == {**before, NoticeKind.APPROVED: NoticeMode.OFF}
    assert office.notices.modes(bob) == before
    tell(office, ann, NoticeKind.APPROVED)
    tell(office, ann, NoticeKind.REJECTED)
    assert office.mailing.work() == 1
    assert office.notices.unread(ann) == 3


def test_looking_at_a_link_changes_nothing(office: Office) -> None:
    ann = join(office, "ann")
    before = office.notices.modes(ann)
    assert office.letter_stops.check(token(office, ann.user_id, "approved")).kind == "approved"
    assert office.notices.modes(ann) == before
    assert "user.updated" not in audit_actions(office)[-1:]


def test_a_stop_is_on_record_once(office: Office) -> None:
    ann = join(office, "ann")
    link = token(office, ann.user_id, "approved")
    for _ in range(2):
        office.letter_stops.stop(link, request_id="call-7")
    with office.units(write=False) as uow:
        rows = [row for row in uow.audit.read(0, 10_000) if row.action == "user.updated"]
    (row,) = rows
    said = msgspec.json.decode(row.body)
    assert said["actor"] == {"type": "user", "id": ann.user_id, "auth": "link"}
    assert said["object"] == {"type": "user", "id": ann.user_id}
    assert said["data"] == {"change": "letters_stopped", "kind": "approved"}
    assert link not in row.body.decode()


def test_two_at_once_are_on_record_once(office: Office) -> None:
    link = token(office, join(office, "ann").user_id, "approved")
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda _: office.letter_stops.stop(link), range(2)))
    assert audit_actions(office).count("user.updated") == 1


def test_a_digest_stops_all_that_came_with_it(office: Office, clock: MovableClock, home: Path) -> None:
    ann = join(office, "ann", AccountRole.IMPROVER)
    for kind in (NoticeKind.APPROVED, NoticeKind.REJECTED, NoticeKind.REVOKED):
        prefer(office, ann, kind, NoticeMode.DAILY)
    tell(office, ann, NoticeKind.APPROVED)
    clock.move(days=1)
    assert office.mailing.work() == 1
    (digest,) = letters(home)
    link = digest["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert link == token(office, ann.user_id, "digest")
    assert link in plain_of(digest)
    # Told before the stop, and not yet in any digest.
    tell(office, ann, NoticeKind.REJECTED)
    tell(office, ann, NoticeKind.REVOKED)
    office.letter_stops.stop(link)
    modes = office.notices.modes(ann)
    assert {kind for kind, mode in modes.items() if mode is NoticeMode.OFF} == {
        NoticeKind.APPROVED,
        NoticeKind.REJECTED,
        NoticeKind.QUEUE_REMINDER,
    }
    assert NoticeMode.DAILY not in modes.values()
    # What nobody can put off comes by itself, without a link that would do nothing.
    assert modes[NoticeKind.REVOKED] is NoticeMode.AT_ONCE
    clock.move(days=1)
    assert office.mailing.work() == 1
    last = next(one for one in letters(home) if one["Message-ID"] != digest["Message-ID"])
    assert last["Subject"] == "A credential of yours was revoked"
    assert last["List-Unsubscribe"] is None
    assert "/mail/stop/" not in plain_of(last)


@pytest.mark.parametrize("kind", ["revoked", "new_sign_in", "sign_in", "verify_email", "invitation", "test"])
def test_essential_letters_have_no_link(office: Office, kind: str) -> None:
    ann = join(office, "ann")
    assert not can_be_stopped(kind)
    with office.units() as uow:
        assert stop_address(uow, BASE, ann.user_id, kind) is None
        assert stop_address(uow, BASE, None, "approved") is None


def test_a_link_of_a_kind_that_became_essential_is_spent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = join(office, "ann")
    link = token(office, ann.user_id, "approved")
    monkeypatch.setattr("sealwright.services.stop_links.ESSENTIAL_KINDS", frozenset({NoticeKind.APPROVED}))
    with pytest.raises(LinkSpent):
        office.letter_stops.stop(link)
    assert office.notices.modes(ann)[NoticeKind.APPROVED] is NoticeMode.AT_ONCE


def test_forged_and_changed_links_are_spent(office: Office) -> None:
    ann, bob = join(office, "ann"), join(office, "bob")
    link, other = token(office, ann.user_id, "approved"), token(office, bob.user_id, "rejected")
    # The last letter of a spelling holds bits that decode to nothing: changing them must not pass either.
    last = link[:-1] + ("B" if link[-1] == "A" else "A")
    half = len(link) // 2
    for wrong in ("", "x", link[:-1], link + "A", last, link[:half] + other[half:], link.swapcase(), ann.user_id):
        with pytest.raises(LinkSpent):
            office.letter_stops.check(wrong)
        with pytest.raises(LinkSpent):
            office.letter_stops.stop(wrong)
    assert NoticeMode.OFF not in {*office.notices.modes(ann).values(), *office.notices.modes(bob).values()}


def test_a_link_shows_nothing_and_is_as_long_for_every_kind(office: Office) -> None:
    ann = join(office, "ann")
    links = {kind: token(office, ann.user_id, kind) for kind in ("digest", *NoticeKind) if can_be_stopped(kind)}
    assert len({len(link) for link in links.values()}) == 1
    assert len(set(links.values())) == len(links)
    assert all(link == token(office, ann.user_id, kind) for kind, link in links.items())
    beginnings = [link[:22] for link in links.values()]
    assert len(set(beginnings)) == len(beginnings)


def test_links_outlive_a_restart_and_the_key_encryption_key(
    office: Office, database_url: str, tmp_path: Path, clock: MovableClock
) -> None:
    ann = join(office, "ann")
    link = token(office, ann.user_id, "approved")
    clock.move(days=4_000)
    elsewhere, moved = tmp_path / "elsewhere", "https://new.example"
    with open_office(database_url, elsewhere, clock=clock, SEALWRIGHT_PUBLIC_URL=moved) as later:
        assert later.letter_stops.stop(link).user_id == ann.user_id
        assert token(later, ann.user_id, "approved") == link


def test_two_workers_make_one_key(office: Office, clock: MovableClock) -> None:
    ann = join(office, "ann")
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = list(pool.map(lambda _: token(office, ann.user_id, "approved"), range(2)))
    assert made[0] == made[1]
    with office.units(write=False) as uow:
        assert uow.office.get(KEY_SETTING) is not None
    other = LetterStops(office.units, clock, default_locale="es")
    assert other.check(made[0]).language == "es"


def test_links_of_the_erased_are_spent(office: Office) -> None:
    ann = join(office, "ann")
    link = token(office, ann.user_id, "approved")
    assert office.letter_stops.check(link).user_id == ann.user_id
    act(office, ann, office.own_data.erase)
    for use in (office.letter_stops.check, office.letter_stops.stop):
        with pytest.raises(LinkSpent):
            use(link)
    with office.units(write=False) as uow:
        assert uow.notices.modes(ann.user_id) == {}


def test_links_of_another_office_are_spent(office: Office) -> None:
    ann = join(office, "ann")
    link = token(office, ann.user_id, "approved")
    with office.units() as uow:
        key = uow.office.get(KEY_SETTING)
        uow.office.put(KEY_SETTING, "A" * 85 + "A==")
        uow.commit()
    with pytest.raises(LinkSpent):
        office.letter_stops.check(link)
    with office.units() as uow:
        uow.office.put(KEY_SETTING, key or "")
        uow.commit()
    assert office.letter_stops.check(link).user_id == ann.user_id
    stranger = token(office, "usr_" + "a" * 26, "approved")
    with pytest.raises(LinkSpent):
        office.letter_stops.stop(stranger)


def test_a_letter_that_is_tried_again_carries_the_same_link(office: Office, clock: MovableClock, home: Path) -> None:
    ann = join(office, "ann")
    tell(office, ann, NoticeKind.NEEDS_INFO)
    office.mailing.prepare()
    clock.move(hours=1)
    assert office.mailing.deliver() == 1
    (letter,) = letters(home)
    assert letter["List-Unsubscribe"].strip("<>") in plain_of(letter)
    assert clock.now() > letter["Date"].datetime + timedelta(minutes=59)


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", BASE])
def test_only_offices_with_https_offer_one_click(
    database_url: str, home: Path, clock: MovableClock, public_url: str
) -> None:
    with open_office(database_url, home, clock=clock, SEALWRIGHT_PUBLIC_URL=public_url) as office:
        furnish_desk(office)
        ann = join(office, "ann")
        tell(office, ann, NoticeKind.APPROVED)
        assert office.mailing.work() == 1
    (letter,) = letters(home)
    assert f"{public_url}/mail/stop/" in plain_of(letter)
    assert (letter["List-Unsubscribe"] is not None) == (public_url == BASE)
    assert (letter["List-Unsubscribe-Post"] is not None) == (public_url == BASE)
