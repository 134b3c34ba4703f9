"""Verifying chains of delegations for anyone: given whole, or by the ids of what is kept here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sealwright.domain.delegation_errors import ChainMalformed
from sealwright.domain.delegations import HOPS_MOST
from sealwright.domain.ids import credential_urn, uid_from_text
from sealwright.services.delegation_chains import DelegationChains
from sealwright.services.registry import Registry
from sealwright.services.verification import Verifier
from sealwright.vc.delegation.chain import ChainReport, HopReport
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ChainRefused

ChainItem = str | Mapping[str, JSONValue]
_ID: Final = "credentialId"


class ChainChecking:
    """The engine behind `verify-chain`. It writes nothing."""

    def __init__(self, verifier: Verifier, chains: DelegationChains, registry: Registry) -> None:
        self._verifier = verifier
        self._chains = chains
        self._registry = registry

    def verify(
        self,
        agent_did: str,
        chain: Sequence[ChainItem],
        *,
        action: str | None = None,
        context: ActContext | None = None,
    ) -> ChainReport:
        """Verify a chain hop by hop.

        Args:
            agent_did: Who is to have the authority; an alias of a DID kept here counts as that DID.
            chain: Root first: credential ids, objects that hold nothing but a ``credentialId``, and credentials as
                objects or compact tokens.
            action: Judge this act by every hop too; no budget is counted.

        Raises:
            ChainMalformed: No hop, more than eight, or a delegation that is named twice.
        """
        if not 1 <= len(chain) <= HOPS_MOST:
            raise ChainMalformed(f"A chain has 1 to {HOPS_MOST} delegations.")
        named = [_reference(item) for item in chain]
        references = [one for one in named if one is not None]
        if len(set(references)) != len(references):
            raise ChainMalformed("The chain names a delegation twice.")
        kept = iter(self._chains.documents(references))
        hops = [item if one is None else next(kept) for item, one in zip(chain, named, strict=True)]
        agent = self._registry.current().did(agent_did)
        did = agent.did if agent is not None else agent_did
        try:
            report = self._verifier.verify_chain(did, hops, action=action, context=context)
        except ChainRefused as error:
            raise ChainMalformed(error.detail) from error
        return replace(report, hops=tuple(_named(hop, one) for hop, one in zip(report.hops, named, strict=True)))


def _reference(item: ChainItem) -> str | None:
    """The credential id that an item names; None where it is a credential itself."""
    text = item if isinstance(item, str) else item.get(_ID) if item.keys() == {_ID} else None
    if not isinstance(text, str) or (isinstance(item, str) and "." in item):
        return None
    uid = uid_from_text(text)
    return credential_urn(uid) if uid is not None else text


def _named(hop: HopReport, reference: str | None) -> HopReport:
    """What could not be found is told by the id under which it was asked for."""
    return replace(hop, credential_id=reference) if hop.credential_id is None and reference is not None else hop
