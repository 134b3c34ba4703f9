"""What agents' DIDs say about the agents, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sealwright.domain.delegations import AgentProfile
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.delegation_tables import agent_profiles
from sealwright.storage.driver_text import DriverText, selecting
from sealwright.storage.json_columns import json_text, read_object, read_texts
from sealwright.storage.transaction import Transaction

_PUT: Final = DriverText.of(
    "INSERT INTO agent_profiles (did, description, model, capabilities, version, updated_at) "
    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (did) DO UPDATE SET description = excluded.description, "
    "model = excluded.model, capabilities = excluded.capabilities, version = excluded.version, "
    "updated_at = excluded.updated_at"
)
_OF: Final = selecting(agent_profiles, "WHERE did = ANY(%s)")


class StoredAgentProfiles:
    """Agents' profiles in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put_profile(self, profile: AgentProfile) -> None:
        """Write an agent's profile, or replace it."""
        _PUT.rows(
            self._transaction,
            profile.did,
            profile.description,
            None if profile.model is None else json_text(dict(profile.model)),
            json_text(profile.capabilities),
            profile.version,
            seconds_of(profile.updated_at),
        )

    def profiles(self, dids: Collection[str]) -> Mapping[str, AgentProfile]:
        """Find the profiles of agents; those without one are left out."""
        if not dids:
            return {}
        return {row[0]: _profile(row) for row in _OF.rows(self._transaction, sorted(set(dids)))}


def _profile(row: tuple[Any, ...]) -> AgentProfile:
    return AgentProfile(
        did=row[0],
        description=row[1],
        model=None if row[2] is None else read_object(row[2]),
        capabilities=read_texts(row[3]),
        version=row[4],
        updated_at=moment_of(row[5]),
    )
