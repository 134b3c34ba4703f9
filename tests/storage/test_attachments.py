"""Uploaded files and saved views on both databases."""

from __future__ import annotations

from dataclasses import replace

from sealwright.services.desk_ports import Attachment, SavedView
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW


def file(name: str) -> Attachment:
    return Attachment(f"att_{name}", "usr_ada", f"{name}.pdf", "application/pdf", "ab" * 32, b"%PDF\x00\xff", NOW)


def view(title: str, **changes: object) -> SavedView:
    usual = SavedView(f"vew_{title}", "usr_ada", title, "status=pending", pinned=True, is_default=False)
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_files_come_back_and_are_described_in_order(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.attachments.add(file("a"))
        uow.attachments.add(file("b"))
        uow.commit()
    with units(write=False) as uow:
        assert uow.attachments.get("att_a") == file("a")
        assert uow.attachments.get("att_none") is None
        described = uow.attachments.describe(["att_b", "att_none", "att_a"])
        assert described == (replace(file("b"), content=b""), replace(file("a"), content=b""))
        assert uow.attachments.describe([]) == ()


def test_views_are_a_persons_own_with_one_default(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.saved_views.put(view("old", is_default=True))
        uow.saved_views.put(view("new", is_default=True))
        uow.saved_views.put(view("new", is_default=True, query="status=all", pinned=False))
        uow.saved_views.put(view("new", user_id="usr_bob", name="stolen"))
        assert uow.saved_views.of_person("usr_ada") == (
            view("new", is_default=True, query="status=all", pinned=False),
            view("old"),
        )
        assert uow.saved_views.of_person("usr_bob") == ()
        assert uow.saved_views.delete("usr_bob", "vew_old") is False
        assert uow.saved_views.delete("usr_ada", "vew_old") is True
        assert len(uow.saved_views.of_person("usr_ada")) == 1
