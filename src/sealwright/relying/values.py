"""What a resource server says to its verifier, and what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final

from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.vc.encoding.strict_json import JSONValue


class Anybody(Enum):
    """The one value of `ANYBODY`."""

    ANYBODY = "anybody"


ANYBODY: Final = Anybody.ANYBODY
"""For servers that let an agent act in whoever's name: it has to be said by this name, an empty list knows nobody.

Anybody can make a DID and delegate to an agent of their own; a chain proves only that its principal wants the act.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """The call that came in, as the outside sees it.

    Args:
        method: In capitals.
        url: That was called, with scheme and host as the caller wrote them: behind a gateway, its address.
        authorization: The Authorization header's value.
        proof: The DPoP header's value.
    """

    method: str
    url: str
    authorization: str | None = field(repr=False)
    proof: str | None = field(repr=False)

    @classmethod
    def of(cls, method: str, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Call:
        """From headers by name, in whatever case.

        Args:
            headers: As pairs where a header may have come twice: two tokens or proofs together are none.
        """
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        found: dict[str, list[str]] = {"authorization": [], "dpop": []}
        for name, value in pairs:
            if name.lower() in found:
                found[name.lower()].append(value)
        # As HTTP joins what came twice, which has the form of neither.
        authorization, proof = (", ".join(values) if values else None for values in found.values())
        return cls(method, url, authorization, proof)


@dataclass(frozen=True, slots=True)
class Act:
    """What the call would really do, by the server's own reckoning and not by what the token says.

    Args:
        action: Such as ``purchase:groceries``.
        context: ``amount`` ``currency`` ``merchant`` ``schemaId`` ``region`` ``resource``, those that the act has. The
            token must say the same, no more and no less.
    """

    action: str
    context: Mapping[str, JSONValue | Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Permit:
    """The act may be done, once, now.

    Args:
        agent: The DID that acts.
        principal: In whose name: the delegator at the root of the chain. Charge this one.
        token_id: The token's `jti`, for the server's own records.
        delegations: Ids of the credentials of the chain, the root first.
        uncounted: Budgets of the chain that nobody counted, where the verifier was told to take that.
        call_id: The office's own record of the act; None where the office was not asked.
        remaining: What is left of the budgets, as the office says to parties; None else.
    """

    agent: str
    principal: str
    act: Act
    token_id: str
    delegations: tuple[str, ...]
    expires_at: datetime
    uncounted: tuple[str, ...] = ()
    call_id: str | None = None
    remaining: Mapping[str, JSONValue] | None = None


_FORBIDDEN: Final = frozenset({TokenCode.ACT, TokenCode.PRINCIPAL, TokenCode.BUDGET})


class Refused(Exception):
    """The act is not permitted.

    Args:
        code: Stable: of a token or proof ``TOKEN_…``, of the chain ``DELEGATION_…``.
        detail: A sentence that quotes nothing of what came.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = str(code)
        self.detail = detail

    @classmethod
    def because(cls, error: TokenRefused) -> Refused:
        """The refusal for one of the token's own."""
        return cls(error.code, error.detail)

    @property
    def status(self) -> int:
        """The HTTP status to answer with: 401 for a token or proof, 403 for an act, 503 where it cannot be checked."""
        if self.code == TokenCode.UNAVAILABLE.value:
            return 503
        is_act = self.code in _FORBIDDEN or not self.code.startswith("TOKEN_")
        return 403 if is_act else 401

    @property
    def challenge(self) -> str:
        """The value of a WWW-Authenticate header to go with it (RFC 9449, "The DPoP Authentication Scheme")."""
        if self.code == TokenCode.MISSING.value:
            return 'DPoP algs="EdDSA ES256"'
        word = "insufficient_scope" if self.status == 403 else "invalid_token"
        word = "invalid_dpop_proof" if self.code.startswith("TOKEN_PROOF_") else word
        return f'DPoP algs="EdDSA ES256", error="{word}"'
