"""Chains of delegations that are kept here, as credentials for whoever verifies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_standing import fault_of_party, root_may
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.stored_credentials import readable
from sealwright.vc.delegation.chain import ChainReport, HopReport
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ChainRefused, VcError

REFERENCE_MOST: Final = 2048


class DelegationChains:
    """What this office knows of chains: their credentials, and who may begin one."""

    def __init__(self, units: UnitOfWorkFactory, registry: Registry) -> None:
        self._units = units
        self._registry = registry

    def above(self, parent: str) -> Sequence[object] | None:
        """The chain of a delegation as credentials, root first and itself last; None where it is not kept whole.

        Raises:
            ChainRefused: Somebody in it, by what is known here, speaks for nobody any more.
        """
        if len(parent) > REFERENCE_MOST:
            return None
        with self._units(write=False) as uow:
            chain = uow.delegations.chain(parent)
            records = uow.credentials.get_many([one.uid for one in chain])
        view = self._registry.current()
        why = next((why for one in chain if (why := fault_of_party(one.delegate_did, view)) is not None), None)
        if why is not None:
            raise ChainRefused(why)
        documents = [_document(found.document) if (found := records.get(one.uid)) else None for one in chain]
        return documents if documents and None not in documents else None

    def documents(self, references: Sequence[str]) -> tuple[object | None, ...]:
        """Delegation credentials by their ids, in this order; None for what is no delegation kept here."""
        with self._units(write=False) as uow:
            records = [uow.credentials.get(one) if len(one) <= REFERENCE_MOST else None for one in references]
        return tuple(
            _document(one.document) if one is not None and one.schema_id in DELEGATION_SCHEMAS else None
            for one in records
        )

    def root_may(self, did: str) -> bool | None:
        """Whether a DID may begin a chain; None where it is not kept here."""
        return root_may(did, self._registry.current())

    def with_parties(self, report: ChainReport) -> ChainReport:
        """A report with what is known here of whoever stands in the chain: parties that speak for nobody any more."""
        view = self._registry.current()
        hops = tuple(_with_parties(hop, view) for hop in report.hops)
        errors = tuple(dict.fromkeys(code for hop in hops for code in hop.codes))
        return ChainReport(not errors, hops, errors, report.terms if not errors else ())


def _with_parties(hop: HopReport, view: RegistryView) -> HopReport:
    # Who may begin a chain was asked already.
    parties = (hop.delegate,) if hop.index == 0 else (hop.delegator, hop.delegate)
    why = next((why for did in parties if did is not None and (why := fault_of_party(did, view)) is not None), None)
    if why is None:
        return hop
    codes = tuple(dict.fromkeys((*hop.codes, DelegationCode.INVALID.value)))
    return replace(hop, valid=False, codes=codes, detail=hop.detail or why)


def _document(content: bytes | None) -> dict[str, JSONValue] | None:
    if content is None:
        return None
    try:
        return readable(content)
    except VcError:
        return None
