"""The office's neighbors that need a word when it is joined: its metrics, an outside chain, its reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sealwright.adapters.evm import EvmChain
from sealwright.adapters.outbound import GuardedOutbound
from sealwright.bootstrap.ground import Ground
from sealwright.services.auditing import Auditing
from sealwright.services.chain_ports import Chain
from sealwright.services.delivery_office import Delivery
from sealwright.services.issuance import Issuing
from sealwright.services.notices import NoticeDesk
from sealwright.services.reminders import Reminders
from sealwright.services.tasks import Tasks
from sealwright.settings import Settings

REMINDERS_EVERY: Final = timedelta(minutes=10)


def watch(ground: Ground, issuing: Issuing, auditing: Auditing, delivery: Delivery) -> None:
    """Let the metrics look at what moves by itself."""
    ground.metrics.watch_queue(lambda: issuing.line.depth)
    ground.metrics.watch_audit(auditing.position)
    ground.metrics.watch_sealed(lambda: ground.keys.is_sealed)
    ground.metrics.watch_parcels(delivery.dispatching.waiting)


def chain_of(settings: Settings, outbound: GuardedOutbound) -> Chain | None:
    """Give the outside chain that batches are anchored on, where one was set."""
    if settings.evm_rpc_url is None or settings.evm_key_file is None:
        return None
    return EvmChain(outbound, settings.evm_rpc_url.reveal(), settings.evm_key_file)


def remind(ground: Ground, notices: NoticeDesk, tasks: Tasks) -> None:
    """Let the clock remind people of what comes to its end."""
    max_age = ground.settings.signing_key_max_age_days
    reminders = Reminders(ground.units, notices, ground.clock, key_max_age_days=max_age)
    tasks.add("reminders", reminders.work, REMINDERS_EVERY)
