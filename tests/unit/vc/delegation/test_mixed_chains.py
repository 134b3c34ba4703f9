"""Chains whose hops have different forms: JSON with a proof, JWT, SD-JWT VC; and what a holder could keep back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest

from sealwright.services.catalog_builtin import AGENT_DELEGATION
from sealwright.vc.delegation.chain import ChainReport, verify_chain
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import StatusListUnreadable
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.key_binding import Occasion, binding_input
from sealwright.vc.proofs.sd_jwt import Claims, Hidden, combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt, present
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from sealwright.vc.status.token_list import encode_token_list
from sealwright.vc.verification.delegation_checks import ChainSource
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sd_jwt_credential import KnownType, SdJwtRules, verify_sd_jwt_credential
from sealwright.vc.verification.sources import ANY_ISSUER
from tests.support.chains import ENDS, LIMITS, NOW, OFFICE, SCOPE, SUITES, ChainWorld, Somebody

VCT: Final = f"{OFFICE}/vct/agent-delegation"
LIST: Final = f"{OFFICE}/status/tokens"
ACCEPTED: Final = (*SUITES, "EdDSA")
HOPS: Final = 3
FORMS: Final = ("json", "jwt", "sd-jwt")
Path = tuple[str | int, ...]


class MixedWorld(ChainWorld):
    """Chains in which each hop has the form that is wanted; it knows their type, and a token list for each."""

    def __init__(self) -> None:
        super().__init__(6)
        self.entries: dict[str, int] = {}
        """By the address of a token list: the value of its entry 0; 0 where nothing was set."""

    def knows(self, vct: str) -> bool:
        """As a source of types."""
        return vct == VCT

    def type_at(self, vct: str, credential_id: str | None) -> KnownType | None:
        """As a source of types; the schema is another's concern here."""
        assert (vct, credential_id is None) == (VCT, False)
        schema = self.schema_for(AGENT_DELEGATION)
        assert schema is not None
        return KnownType(("AgentDelegationCredential",), schema)

    def speaks_for(self, issuer: str, address: str) -> bool | None:
        """As the office's own issuers: there are none."""
        assert issuer
        assert address
        return None

    def fetch_token(self, url: str) -> str:
        """As a source of token lists, one for each credential."""
        if not url.startswith(LIST):
            raise StatusListUnreadable("This list is not here.")
        issuer = self.parties[int(url.rpartition("/")[2]) % 10]
        now = int(NOW.timestamp())
        entries = bytes([self.entries.get(url, 0)])
        payload: dict[str, Any] = {"iss": issuer.did, "sub": url, "iat": now - 60, "exp": now + 600}
        payload["status_list"] = {"bits": 2, "lst": encode_token_list(entries)}
        return _signed(issuer, "statuslist+jwt", payload)

    def check(self, document: object, *, above: Sequence[object] | None = None, **changes: Any) -> VerificationReport:
        """Verify one hop of any form; with the chain above it where that is given."""
        if not (isinstance(document, str) and "~" in document):
            more = {"above": lambda _: above} if above is not None else {}
            return self.verify(document, accepted_suites=ACCEPTED, **more, **changes)
        rules: dict[str, Any] = {
            "resolver": self,
            "accepted": ACCEPTED,
            "trusted_issuers": ANY_ISSUER,
            "own": self,
            "statuses": self,
            "types": self,
            "now": NOW,
        }
        if above is not None:
            may = changes.pop("root_may", None)
            rules["chain"] = lambda: ChainSource(lambda _: above, may, self.check, NOW)
        return verify_sd_jwt_credential(document, SdJwtRules(**{**rules, **changes}))

    def check_chain(self, chain: Sequence[object]) -> ChainReport:
        """Verify a chain to its last delegate."""
        agent = self.parties[len(chain)].did
        return verify_chain(agent, chain, verify=self.check, root_may=lambda _: None, now=NOW)

    def claims(self, hop: int, **changes: Any) -> dict[str, Any]:
        """What a hop of a sound chain says; None leaves a claim out."""
        claims: dict[str, Any] = {
            "delegator": self.parties[hop].did,
            "delegate": self.parties[hop + 1].did,
            "scope": [*SCOPE],
            "constraints": dict(LIMITS),
            "maxDepth": HOPS - 1 - hop,
            "parent": name_of(hop - 1) if hop else None,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sd_jwt(
        self, hop: int, *, by: int | None = None, payload: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A hop as SD-JWT VC: every claim of it, and all inside, can be shown by itself."""
        signer = self.parties[hop if by is None else by]
        parts = SdJwtVcParts(
            issuer=signer.did,
            vct=VCT,
            claims=self.claims(hop, **claims),
            holder_key=self.parties[hop + 1].method.public_key,
            issued_at=NOW - timedelta(hours=1),
            subject=self.parties[hop + 1].did,
            credential_id=name_of(hop),
            expires_at=ENDS,
            status=(f"{LIST}/{hop}", 0),
        )
        made = conceal({**sd_jwt_vc_claims(parts), **(payload or {})})
        return combined(_signed(signer, "dc+sd-jwt", made.payload), made.disclosures)

    def hop(self, hop: int, form: str, **claims: Any) -> Any:
        """A hop in one of the forms."""
        if form == "sd-jwt":
            return self.sd_jwt(hop, **claims)
        suite = SUITES[0] if form == "json" else "eddsa-rdfc-2022"
        unsigned = self.unsigned(hop, hop + 1, self.claims(hop, **claims), suite, credential_id=name_of(hop))
        if form == "json":
            return self.sign(unsigned, self.parties[hop], suite)
        return _signed(self.parties[hop], "vc+jwt", unsigned)


def name_of(hop: int) -> str:
    """The credential id of a hop."""
    return UUID(int=77 + hop).urn


def _signed(party: Somebody, kind: str, payload: Mapping[str, JSONValue]) -> str:
    data = signing_input({"alg": "EdDSA", "typ": kind, "kid": party.method.id}, payload)
    return sealed(data, party.signer.sign(data))


@pytest.fixture(scope="module")
def world() -> MixedWorld:
    return MixedWorld()


@cache
def sound() -> tuple[MixedWorld, list[list[Any]]]:
    """A world, and its sound hops in each form."""
    made = MixedWorld()
    return made, [[made.hop(hop, form) for form in FORMS] for hop in range(HOPS)]


@pytest.mark.parametrize("forms", [*product(range(len(FORMS)), repeat=HOPS)], ids=str)
def test_a_chain_may_hold_hops_of_every_form(forms: tuple[int, ...]) -> None:
    world, hops = sound()
    chain = [hops[hop][form] for hop, form in enumerate(forms)]
    report = world.check_chain(chain)
    assert report, report.hops
    assert [terms.credential_id for terms in report.terms] == [name_of(hop) for hop in range(HOPS)]
    *above, last = chain
    alone = world.check(last, above=above)
    # What is looked at as a document takes SD-JWTs above it where its verifier does, which offices keep none of.
    can_be_read = forms[-1] == FORMS.index("sd-jwt") or FORMS.index("sd-jwt") not in forms
    assert bool(alone) is alone.check("delegation").has_passed is can_be_read, alone.failures


WIDER: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "scope": ({"scope": ["purchase:*"]}, "DELEGATION_SCOPE_WIDENED"),
    "limit": ({"constraints": {**LIMITS, "maxSpendPerDay": 100}}, "DELEGATION_CONSTRAINT_LOOSENED"),
    "limit left out by its issuer": ({"constraints": None}, "DELEGATION_CONSTRAINT_LOOSENED"),
    "depth": ({"maxDepth": 2}, "DELEGATION_DEPTH_EXCEEDED"),
    "end": ({"payload": {"exp": int(ENDS.timestamp()) + 1}}, "DELEGATION_EXPIRY_EXCEEDED"),
    "no end": ({"payload": {"exp": Hidden(1)}}, "DELEGATION_PROOF_INVALID"),
    "parent of another chain": ({"parent": UUID(int=5).urn}, "DELEGATION_INVALID"),
    "no parent": ({"parent": None}, "DELEGATION_INVALID"),
    "somebody else's delegation": ({"by": 4}, "DELEGATION_INVALID"),
    "delegate that is not the subject": ({"payload": {"sub": name_of(9)}}, "DELEGATION_INVALID"),
    "hidden subject": ({"payload": {"sub": Hidden(name_of(9))}}, "DELEGATION_INVALID"),
    "truth for a number": ({"maxDepth": True}, "DELEGATION_INVALID"),
}


@pytest.mark.parametrize("case", WIDER)
def test_an_sd_jwt_hop_is_held_to_the_one_above_it(case: str) -> None:
    world, hops = sound()
    changes, code = WIDER[case]
    for above in hops[0]:
        report = world.check_chain([above, world.sd_jwt(1, **changes), hops[2][0]])
        assert code in report.hops[1].codes, report.hops
        assert not report.terms
    alone = world.check(world.sd_jwt(1, **changes), above=[hops[0][0]], root_may=lambda _: False)
    assert not alone


def _paths(value: object, path: Path = ()) -> list[Path]:
    here = [path] if path else []
    if isinstance(value, dict):
        return here + [one for name, member in value.items() for one in _paths(member, (*path, name))]
    if isinstance(value, list):
        return here + [one for index, item in enumerate(value) for one in _paths(item, (*path, index))]
    return here


def test_nothing_that_a_holder_leaves_out_counts_as_absent() -> None:
    world, hops = sound()
    whole = world.sd_jwt(1)
    paths = _paths(world.claims(1))
    assert len(paths) == len(open_sd_jwt(whole).disclosures) == 15
    for left_out in paths:
        part = present(whole, lambda path, left_out=left_out: path[: len(left_out)] != left_out)
        report = world.check_chain([hops[0][0], part, hops[2][0]])
        assert report.hops[1].codes, left_out
        assert (report.hops[0].valid, report.terms) == (True, ())
        alone = world.check(part, above=[hops[0][0]])
        assert not alone, left_out
        assert alone.delegation is None
        # Left out at the root it is no wider either, though there is nothing above to be compared with.
        root = present(world.sd_jwt(0), lambda path, left_out=left_out: path[: len(left_out)] != left_out)
        if left_out != ("parent",):
            assert not world.check(root, above=[])


def test_a_limit_in_a_disclosure_that_nobody_shows_is_no_limit_less() -> None:
    """The name of a limit alone, an item alone, or all of the constraints, concealed by their issuer and kept back."""
    world, _ = sound()
    claims = world.claims(0)
    concealed: tuple[dict[str, Claims], ...] = (
        {"constraints": {"maxSpendPerDay": Hidden(1)}},
        {"scope": ["a", Hidden("b")]},
        {"constraints": Hidden({})},
        {"parent": Hidden(name_of(9))},
        {"extra": {"deep": [{"deeper": Hidden(1)}]}},
    )
    for part in concealed:
        text = world.sd_jwt(0, payload={**claims, **part})
        assert text.count("~") == 2
        kept_back = text.partition("~")[0] + "~"
        report = world.check(kept_back, above=[])
        told = report.check("delegation")
        assert (told.outcome.value, told.code) == ("unchecked", "DELEGATION_INVALID"), part
        assert world.check_chain([kept_back]).errors[0] == "DELEGATION_INVALID"


@pytest.mark.parametrize(("value", "code"), [(1, "DELEGATION_REVOKED"), (2, "DELEGATION_SUSPENDED")])
def test_a_revoked_or_suspended_sd_jwt_hop_ends_the_chain(world: MixedWorld, value: int, code: str) -> None:
    chain = [world.hop(0, "json"), world.sd_jwt(1), world.hop(2, "jwt")]
    assert world.check_chain(chain)
    world.entries[f"{LIST}/1"] = value
    try:
        report = world.check_chain(chain)
        assert (report.errors, [hop.valid for hop in report.hops]) == ((code,), [True, False, True])
        # The one below it falls with it, looked at by itself too.
        told = world.check(world.sd_jwt(2), above=chain[:2]).check("delegation")
        assert (told.outcome.value, told.code) == ("failed", code)
    finally:
        del world.entries[f"{LIST}/1"]


def test_an_expired_an_early_and_an_unlisted_sd_jwt_hop_end_the_chain(world: MixedWorld) -> None:
    past, soon = (int((NOW + timedelta(hours=hours)).timestamp()) for hours in (-1, 1))
    for payload, code in (
        ({"exp": past}, "DELEGATION_EXPIRED"),
        ({"nbf": soon}, "NOT_YET_VALID"),
        ({"status": {"status_list": {"idx": 0, "uri": "https://elsewhere.example/1"}}}, "STATUS_UNREADABLE"),
        ({"status": {"status_list": {"idx": 0, "uri": f"{LIST}/4"}}}, "STATUS_INVALID"),
    ):
        chain = [world.hop(0, "json"), world.sd_jwt(1, payload=payload)]
        report = world.check_chain(chain)
        assert code in report.hops[1].codes, report.hops
        assert not report


def test_a_root_in_an_sd_jwt_is_asked_whether_it_may_begin(world: MixedWorld) -> None:
    root = world.sd_jwt(0)
    assert world.check(root, above=[], root_may=lambda _: True)
    told = world.check(root, above=[], root_may=lambda _: False).check("delegation")
    assert (told.outcome.value, told.code) == ("failed", "DELEGATION_ROOT_INVALID")


def test_a_delegation_is_shown_with_a_key_of_its_delegate(world: MixedWorld) -> None:
    def shown(text: str, by: Somebody) -> VerificationReport:
        data = binding_input(text, Occasion("v", "n"), NOW)
        whole = text + sealed(data, by.signer.sign(data))
        return world.check(whole, above=[], challenge="n", domain="v")

    delegate, thief = world.parties[1], world.parties[5]
    assert shown(world.sd_jwt(0), delegate)
    assert not shown(world.sd_jwt(0), thief)
    stolen = world.sd_jwt(0, payload={"cnf": {"jwk": public_jwk(thief.method.public_key)}})
    report = shown(stolen, thief)
    assert [check.name for check in report.failures] == ["holder"]
    # Who may act is told by the DID all the same: nobody is asked about the key where nobody shows it.
    assert world.check(stolen, above=[])


def test_a_type_of_elsewhere_is_one_of_delegations_by_its_name(world: MixedWorld) -> None:
    for vct in ("https://other.example/vct/AgentDelegationCredential", "urn:vct:AgentDelegationCredential"):
        text = world.sd_jwt(0, payload={"vct": vct})
        assert world.check_chain([text]).valid
        told = world.check(world.sd_jwt(0, payload={"vct": vct}, delegate=name_of(3)), above=[]).check("delegation")
        assert (told.outcome.value, told.code) == ("failed", "DELEGATION_INVALID")
    other = world.sd_jwt(0, payload={"vct": "https://other.example/vct/membership"})
    assert world.check(other, above=[]).check("delegation").outcome.value == "not_applicable"
    assert world.check_chain([other]).errors == ("DELEGATION_INVALID",)
