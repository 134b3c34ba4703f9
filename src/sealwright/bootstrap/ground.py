"""What everything else stands on: the database, the clock, the keys, the registry."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sealwright.adapters.kek import load_keks
from sealwright.adapters.metrics import OfficeMetrics
from sealwright.adapters.software_keys import SoftwareKeyStore
from sealwright.services.office import Limits
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.settings import Database as DatabaseKind
from sealwright.settings import (
    Settings,
)
from sealwright.storage.engines import Database
from sealwright.storage.epoch import make_epoch_reader
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from sealwright.vc.canon import Canonicalizer, PlanMismatch
from sealwright.vc.contexts.store import ContextStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything else stands on."""

    settings: Settings
    database: Database
    units: UnitOfWorkFactory
    clock: Clock
    keys: KeyStore
    contexts: ContextStore
    canon: Canonicalizer
    registry: Registry
    metrics: OfficeMetrics


def lay_ground(settings: Settings, database: Database, clock: Clock) -> Ground:
    units = make_unit_of_work_factory(database)
    contexts = ContextStore.pinned()
    canon = Canonicalizer(contexts, on_mismatch=_alarm)
    return Ground(
        settings=settings,
        database=database,
        units=units,
        clock=clock,
        keys=key_store(settings),
        contexts=contexts,
        canon=canon,
        registry=Registry(units, make_epoch_reader(database)),
        metrics=OfficeMetrics(canon.stats),
    )


def _alarm(mismatch: PlanMismatch) -> None:
    """Tell the operator that a plan is out of use; issuing goes on by the reference."""
    _log.error("plan and reference differ", extra={"code": mismatch.contexts_digest.hex()[:16]})


def key_store(settings: Settings) -> KeyStore:
    keks = load_keks(
        value=settings.kek.reveal() if settings.kek is not None else None,
        file=settings.kek_file,
        home=settings.home if settings.database is DatabaseKind.SQLITE else None,
    )
    software = SoftwareKeyStore(keks)
    if settings.pkcs11 is None:
        return software
    # Imported here, because the module behind it is an extra that most offices do not have.
    from sealwright.adapters.pkcs11_keys import Pkcs11KeyStore

    return Pkcs11KeyStore(
        module=settings.pkcs11.module,
        token=settings.pkcs11.token,
        pin_file=settings.pkcs11.pin_file,
        software=software,
    )


def limits_of(settings: Settings) -> Limits:
    return Limits(
        body_max_bytes=settings.body_max_bytes,
        batch_body_max_bytes=settings.batch_body_max_bytes,
        batch_inline_max=settings.batch_inline_max,
        rate_issue_per_minute=settings.rate_issue_per_minute,
        rate_batch_per_minute=settings.rate_batch_per_minute,
        rate_write_per_minute=settings.rate_write_per_minute,
        rate_act_per_minute=settings.rate_act_per_minute,
        rate_read_per_minute=settings.rate_read_per_minute,
        rate_public_per_minute=settings.rate_public_per_minute,
        status_ttl_seconds=settings.status_ttl_seconds,
        idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
        trusted_proxies=tuple(str(network) for network in settings.trusted_proxies),
        metrics_token=settings.metrics_token.reveal() if settings.metrics_token is not None else None,
        undo_seconds=settings.undo_seconds,
    )


def check_keys(ground: Ground) -> None:
    """Seal the key store when the key-encryption key does not fit what is stored."""
    with ground.units(write=False) as uow:
        ground.keys.check(uow.keys.list())
