"""Public pages of credentials over the wire: what strangers see of them, and what stays hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealwright.domain.people import Actor, ActorKind, Caller
from tests.web.conftest import NO_LIMITS, Served, serve
from tests.web.page_client import PageVisitor, text_of
from tests.web.test_panel_verify import VALID, bring, verdict_of


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("shared"), **NO_LIMITS) as one:
        yield one


@pytest.fixture
def nobody(served: Served) -> PageVisitor:
    return PageVisitor(served)


def shared_path(served: Served, credential_id: str, *shown: str, is_listed: bool = False) -> str:
    """Switch a page on as its holder, who proved the DID; gives its path."""
    sharing = served.office.sharing
    with served.office.units() as uow:
        record = uow.credentials.get(credential_id)
        assert record is not None
        person = uow.people.by_email("somebody@example.org")
        assert person is not None
        person = replace(person, dids=(record.holder_did,))
        holder = Caller(Actor(ActorKind.USER, person.user_id, "session"), 0, person=person)
        sharing.switch(uow, holder, credential_id, is_on=bool(shown), shown=shown, is_listed=is_listed)
        address = sharing.address(uow, record)
        uow.commit()
    return address.removeprefix(served.office.public_url)


def test_a_page_tells_the_verdict_and_chosen_claims_alone(served: Served, nobody: PageVisitor) -> None:
    credential_id = served.issue()["credential"]["id"]
    path = shared_path(served, credential_id)
    page = nobody.get(path)
    assert verdict_of(page) == VALID
    said = text_of(page)
    assert "University degree credential" in said
    assert "Its holder shows none of its claims here." in said
    assert "Degree, university" not in said
    assert "holder001" not in page.body.decode()
    assert page.headers["x-robots-tag"] == "noindex"
    assert nobody.cookies == {}
    shared_path(served, credential_id, "/degree/gpa")
    said = text_of(nobody.get(path.lower()))
    assert "Degree, gpa 3.8" in said
    assert "Its holder keeps the other claims to themselves." in said
    assert "Degree, university" not in said
    shared_path(served, credential_id, "/degree/gpa", is_listed=True)
    assert "x-robots-tag" not in nobody.get(path).headers
    report = nobody.get(f"{path}/report")
    assert report.headers["content-disposition"].startswith("attachment")
    told = report.json()
    assert (told["verdict"], told["verified"], told["holderDid"]) == ("valid", True, None)
    assert "holder001" not in report.body.decode()


def test_links_of_ours_lead_to_the_page(served: Served) -> None:
    issued = served.issue()["credential"]
    path = shared_path(served, issued["id"])
    found = bring(served, text=f" http://127.0.0.1:8000{path}?utm=1#x ")
    assert (found.status, found.headers["location"]) == (303, path)
    for address in (f"/api/v1/credentials/{issued['id']}/document", f"/improver/credentials/{issued['id']}/document"):
        page = bring(served, text=f"http://127.0.0.1:8000{address}")
        assert verdict_of(page) == VALID
        assert "Degree, university" not in text_of(page)
        assert "holder001" not in page.body.decode()


def test_unknown_and_impossible_addresses_look_alike(nobody: PageVisitor) -> None:
    answers = [nobody.get(f"/v/{guess}") for guess in ("A" * 26, "x", "A" * 300, "%00", "..%2f..")]
    assert {answer.status for answer in answers} == {404}
    assert len({text_of(answer).partition("Request")[0] for answer in answers}) == 1


def test_nothing_of_an_erased_credential_is_told(
    served: Served, nobody: PageVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shared_path(served, served.issue()["credential"]["id"], "/degree/gpa")
    sharing = served.office.sharing
    found = sharing.open(path.rpartition("/")[2])
    erased = replace(found, record=replace(found.record, document=None))
    monkeypatch.setattr(type(sharing), "open", lambda _self, _short: erased)
    page = nobody.get(path)
    assert page.status == 410
    assert "The document is gone" in text_of(page)
    assert "3.8" not in text_of(page)
    assert nobody.get(f"{path}/report").status == 410


def test_a_link_names_a_credential_without_a_type_as_the_public_page_does(served: Served, nobody: PageVisitor) -> None:
    made = served.issue(delivery={"channel": "token", "binding": "bearer"})
    nobody.post("/claim", {"token": made["offer"]["token"]})
    assert "University degree credential" in text_of(nobody.get("/claim"))
