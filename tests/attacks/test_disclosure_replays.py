"""Genuine parts do not fit together anew: replays, other holders, more or less shown than proved, what was revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from sealwright.domain.credentials import ReasonCode
from sealwright.web.app import build_app
from tests.support.attacking import Tally, tally
from tests.support.desk import act
from tests.support.disclosure_world import (
    BBS,
    CHALLENGE,
    DOMAIN,
    ECDSA,
    ECDSA_SD,
    LEGACY,
    NONCE,
    PARTIAL,
    DisclosureWorld,
    disclosure_world,
    document_of,
)
from tests.support.json_attacks import Altered, altered_documents
from tests.support.office import the_operator
from tests.support.replays import (
    Replay,
    always_shown,
    replays_of_derived,
    replays_of_presentation,
    replays_of_sd_jwt,
)
from tests.support.token_attacks import altered_tokens
from tests.support.value_attacks import altered_values
from tests.web.client import Client

# Every so many of the alterations go over HTTP as well.
_OVER_HTTP: Final = 20
SHOWN: Final = (LEGACY, f"{LEGACY} derived", f"{BBS} derived", f"{ECDSA_SD} derived", ECDSA)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisclosureWorld]:
    with disclosure_world(tmp_path_factory.mktemp("replays")) as made:
        yield made


def shown(world: DisclosureWorld, name: str) -> dict[str, Any]:
    suite, _, part = name.partition(" ")
    base = world.base(suite)
    return world.derive(base) if part else base


def run(replays: Iterable[Replay]) -> Tally:
    """The same count as for alterations, of attacks that bring their own judge."""
    return tally((Altered(one.label, one.judge) for one in replays), lambda judge: judge())  # type: ignore[operator]


@pytest.mark.parametrize("suite", PARTIAL)
def test_no_more_and_no_less_is_shown_than_was_proved(world: DisclosureWorld, suite: str) -> None:
    derived = world.derive(world.base(suite))
    bound = {} if suite == ECDSA_SD else {"nonce": NONCE}
    assert world.judge(derived, expected_holder=world.holder.did, **bound)
    assert {"/credentialStatus", "/credentialSchema", "/issuer", "/id", "/type"} <= always_shown(derived)
    found = run(replays_of_derived(world, suite))
    assert found.is_clean, found
    assert found.tried >= 35


@pytest.mark.parametrize("name", SHOWN)
def test_presentation_is_not_taken_again_nor_from_others(world: DisclosureWorld, name: str) -> None:
    credential = shown(world, name)
    report = world.judge_presentation(world.present(credential))
    assert report, report.presentation.failures
    found = run(replays_of_presentation(world, credential))
    assert found.is_clean, found
    assert found.tried >= 20


def test_key_binding_is_not_taken_again_nor_from_others(world: DisclosureWorld) -> None:
    found = run(replays_of_sd_jwt(world))
    assert found.is_clean, found
    assert found.tried >= 9


@pytest.mark.parametrize("suite", [BBS, ECDSA_SD])
def test_base_proof_is_not_taken_from_a_holder(world: DisclosureWorld, suite: str) -> None:
    base = world.base(suite)
    assert not world.judge(base)
    assert not world.judge_presentation(world.present(base))


@pytest.mark.parametrize("name", SHOWN)
def test_alterations_of_a_presentation_are_refused(world: DisclosureWorld, name: str) -> None:
    presented = world.present(shown(world, name))
    attacks = [
        one
        for one in [*altered_documents(presented, name), *altered_values(presented, name)]
        # What stands deeper in the credential is altered by itself elsewhere.
        if one.label.count("/") < 5 or "/proof" in one.label
    ]
    found = tally(attacks, world.judge_presentation)
    assert found.is_clean, found
    assert found.tried >= 900, found.tried


Move = Callable[[DisclosureWorld, str], object]


def _revoke(world: DisclosureWorld, credential_id: str) -> object:
    office = world.office
    return act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.revoke(uow, me, credential_id, "test", ReasonCode.UNSPECIFIED),
        registry=False,
    )


def _suspend(world: DisclosureWorld, credential_id: str) -> object:
    office = world.office
    return act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.suspend(uow, me, credential_id, "test", ReasonCode.UNSPECIFIED),
        registry=False,
    )


@pytest.mark.parametrize(("move", "check"), [(_revoke, "revocation"), (_suspend, "suspension")])
@pytest.mark.parametrize("suite", [*PARTIAL, ECDSA])
def test_status_of_the_base_credential_is_that_of_all_its_parts(
    world: DisclosureWorld, suite: str, move: Move, check: str
) -> None:
    record = world.issue(suite)
    base = document_of(record)
    part = world.derive(base) if suite in PARTIAL else base
    presented = world.present(part)
    assert world.judge(part)
    assert world.judge_presentation(presented)
    move(world, record.credential_id)
    report = world.judge(part)
    assert [one.name for one in report.failures] == [check]
    assert not world.judge_presentation(presented)
    # Nor is what is derived of it from now on.
    assert not world.judge(world.derive(base, ("/credentialSubject/degree/gpa",)) if suite in PARTIAL else base)


@pytest.mark.parametrize("suite", PARTIAL)
def test_end_of_the_base_credential_is_that_of_all_its_parts(
    suite: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with disclosure_world(tmp_path_factory.mktemp("ended")) as world:
        end = world.clock.now() + timedelta(days=1)
        part = world.derive(world.base(suite, expiration=end))
        world.clock.move(hours=23)
        presented = world.present(part)
        assert world.judge_presentation(presented)
        world.clock.move(hours=2)
        assert [one.name for one in world.judge(part).failures] == ["expiration"]
        assert not world.judge_presentation(presented)


def test_key_binding_grows_old(tmp_path_factory: pytest.TempPathFactory) -> None:
    with disclosure_world(tmp_path_factory.mktemp("aged")) as world:
        text = world.bind(world.sd_jwt()[1])
        assert world.judge_bound(text)
        world.clock.move(minutes=12)
        assert not world.judge_bound(text)


def test_presentation_ends_when_it_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    with disclosure_world(tmp_path_factory.mktemp("brief")) as world:
        presented = world.present(world.base(ECDSA), expires=world.clock.now() + timedelta(minutes=5))
        assert world.judge_presentation(presented)
        world.clock.move(minutes=7)
        assert next(one.name for one in world.judge_presentation(presented).presentation.failures) == "proof"


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_altered_is_accepted_over_http(world: DisclosureWorld, name: str) -> None:
    document = shown(world, name)
    presented = world.present(document)
    bodies = [
        ("/api/v1/credentials/verify", {"credential": one.document})
        for one in [*altered_documents(document, name), *altered_values(document, name)]
        if one.kept is None
    ] + [
        (
            "/api/v1/presentations/verify",
            {"presentation": one.document, "options": {"challenge": CHALLENGE, "domain": DOMAIN}},
        )
        for one in altered_documents(presented, name)
        if one.kept is None
    ]
    with Client(build_app(world.office, on_startup=[], on_shutdown=[])) as client:
        sound = client.call("POST", "/api/v1/credentials/verify", {"credential": document})
        assert sound.json()["verified"] is True, sound.body
        for address, body in bodies[::_OVER_HTTP]:
            answer = client.call("POST", address, body)
            assert answer.status in (200, 400, 413, 422), (answer.status, answer.body)
            if answer.status == 200:
                assert answer.json()["verified"] is False, body
            else:
                assert answer.code, answer.body


def test_no_altered_sd_jwt_is_accepted_over_http(world: DisclosureWorld) -> None:
    text = world.bind(world.sd_jwt()[1])
    options = {"challenge": CHALLENGE, "domain": DOMAIN}
    with Client(build_app(world.office, on_startup=[], on_shutdown=[])) as client:
        sound = client.call("POST", "/api/v1/credentials/verify", {"credential": text, "options": options})
        assert sound.json()["verified"] is True, sound.body
        for attack in list(altered_tokens(text, "HTTP"))[::_OVER_HTTP]:
            body = {"credential": attack.document, "options": options}
            answer = client.call("POST", "/api/v1/credentials/verify", body)
            assert answer.status in (200, 400, 422), (attack.label, answer.body)
            assert answer.status != 200 or answer.json()["verified"] is False, attack.label
