"""A whole review desk behind its door: people of every role, two credential types, short ways to the usual calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sealwright.domain.people import AccountRole
from sealwright.services.founding import found
from sealwright.services.people import NewPerson
from tests.support.office import ISSUER, the_operator
from tests.web.client import Answer
from tests.web.conftest import Served, key_for, token_for

DPW: Final = "dpw_certified"
SFLUV: Final = "sfluv_verifier"
WALLET: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

_PEOPLE: Final[dict[str, tuple[frozenset[AccountRole], tuple[str, ...]]]] = {
    "admin": (frozenset({AccountRole.ADMIN}), ()),
    "issuer": (frozenset({AccountRole.ISSUER}), (DPW,)),
    "colleague": (frozenset({AccountRole.ISSUER}), (DPW,)),
    "outsider": (frozenset({AccountRole.ISSUER}), (SFLUV,)),
    "both": (frozenset({AccountRole.ISSUER, AccountRole.IMPROVER}), (DPW, SFLUV)),
    "improver": (frozenset({AccountRole.IMPROVER}), ()),
    "proposer": (frozenset({AccountRole.PROPOSER}), ()),
    "voter": (frozenset({AccountRole.VOTER}), ()),
    "plain": (frozenset(), ()),
}


@dataclass
class Desk:
    """An office with a founded catalog. People are named; their ids and tokens are looked up here."""

    served: Served
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str | None] = field(default_factory=lambda: {"anonymous": None})

    def call(self, who: str, method: str, path: str, body: object = None, **options: Any) -> Answer:
        """Make one call as somebody."""
        return self.served.client.call(method, path, body, token=self.tokens[who], **options)

    def done(self, who: str, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The body of a call that has to succeed."""
        answer = self.call(who, method, path, body, **options)
        assert answer.status in {200, 201}, (answer.status, answer.body)
        return answer.json()

    def add(
        self, name: str, *roles: AccountRole, scopes: tuple[str, ...] = (), verified: bool = True, **more: Any
    ) -> str:
        """Give somebody an account and a token."""
        office = self.served.office
        wish = NewPerson(
            email=f"{name}@example.org",
            display_name=name.title(),
            roles=frozenset(roles),
            verified=verified,
            scopes=scopes,
            **more,
        )
        person = office.acts.run(
            the_operator(office), lambda uow, me: office.people.create(uow, me, wish), changes_registry=True
        )
        self.ids[name] = str(person.user_id)
        self.tokens[name] = token_for(office, person.user_id)
        return str(person.user_id)

    def improver(self, name: str, **more: Any) -> str:
        """Another approved improver."""
        return self.add(name, AccountRole.IMPROVER, **more)

    def request(self, who: str, credential_type: str = DPW, **more: Any) -> Any:
        """Ask for a credential; gives the request."""
        return self.done(who, "POST", "/improvers/credential-requests", {"credential_type": credential_type, **more})

    def decide(self, who: str, request_id: str, status: str = "approved", **more: Any) -> Answer:
        """Decide a request."""
        body = {"status": status, **({"note": "n"} if status != "approved" else {}), **more}
        return self.call(who, "POST", f"/issuers/credential-requests/{request_id}/decision", body)

    def approved(self, who: str, name: str, credential_type: str = DPW) -> Any:
        """A new improver's request, approved by somebody; gives the answer."""
        self.improver(name)
        answer = self.decide(who, self.request(name, credential_type)["id"])
        assert answer.status == 200, answer.body
        return answer.json()

    def granted(self, who: str, name: str, credential_type: str = DPW) -> Any:
        """A new improver's direct grant; gives the answer."""
        body = {"user_id": self.improver(name), "credential_type": credential_type}
        return self.done(who, "POST", "/issuers/credentials", body)


def furnish_desk(served: Served) -> Desk:
    """Found the catalog and let everybody in."""
    office = served.office
    found(office, the_operator(office), organization="Test Office")
    desk = Desk(served)
    for name, (roles, scopes) in _PEOPLE.items():
        desk.add(f"desk-{name}", *roles, scopes=scopes)
        desk.ids[name], desk.tokens[name] = desk.ids.pop(f"desk-{name}"), desk.tokens.pop(f"desk-{name}")
    desk.tokens["key"] = key_for(office, ISSUER)
    return desk


def fresh(desk: Desk) -> str:
    """A new improver's name."""
    name = f"someone{len(desk.ids)}"
    desk.improver(name)
    return name
