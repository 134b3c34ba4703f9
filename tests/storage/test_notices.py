"""Inboxes, choices and the outbox on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.notices import Mail, Notice, NoticeKind, NoticeMode
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.mails import pause_after
from tests.storage.builders import NOW

MINUTE = timedelta(minutes=1)


def notice(name: str, minutes: int = 0, **changes: object) -> Notice:
    usual = Notice(
        f"ntc_{name}", "usr_ada", NoticeKind.APPROVED, NOW + minutes * MINUTE, {"request_id": "req_one", "why": "ñ"}
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def mail(name: str, minutes: int = 0) -> Mail:
    at = NOW + minutes * MINUTE
    return Mail(f"mal_{name}", "usr_ada", "ada@example.org", "approved", "es", "Hola", "texto", "<p>texto</p>", at)


def test_an_inbox_is_newest_first_and_counts_the_unread(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.notices.add_many([notice("a"), notice("b", 1), notice("c", 2), notice("x", user_id="usr_bob")])
        uow.notices.add_many([])
        assert uow.notices.mark_read("usr_ada", ["ntc_b", "ntc_x"], NOW + 5 * MINUTE) == 1
        uow.commit()
    with units() as uow:
        page = uow.notices.list("usr_ada", page=1, count=2)
        assert page.items == (notice("c", 2), notice("b", 1, read_at=NOW + 5 * MINUTE))
        assert (page.total, page.page, page.count) == (3, 1, 2)
        assert uow.notices.list("usr_ada", page=2, count=2).items == (notice("a"),)
        unread = uow.notices.list("usr_ada", page=1, count=10, unread=True)
        assert ([one.notice_id for one in unread.items], unread.total) == (["ntc_c", "ntc_a"], 2)
        assert uow.notices.unread("usr_ada") == 2
        assert uow.notices.mark_read("usr_ada", None, NOW) == 2
        assert uow.notices.unread("usr_ada") == 0


def test_due_notices_are_given_until_they_are_mailed(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.notices.add_many([notice("a", mail_due_at=NOW + MINUTE), notice("b", mail_due_at=NOW), notice("c")])
        assert [one.notice_id for one in uow.notices.due(NOW, 10)] == ["ntc_b"]
        assert [one.notice_id for one in uow.notices.due(NOW + MINUTE, 10)] == ["ntc_b", "ntc_a"]
        uow.notices.mailed(["ntc_b"])
        uow.notices.mailed([])
        assert [one.notice_id for one in uow.notices.due(NOW + MINUTE, 10)] == ["ntc_a"]


def test_withdraw_takes_back_what_has_not_left(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.notices.add_many(
            [
                notice("waits", mail_due_at=NOW),
                notice("mailed", mail_due_at=NOW),
                notice("read", read_at=NOW),
                notice("unread"),
                notice("grant", data={"grant_id": "req_one"}),
                notice("other_kind", kind=NoticeKind.REJECTED),
                notice("other_request", data={"request_id": "req_two"}),
            ]
        )
        uow.notices.mailed(["ntc_mailed"])
        assert uow.notices.withdraw(about="req_one", kinds={NoticeKind.APPROVED}) == 3
        left = uow.notices.list("usr_ada", page=1, count=10).items
        names = {"ntc_mailed", "ntc_read", "ntc_other_kind", "ntc_other_request"}
        assert {one.notice_id for one in left} == names


def test_modes_are_chosen_by_kind(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.notices.put_mode("usr_ada", NoticeKind.APPROVED, NoticeMode.DAILY)
        assert uow.notices.put_mode("usr_ada", NoticeKind.APPROVED, NoticeMode.OFF)
        assert not uow.notices.put_mode("usr_ada", NoticeKind.APPROVED, NoticeMode.OFF)
        assert uow.notices.put_mode("usr_ada", NoticeKind.REVOKED, NoticeMode.AT_ONCE)
        assert uow.notices.modes("usr_ada") == {
            NoticeKind.APPROVED: NoticeMode.OFF,
            NoticeKind.REVOKED: NoticeMode.AT_ONCE,
        }
        assert uow.notices.modes("usr_bob") == {}
        uow.notices.put_mode("usr_eve", NoticeKind.APPROVED, NoticeMode.DAILY)
        uow.notices.put_mode("usr_fay", NoticeKind.APPROVED, NoticeMode.DAILY)
        asked = ("usr_ada", "usr_bob", "usr_eve")
        assert uow.notices.modes_of_many(asked, NoticeKind.APPROVED) == {
            "usr_ada": NoticeMode.OFF,
            "usr_eve": NoticeMode.DAILY,
        }
        assert uow.notices.modes_of_many((), NoticeKind.APPROVED) == {}


def test_the_outbox_tries_again_after_growing_pauses(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.notices.add_mail(mail("a"))
        uow.notices.add_mail(mail("b", 1))
        assert uow.notices.unsent(NOW, 10) == (mail("a"),)
        uow.notices.failed("mal_a", NOW)
        assert uow.notices.unsent(NOW + timedelta(seconds=59), 10) == ()
        again = replace(mail("a"), attempts=1)
        assert uow.notices.unsent(NOW + MINUTE, 10) == (again, mail("b", 1))
        uow.notices.sent("mal_b", NOW + MINUTE)
        assert uow.notices.unsent(NOW + MINUTE, 10) == (again,)
        uow.commit()
    with units(write=False) as uow:
        page = uow.notices.mails(page=1, count=1)
        assert page.items == (replace(mail("b", 1), sent_at=NOW + MINUTE),)
        assert page.total == 2


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (500, 360)])
def test_pauses_double_up_to_six_hours(attempts: int, minutes: int) -> None:
    assert pause_after(attempts) == minutes * MINUTE
