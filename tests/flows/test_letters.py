"""Notices become letters: after the undo window, once, in the reader's language, as they chose; and are retried."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from sealwright.domain.errors import MailNotSent, MalformedBody, RoleRequired
from sealwright.domain.notices import Mail, NoticeKind, NoticeMode
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.letters import LetterHead
from sealwright.services.mailing import MailingDesk
from sealwright.services.office import Office
from tests.support.desk import DPW, act, furnish_desk, join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock
from tests.support.voting import APPROVE, proposer, put_forward, vote, voters

ABOUT = {"request_id": "req_1", "credential_type": DPW, "message": "Falta la firma de Muñoz <b>&</b>"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def office(database_url: str, home: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, home, clock, furnish_desk) as opened:
        yield opened


class Server:
    """A mail server that can be out of order."""

    is_local = False

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.refuses = False

    def send(self, mail: Mail) -> None:
        if self.refuses:
            raise MailNotSent("out of order")
        self.taken.append(mail)


def tell(office: Office, who: Caller, kind: NoticeKind = NoticeKind.NEEDS_INFO, **more: object) -> None:
    act(
        office,
        who,
        lambda uow, _me: office.notices.tell(uow, kind, [who.user_id, who.user_id], ABOUT, **more),  # type: ignore[arg-type]
        registry=False,
    )


def prefer(office: Office, who: Caller, kind: NoticeKind, mode: NoticeMode) -> None:
    act(office, who, lambda uow, me: office.notices.set_mode(uow, me, kind, mode), registry=False)


def speaks(office: Office, who: Caller, locale: str) -> None:
    def change(uow, _me):  # type: ignore[no-untyped-def]
        person = uow.people.get(who.user_id)
        uow.people.update(replace(person, locale=locale, version=person.version + 1))

    act(office, who, change)


def letters(home: Path) -> list[EmailMessage]:
    found = []
    for path in sorted((home / "outbox").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def test_a_letter_leaves_once_after_the_undo_window(office: Office, clock: MovableClock, home: Path) -> None:
    ann = join(office, "ann")
    speaks(office, ann, "es")
    tell(office, ann, mail_after=clock.now() + timedelta(seconds=10))
    assert office.notices.unread(ann) == 1
    assert office.mailing.work() == 0
    clock.move(seconds=10)
    assert office.mailing.work() == 1
    assert office.mailing.work() == 0
    (letter,) = letters(home)
    assert letter["To"] == "ann@example.org"
    assert letter["Subject"] == "Una pregunta sobre su solicitud"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Certificación del Departamento de Obras Públicas" in plain.get_content()
    assert "Falta la firma de Muñoz <b>&</b>" in plain.get_content()
    assert "Falta la firma de Muñoz &lt;b&gt;&amp;&lt;/b&gt;" in html.get_content()
    assert "/improver/requests/req_1" in plain.get_content()
    path = next((home / "outbox").iterdir())
    assert path.stat().st_mode & 0o777 == 0o600
    assert (home / "outbox").stat().st_mode & 0o777 == 0o700


def test_votes_are_told_in_each_ones_language_and_name_nobody(office: Office, home: Path) -> None:
    pia, (ann, bob) = proposer(office), voters(office, 2)
    speaks(office, ann, "es")
    prefer(office, bob, NoticeKind.VOTE_OPEN, NoticeMode.OFF)
    workflow = put_forward(office, pia)
    assert office.mailing.work() == 1
    (letter,) = letters(home)
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert (letter["To"], letter["Subject"]) == ("voter1@example.org", "Hay una votación abierta")
    assert "Se propone el flujo de trabajo «Street Repair Project»." in plain.get_content()
    assert f"/workflows/{workflow.workflow_id}" in plain.get_content()
    assert "Pia" not in letter.as_string()
    assert office.notices.unread(bob) == 1
    vote(office, ann, workflow, APPROVE)
    vote(office, bob, workflow, APPROVE)
    assert office.mailing.work() == 1
    assert "A vote has ended" in [one["Subject"] for one in letters(home) if one["To"] == "pia@example.org"]


def test_undo_takes_letter_and_notice_back(office: Office, clock: MovableClock) -> None:
    ann = join(office, "ann")
    tell(office, ann, NoticeKind.APPROVED, mail_after=clock.now() + timedelta(seconds=10))
    act(
        office,
        ann,
        lambda uow, _me: uow.notices.withdraw(about="req_1", kinds=[NoticeKind.APPROVED]),
        registry=False,
    )
    clock.move(minutes=1)
    assert office.mailing.work() == 0
    assert office.notices.unread(ann) == 0


def test_people_choose_how_they_are_told(office: Office, clock: MovableClock, home: Path) -> None:
    ann = join(office, "ann")
    assert office.notices.modes(ann)[NoticeKind.NEEDS_INFO] is NoticeMode.AT_ONCE
    prefer(office, ann, NoticeKind.NEEDS_INFO, NoticeMode.OFF)
    tell(office, ann)
    assert office.mailing.work() == 0
    prefer(office, ann, NoticeKind.REJECTED, NoticeMode.DAILY)
    tell(office, ann, NoticeKind.REJECTED)
    prefer(office, ann, NoticeKind.APPROVED, NoticeMode.DAILY)
    tell(office, ann, NoticeKind.APPROVED)
    assert office.mailing.work() == 0
    clock.move(hours=19)
    assert office.mailing.work() == 1
    (digest,) = letters(home)
    body = digest.get_body(("plain",))
    assert body is not None
    assert digest["Subject"] == "2 things have happened"
    assert "was rejected" in body.get_content()
    assert "was approved" in body.get_content()
    assert "/settings/notifications" in body.get_content()
    assert office.notices.inbox(ann).total == 3
    with pytest.raises(MalformedBody):
        prefer(office, ann, NoticeKind.REVOKED, NoticeMode.OFF)


def test_read_notices_need_no_digest_and_strangers_get_no_mail(office: Office, clock: MovableClock) -> None:
    ann, eve = join(office, "ann"), join(office, "eve", verified=False)
    prefer(office, ann, NoticeKind.REJECTED, NoticeMode.DAILY)
    tell(office, ann, NoticeKind.REJECTED)
    act(office, ann, office.notices.mark_read, registry=False)
    tell(office, eve, NoticeKind.REVOKED)
    clock.move(days=1)
    assert office.mailing.work() == 0
    assert office.notices.inbox(eve).total == 1


def test_a_refused_letter_is_tried_again_after_growing_pauses(office: Office, clock: MovableClock) -> None:
    server, ann = Server(), join(office, "ann")
    desk = MailingDesk(
        office.units, server, clock, head=LetterHead("Office", "https://office.example"), default_locale="en"
    )
    tell(office, ann)
    server.refuses = True
    assert desk.work() == 0
    waited = []
    for _ in range(3):
        seconds = 0
        while True:
            clock.move(seconds=30)
            seconds += 30
            with office.units(write=False) as uow:
                before = uow.notices.mails(page=1, count=1).items[0].attempts
            desk.work()
            with office.units(write=False) as uow:
                if uow.notices.mails(page=1, count=1).items[0].attempts > before:
                    break
        waited.append(seconds)
    assert waited == sorted(waited)
    assert waited[0] < waited[-1]
    server.refuses = False
    clock.move(hours=12)
    assert desk.work() == 1
    clock.move(hours=12)
    assert desk.work() == 0
    assert [mail.to for mail in server.taken] == ["ann@example.org"]


def test_admins_read_the_outbox_and_send_a_test(office: Office, home: Path) -> None:
    ann, ada = join(office, "ann"), join(office, "ada", AccountRole.ADMIN)
    sent = office.mailing.send_test(ada)
    assert sent.to == "ada@example.org"
    (letter,) = letters(home)
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Muñoz, Nguyễn, 陳大文" in body.get_content()
    found = office.mailing.outbox(ada)
    assert (found.total, found.items[0].sent_at is not None) == (1, True)
    assert office.mailing.work() == 0
    with pytest.raises(MalformedBody):
        office.mailing.send_test(ada, "ann@example.org\r\nBcc: all@example.org")
    for refused in (lambda: office.mailing.outbox(ann), lambda: office.mailing.send_test(ann)):
        with pytest.raises(RoleRequired):
            refused()


def test_inbox_speaks_the_readers_language(office: Office) -> None:
    ann, bob = join(office, "ann"), join(office, "bob")
    tell(office, ann)
    (entry,) = office.notices.inbox_in(ann, "es").items
    assert entry.told.title == "Una pregunta sobre su solicitud"
    assert "Certificación" in entry.told.lines[0]
    assert entry.told.act == ("Abrir su solicitud", "/improver/requests/req_1")
    act(
        office,
        bob,
        lambda uow, me: office.notices.mark_read(uow, me, [entry.notice.notice_id]),
        registry=False,
    )
    assert office.notices.unread(ann) == 1


def test_letters_name_nobody_beside_their_reader(office: Office, home: Path) -> None:
    ann, ada = join(office, "ann"), join(office, "ada", AccountRole.ADMIN)
    act(
        office,
        ann,
        lambda uow, me: office.enrollment.request_issuer(
            uow, me, organization="Works of Ann", email="ann@example.org", credential_types=[DPW]
        ),
    )
    assert office.mailing.work() == 1
    (letter,) = letters(home)
    body = letter.get_body(("plain",))
    assert body is not None
    assert letter["To"] == "ada@example.org"
    assert "Somebody asks to be an issuer." in body.get_content()
    assert "Ann" not in body.get_content()
    # Whoever is signed in reads who it is; the notice itself holds the id alone.
    (entry,) = office.notices.inbox_in(ada, "en").items
    assert entry.told.lines == ("Ann asks to be an issuer.", "Organization: Works of Ann.")
    assert "Ann" not in str(dict(entry.notice.data))


def test_a_new_sign_in_is_told_with_its_moment(office: Office) -> None:
    ann = join(office, "ann")
    act(
        office,
        ann,
        lambda uow, _me: office.notices.tell(uow, NoticeKind.NEW_SIGN_IN, [ann.user_id], {"browser": "Firefox"}),
        registry=False,
    )
    (entry,) = office.notices.inbox_in(ann, "en").items
    assert "March 1, 2026" in entry.told.lines[0]
    assert entry.told.lines[1] == "With: Firefox."


def test_two_servers_send_each_letter_once(office: Office, clock: MovableClock) -> None:
    server = Server()
    people = [join(office, f"p{number}") for number in range(6)]
    for one in people:
        tell(office, one)
    head = LetterHead("Office", "https://office.example")
    desks = [MailingDesk(office.units, server, clock, head=head, default_locale="en") for _ in range(2)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        sent = sum(pool.map(lambda desk: desk.work() + desk.work(), desks))
    assert sent == len(people)
    assert sorted(mail.to for mail in server.taken) == sorted(f"p{number}@example.org" for number in range(6))
