"""Bringing roots to a chain: one transaction for each, however often workers die or meet.

A transaction is signed and stored before it is sent, so that whoever comes next sends the same bytes again: a root
never costs two transactions. Its anchor stands once the chain has confirmed it; until then its batch stays `done`, and
what was issued is issued.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from sealwright.domain.anchors import Anchor, AnchorKind, ChainPlace
from sealwright.domain.audit import AuditEntry
from sealwright.domain.batches import BatchStatus
from sealwright.domain.people import system_actor
from sealwright.services.batch_events import batch_event
from sealwright.services.chain_ports import Account, Chain, Mined, SignedTransaction
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

ROOTS_A_TURN: Final = 50
_ACTOR: Final = system_actor("anchors")
_log = logging.getLogger(__name__)


class ChainAnchoring:
    """The task "anchors": looks for roots that wait for the chain, and moves each as far as it goes."""

    def __init__(self, *, units: UnitOfWorkFactory, chain: Chain, clock: Clock) -> None:
        self._units = units
        self._chain = chain
        self._clock = clock

    def work(self) -> bool:
        """Do what is due. Gives whether there may be more at once.

        Raises:
            AnchorUnavailable: The node does not answer; what waits goes on waiting.
        """
        with self._units(write=False) as uow:
            waiting = uow.anchors.waiting(ROOTS_A_TURN)
        unsigned = [anchor for anchor in waiting if anchor.chain is None]
        account = self._chain.account() if unsigned else None
        settled = 0
        for anchor in waiting:
            current = anchor
            if current.chain is None and account is not None:
                current = self._sign(anchor.anchor_id, account)
            settled += self._pursue(current)
        return bool(settled) and len(waiting) == ROOTS_A_TURN

    def _sign(self, anchor_id: str, account: Account) -> Anchor:
        """Sign a root's transaction and store it; who comes second finds it there."""
        with self._units() as uow:
            # Under the log's lock no two workers choose one nonce.
            uow.log.head(lock=True)
            anchor = _present(uow, anchor_id)
            if anchor.chain is not None or anchor.is_settled:
                return anchor
            last = uow.anchors.last_nonce(account.chain_id, account.sender)
            nonce = account.nonce if last is None else max(account.nonce, last + 1)
            signed = self._chain.sign(anchor.entry.merkle_root, account, nonce)
            place = ChainPlace(account.chain_id, signed.transaction_hash, account.sender, nonce, signed.raw)
            anchor = replace(anchor, chain=place)
            uow.anchors.update(anchor)
            uow.commit()
        return anchor

    def _pursue(self, anchor: Anchor) -> bool:
        """Send, or look what became of it. Gives whether the anchor is settled now."""
        place = anchor.chain
        if place is None or anchor.is_settled:
            return False
        mined = self._chain.mined(place.transaction_hash)
        if mined is None or not mined.succeeded:
            is_lost = mined.is_final if mined is not None else self._is_taken(place)
            if is_lost:
                self._give_up(anchor, place)
            elif mined is None:
                self._chain.send(SignedTransaction(place.transaction_hash, place.raw))
            return False
        if mined.is_final:
            self._settle(anchor.anchor_id, place, mined)
        return mined.is_final

    def _is_taken(self, place: ChainPlace) -> bool:
        """Tell whether another transaction has the nonce; in this order, for ours may be mined between the two."""
        return self._chain.has_passed(place.sender, place.nonce) and self._chain.mined(place.transaction_hash) is None

    def _give_up(self, anchor: Anchor, place: ChainPlace) -> None:
        """Something else has taken the nonce for good, so that this can never be mined: the next turn signs anew."""
        _log.warning("chain took another transaction", extra={"kind": place.transaction_hash})
        with self._units() as uow:
            uow.log.head(lock=True)
            current = _present(uow, anchor.anchor_id)
            if current.chain == place:
                uow.anchors.update(replace(current, chain=None))
                uow.commit()

    def _settle(self, anchor_id: str, place: ChainPlace, mined: Mined) -> None:
        """Record the chain's confirmation, once, with what follows from it."""
        with self._units() as uow:
            subject = _present(uow, anchor_id).entry
            batch = uow.batches.get_for_update(subject.subject) if subject.kind is AnchorKind.BATCH else None
            alone = uow.credentials.get_for_update(subject.subject) if subject.kind is AnchorKind.CREDENTIAL else None
            uow.log.head(lock=True)
            anchor = _present(uow, anchor_id)
            if anchor.is_settled or anchor.chain != place:
                return
            found = replace(place, block=mined.block, block_hash=mined.block_hash)
            uow.anchors.update(replace(anchor, chain=found, transaction_hash=place.transaction_hash))
            uow.audit.append(self._written(anchor, found))
            if alone is not None:
                uow.credentials.set_transaction_hash(alone.uid, place.transaction_hash)
            if batch is not None:
                # A canceled batch keeps its state; what it had issued is anchored all the same.
                is_done = batch.status is BatchStatus.DONE
                ended = batch.moved(BatchStatus.ANCHORED) if is_done else replace(batch, version=batch.version + 1)
                ended = replace(ended, transaction_hash=place.transaction_hash)
                uow.batches.update(ended)
                now, told = self._clock.now(), {"transactionHash": place.transaction_hash}
                uow.audit.append(batch_event("batch.anchored", ended, _ACTOR, now, before=batch, **told))
            uow.commit()

    def _written(self, anchor: Anchor, place: ChainPlace) -> AuditEntry:
        return AuditEntry(
            actor=_ACTOR,
            action="anchor.written",
            object_type="anchor",
            object_id=anchor.anchor_id,
            at=self._clock.now(),
            data={
                "kind": anchor.entry.kind.value,
                "subject": anchor.entry.subject,
                "merkleRoot": anchor.entry.merkle_root,
                "leafCount": anchor.entry.count,
                "chainId": place.chain_id,
                "transactionHash": place.transaction_hash,
            },
        )


def _present(uow: UnitOfWork, anchor_id: str) -> Anchor:
    anchor = uow.anchors.get(anchor_id)
    assert anchor is not None, anchor_id
    return anchor
