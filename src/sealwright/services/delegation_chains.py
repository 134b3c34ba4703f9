"""Chains of delegations that are kept here, as credentials for whoever verifies them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwright.services.catalog_builtin import AGENT_DELEGATION
from sealwright.services.delegation_standing import root_may
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.stored_credentials import readable
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError

REFERENCE_MOST: Final = 2048


class DelegationChains:
    """What this office knows of chains: their credentials, and who may begin one."""

    def __init__(self, units: UnitOfWorkFactory, registry: Registry) -> None:
        self._units = units
        self._registry = registry

    def above(self, parent: str) -> Sequence[object] | None:
        """The chain of a delegation as credentials, root first and itself last; None where it is not kept whole."""
        if len(parent) > REFERENCE_MOST:
            return None
        with self._units(write=False) as uow:
            chain = uow.delegations.chain(parent)
            records = uow.credentials.get_many([one.uid for one in chain])
        documents = [_document(found.document) if (found := records.get(one.uid)) else None for one in chain]
        return documents if documents and None not in documents else None

    def documents(self, references: Sequence[str]) -> tuple[object | None, ...]:
        """Delegation credentials by their ids, in this order; None for what is no delegation kept here."""
        with self._units(write=False) as uow:
            records = [uow.credentials.get(one) if len(one) <= REFERENCE_MOST else None for one in references]
        return tuple(
            _document(one.document) if one is not None and one.schema_id == AGENT_DELEGATION else None
            for one in records
        )

    def root_may(self, did: str) -> bool | None:
        """Whether a DID may begin a chain; None where it is not kept here."""
        return root_may(did, self._registry.current())

    def is_deactivated(self, did: str) -> bool:
        """Whether a DID is kept here and was ended."""
        record = self._registry.current().did(did)
        return record is not None and not record.is_active


def _document(content: bytes | None) -> dict[str, JSONValue] | None:
    if content is None:
        return None
    try:
        return readable(content)
    except VcError:
        return None
