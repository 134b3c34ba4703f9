"""Agent cards before the protocol's own package in Python: it reads them, lacks nothing, and takes their signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.dids import DIDKind, ServiceRecord
from sealwright.services.agents import NewAgent
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.resolving import resolved_from_record
from sealwright.vc.keys.jwk import public_jwk
from tests.interop.peer import Peer, PeerMissing, PeerRefused
from tests.interop.python_peer import start_python_peer
from tests.support import tools
from tests.support.desk import act, join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, furnish_bare
from tests.support.proving import Party

FOLDER: Final = Path(__file__).parent / "a2a_python"
AT: Final = "https://shopper.example/a2a"


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """Their package in a process and an environment of its own."""
    try:
        running = start_python_peer(FOLDER)
    except PeerMissing as error:
        tools.missing(str(error))
    yield running
    running.stop()


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, furnished: Furnished) -> Iterator[Office]:
    """An office with nobody's agents in it."""
    with furnished.open(sqlite_url, tmp_path / "home", MovableClock(), furnish_bare) as opened:
        yield opened


def card_of(office: Office, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The card of a new agent as it crosses the network, and the keys of its DID document by their ids."""
    ada = join(office, "ada")
    person = NewDID(kind=DIDKind.HUMAN, name="Ada Łukasiewicz")
    operator = act(office, ada, lambda uow, me: office.dids.create(uow, me, person)).did
    wish = NewAgent(name="Zoë’s shopper 🛒", operator=operator, **more)
    made = act(office, ada, lambda uow, me: office.delegations.agents.create(uow, me, wish)).record
    document = resolved_from_record(made).document
    keys = {name: document.method(name) for name in document.relationship("authentication")}
    jwks = {name: dict(public_jwk(method.public_key)) for name, method in keys.items() if method is not None}
    return json.loads(json.dumps(office.delegations.agents.card(made.did))), jwks


@pytest.mark.parametrize(
    ("proof_type", "algorithm"), [("Ed25519Signature2020", "Ed25519"), ("ecdsa-rdfc-2019", "P-256")]
)
def test_they_read_a_card_and_take_its_signature(peer: Peer, office: Office, proof_type: str, algorithm: str) -> None:
    card, keys = card_of(
        office,
        proof_types=(proof_type,),
        description="Buys groceries.\nOnce a week, for “10 €”.",
        model={"provider": "Example AI", "modelName": "basket-1"},
        capabilities=("purchase:groceries", "chat"),
        services=(ServiceRecord("#a2a", "A2A", AT), ServiceRecord("#rest", "A2A-REST", f"{AT}/rest")),
    )
    read = peer.ask("read", card=card)
    assert (read["card"], read["lacking"]) == (card, [])
    (named,) = peer.ask("verify", card=card, keys=keys)
    assert named == {"kid": next(iter(keys)), "jku": None}
    assert keys[named["kid"]]["crv"] == algorithm
    for changed in (
        {**card, "name": "Another"},
        {**card, "supportedInterfaces": [{**card["supportedInterfaces"][0], "url": "https://rogue.example"}]},
        {**card, "documentationUrl": "https://rogue.example"},
    ):
        with pytest.raises(PeerRefused, match="InvalidSignatures"):
            peer.ask("verify", card=changed, keys=keys)
    other = card_of_other(keys)
    with pytest.raises(PeerRefused, match="InvalidSignatures"):
        peer.ask("verify", card=card, keys=other)


def card_of_other(keys: dict[str, Any]) -> dict[str, Any]:
    """Somebody else's keys under the same names."""
    kinds = {"Ed25519": "Ed25519Signature2020", "P-256": "ecdsa-rdfc-2019"}
    return {name: dict(public_jwk(Party(77).method_for(kinds[jwk["crv"]]).public_key)) for name, jwk in keys.items()}


def test_an_agent_of_whom_little_is_said_has_a_whole_card(peer: Peer, office: Office) -> None:
    card, keys = card_of(office, services=(ServiceRecord("#a2a", "A2A", AT),))
    assert peer.ask("read", card=card)["lacking"] == []
    assert len(peer.ask("verify", card=card, keys=keys)) == 1


def test_an_agent_without_an_interface_is_none_to_them(peer: Peer, office: Office) -> None:
    """They drop the empty list before they check, and the protocol has it signed: as the page says."""
    card, keys = card_of(office)
    assert (card["supportedInterfaces"], len(card["signatures"])) == ([], 1)
    assert peer.ask("read", card=card)["lacking"] == ["supported_interfaces"]
    with pytest.raises(PeerRefused, match="InvalidSignatures"):
        peer.ask("verify", card=card, keys=keys)
