"""Who may see an uploaded file, and under which name it is offered for saving."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller, Person, UserId
from sealwright.domain.requests import CredentialRequest, Evidence, RequestState
from sealwright.services.attachments import _may_see, shown_name
from sealwright.services.desk_ports import Attachment
from tests.support.work import STREET_REPAIR, open_instance

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FILE = Attachment("att_1", "usr_ana", "a.png", "image/png", "00", b"", NOW)
STREET = replace(open_instance(STREET_REPAIR), proposer_id="usr_pro")
OTHER = Attachment("att_2", "usr_ana", "b.png", "image/png", "00", b"", NOW)


def caller(user_id: str, *roles: AccountRole, scopes: tuple[str, ...] = ()) -> Caller:
    person = Person(UserId(user_id), "x@example.org", True, "X", frozenset(roles), NOW, scopes=scopes)
    return Caller(Actor(ActorKind.USER, user_id, "token"), 1, person=person)


def units(credential_type: str = "dpw_certified") -> Any:
    request = CredentialRequest(
        "req_1", "usr_ana", credential_type, RequestState.PENDING, NOW, NOW, NOW, evidence=(Evidence("att_1", "a.png"),)
    )
    return SimpleNamespace(
        requests=SimpleNamespace(of_person=lambda user_id: (request,)),
        grants=SimpleNamespace(active_types=lambda user_id, now: frozenset()),
        claims=SimpleNamespace(pictures_of=lambda user_id: {"att_2": ("wfl_1",)}),
        workflows=SimpleNamespace(get_many=lambda ids: dict.fromkeys(ids, STREET)),
    )


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (caller("usr_ana"), True),
        (caller("usr_eve"), False),
        (caller("usr_eve", AccountRole.IMPROVER), False),
        (caller("usr_rev", AccountRole.ISSUER, scopes=("dpw_certified",)), True),
        (caller("usr_rev", AccountRole.ISSUER, scopes=("sfluv_verifier",)), False),
        (caller("usr_rev", scopes=("dpw_certified",)), False),
        (caller("usr_boss", AccountRole.ADMIN), True),
        (Caller(Actor(ActorKind.API_KEY, "key_1", "api_key"), 1), False),
    ],
)
def test_reviewers_see_the_evidence_of_requests_in_their_scope(who: Caller, sees: bool) -> None:
    assert _may_see(units(), who, FILE, NOW) is sees


def test_reviewers_see_no_other_file_of_the_requester() -> None:
    reviewer = caller("usr_rev", AccountRole.ISSUER, scopes=("dpw_certified",))
    assert not _may_see(units(), reviewer, OTHER, NOW)


def test_a_picture_that_was_handed_in_is_seen_by_those_who_read_the_work() -> None:
    assert _may_see(units(), caller("usr_pro"), OTHER, NOW)
    assert not _may_see(units(), caller("usr_pro"), FILE, NOW)
    assert not _may_see(units(), caller("usr_eve", AccountRole.IMPROVER), OTHER, NOW)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("photo.PNG", "photo.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\work\\a.png", "a.png"),
        ("evil.html", "evil.html.png"),
        ('a"b\r\nc.png', "abc.png"),
        ("...", "file.png"),
        ("", "file.png"),
        ("\u202egnp.exe", "gnp.exe.png"),
        ("é" * 300, "é" * 196 + ".png"),
    ],
)
def test_name_is_plain_and_ends_as_its_content_does(given: str, shown: str) -> None:
    assert shown_name(given, "image/png") == shown
