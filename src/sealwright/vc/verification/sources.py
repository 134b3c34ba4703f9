"""What a verification needs from outside, as protocols; and the name under which any issuer is taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final, Protocol

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import StatusListUnreadable


class AnyIssuer(Enum):
    """The one value of `ANY_ISSUER`."""

    ANY = "any issuer"


ANY_ISSUER: Final = AnyIssuer.ANY
"""For whoever takes credentials of any issuer: it has to be said by this name, an empty list takes none."""


class AnyHolder(Enum):
    """The one value of `ANY_HOLDER`."""

    ANY = "any holder"


ANY_HOLDER: Final = AnyHolder.ANY
"""For whoever lets a presenter show credentials about somebody else."""

TrustedIssuers = Collection[str] | AnyIssuer


class StatusSource(Protocol):
    """Gives status list credentials by address."""

    def fetch(self, url: str) -> Mapping[str, JSONValue]:
        """The status list credential at `url`, not judged yet; a document once given is not altered afterwards.

        Raises:
            StatusListUnreadable: It could not be had.
        """
        ...


class ClaimsCheck(Protocol):
    """Checks the claims of one subject."""

    def check(self, claims: Mapping[str, JSONValue]) -> None:
        """Raises ClaimsDoNotMatchSchema, with every fault."""
        ...


class SchemaSource(Protocol):
    """Gives the check that belongs to a credential schema."""

    def schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        """The check for the schema of this id; None where the schema is not known here."""
        ...

    def partial_schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        """As `schema_for`, for claims of which a part was kept back: what is missing is no fault."""
        ...


class NoStatusSource:
    """Knows no status list: credentials with an entry are then never "not revoked" but "could not be checked"."""

    def fetch(self, url: str) -> Mapping[str, JSONValue]:  # noqa: ARG002
        """Always raises StatusListUnreadable."""
        raise StatusListUnreadable("No status list can be read here.")


class NoSchemaSource:
    """Knows no credential schema."""

    def schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:  # noqa: ARG002
        """Always None."""
        return None

    def partial_schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:  # noqa: ARG002
        """Always None."""
        return None
