"""The one place where things are built and joined."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from sealwright.adapters.checkpoints import FileCheckpointSink
from sealwright.adapters.clock import SystemClock
from sealwright.adapters.did_web import DidWebResolver
from sealwright.adapters.kek import load_keks
from sealwright.adapters.key_export import encrypt_with_passphrase
from sealwright.adapters.mail import OutboxFolder, SmtpMailer
from sealwright.adapters.metrics import OfficeMetrics
from sealwright.adapters.outbound import Allowance, FetchRefused, GuardedOutbound
from sealwright.adapters.passkeys import WebAuthnPasskeys
from sealwright.adapters.passwords import Argon2Passwords
from sealwright.adapters.software_keys import SoftwareKeyStore
from sealwright.adapters.status_source import GuardedStatusSource
from sealwright.adapters.wallet_proofs import EthereumProofs
from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.errors import MalformedBody
from sealwright.services.access import Access
from sealwright.services.account_sheets import AccountSheets
from sealwright.services.accounts import AccountDesks, AccountNeighbors, AccountPorts, AccountTerms, join_accounts
from sealwright.services.acts import Acts
from sealwright.services.analytics import AnalyticsDesk
from sealwright.services.api_keys import ApiKeyDesk
from sealwright.services.attachments import AttachmentDesk
from sealwright.services.auditing import Auditing
from sealwright.services.background import Background, health_of
from sealwright.services.catalog import CatalogDesk
from sealwright.services.credential_sheets import CredentialSheets
from sealwright.services.desk_ports import Mailer
from sealwright.services.did_resolution import ResolutionDesk
from sealwright.services.dids import DIDDesk
from sealwright.services.enrollment import EnrollmentDesk
from sealwright.services.gate import Gate
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.halting import Halting
from sealwright.services.holders import HolderDesk
from sealwright.services.housekeeping import FORGET_EVERY, Housekeeping
from sealwright.services.issuance import Issuing
from sealwright.services.letters import LetterHead
from sealwright.services.looks import Looks
from sealwright.services.mailing import MailingDesk
from sealwright.services.notices import NoticeDesk
from sealwright.services.office import Limits, Office
from sealwright.services.order_checks import OrderChecks
from sealwright.services.outside_sign_in import OutsideProvider
from sealwright.services.own_data import OwnDataDesk
from sealwright.services.people import PeopleDesk
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.reminders import Reminders
from sealwright.services.reports import ReportDesk
from sealwright.services.resolving import OfficeResolver
from sealwright.services.review_office import ReviewNeighbors, join_review
from sealwright.services.revocation import RevocationDesk
from sealwright.services.saved_views import SavedViewDesk
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.schemas import SchemaDesk
from sealwright.services.search_memory import SearchMemory
from sealwright.services.sessions import forget_sign_ins
from sealwright.services.shelf import CredentialShelf
from sealwright.services.status_lists import StatusAllocator, StatusPublisher
from sealwright.services.stop_links import LetterStops
from sealwright.services.store_check import StoreCheck
from sealwright.services.type_issuing import CatalogGate
from sealwright.services.verification import OfficeStatuses, Verifier
from sealwright.services.workflow_office import Work, WorkGround, begin_work, join_workflows
from sealwright.settings import Database as DatabaseKind
from sealwright.settings import (
    OutboundResolution,
    SettingRefused,
    Settings,
)
from sealwright.settings.keeping import keep_public_url
from sealwright.storage.engines import Database, open_database
from sealwright.storage.epoch import make_epoch_reader
from sealwright.storage.inspection import check_database
from sealwright.storage.migrations import migrate
from sealwright.storage.rate_limits import make_rate_limiter
from sealwright.storage.recounting import RequestCounts
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from sealwright.vc.canon import Canonicalizer, PlanMismatch
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import Fault
from sealwright.web.problems import code_of

# Letters to sign in with are waited for, so the outbox is looked at often.
MAIL_EVERY: Final = timedelta(seconds=2)
REMINDERS_EVERY: Final = timedelta(minutes=10)
# Each round counts for a few people, so that nothing else of the clock waits long.
REPORTS_EVERY: Final = timedelta(seconds=30)

# What is due is looked for often: a credential leaves soon after its undo window.
SIGN_EVERY: Final = timedelta(seconds=1)
EXPIRE_EVERY: Final = timedelta(seconds=5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ground:
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


def build(settings: Settings, *, public_url: str | None = None, clock: Clock | None = None) -> Office:
    """Open the store, bring it to the newest migration, and join the office over it.

    Nothing runs in the background until `Office.start_background` is called; `Office.close` gives all back.

    Args:
        settings: Checked settings.
        public_url: Overrides the setting, for a server that learned its port only when it was bound.
        clock: Overrides the system's clock, for tests.

    Raises:
        StoreRefused, StoreUnavailable: The database cannot be used, or not now.
        KekRefused: The key-encryption key must not be used.
    """
    database = open_database(settings.database_url.reveal())
    migrate(database)
    ground = _ground(settings, database, clock or SystemClock())
    return _join(ground, public_url or settings.public_url)


def _ground(settings: Settings, database: Database, clock: Clock) -> _Ground:
    units = make_unit_of_work_factory(database)
    contexts = ContextStore.pinned()
    canon = Canonicalizer(contexts, on_mismatch=_alarm)
    return _Ground(
        settings=settings,
        database=database,
        units=units,
        clock=clock,
        keys=_key_store(settings),
        contexts=contexts,
        canon=canon,
        registry=Registry(units, make_epoch_reader(database)),
        metrics=OfficeMetrics(canon.stats),
    )


def _alarm(mismatch: PlanMismatch) -> None:
    """Tell the operator that a plan is out of use; issuing goes on by the reference."""
    _log.error("plan and reference differ", extra={"code": mismatch.contexts_digest.hex()[:16]})


def _key_store(settings: Settings) -> KeyStore:
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


def _limits(settings: Settings) -> Limits:
    return Limits(
        body_max_bytes=settings.body_max_bytes,
        batch_body_max_bytes=settings.batch_body_max_bytes,
        batch_inline_max=settings.batch_inline_max,
        rate_issue_per_minute=settings.rate_issue_per_minute,
        rate_batch_per_minute=settings.rate_batch_per_minute,
        rate_write_per_minute=settings.rate_write_per_minute,
        rate_read_per_minute=settings.rate_read_per_minute,
        rate_public_per_minute=settings.rate_public_per_minute,
        status_ttl_seconds=settings.status_ttl_seconds,
        idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
        trusted_proxies=tuple(str(network) for network in settings.trusted_proxies),
        metrics_token=settings.metrics_token.reveal() if settings.metrics_token is not None else None,
        undo_seconds=settings.undo_seconds,
    )


def _join(ground: _Ground, public_url: str) -> Office:
    settings, units, clock, keys = ground.settings, ground.units, ground.clock, ground.keys
    registry, canon, metrics = ground.registry, ground.canon, ground.metrics
    access = Access(clock)
    acts = Acts(units, access, clock, keys, idempotency_ttl_seconds=settings.idempotency_ttl_seconds)
    shelf = SchemaShelf(ground.contexts, public_url)
    shelf.load(units)
    allowance = Allowance(settings.outbound_allow_hosts, settings.outbound_allow_networks)
    outbound = GuardedOutbound(allowance)
    reach = settings.outbound_resolution
    web = DidWebResolver(outbound, enabled=reach is not OutboundResolution.OFF, allowance=allowance)
    resolver = OfficeResolver(registry, web)
    publisher = StatusPublisher(
        units=units,
        registry=registry,
        keys=keys,
        canon=canon,
        clock=clock,
        public_url=public_url,
        ttl_seconds=settings.status_ttl_seconds,
    )
    notices = NoticeDesk(units, clock)
    catalog_gate = CatalogGate(notices, clock)
    checks = OrderChecks(
        units=units,
        access=access,
        schemas=shelf,
        keys=keys,
        resolver=resolver,
        canon=canon,
        clock=clock,
        public_url=public_url,
        expiration_max_years=settings.expiration_max_years,
        gate=catalog_gate,
    )
    issuing = Issuing(
        units=units,
        registry=registry,
        checks=checks,
        allocator=StatusAllocator(list_bits=settings.status_list_bits, capacity=settings.status_list_capacity),
        keys=keys,
        canon=canon,
        clock=clock,
        metrics=metrics,
        public_url=public_url,
        idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
    )
    sink = FileCheckpointSink(settings.audit_export_dir)
    auditing = Auditing(units=units, keys=keys, sink=sink, clock=clock)
    housekeeping = Housekeeping(
        units=units,
        issuing=issuing,
        auditing=auditing,
        clock=clock,
        interval_seconds=settings.scheduler_interval_seconds,
        checkpoint_interval_seconds=settings.checkpoint_interval_seconds,
    )
    gate = Gate(make_epoch_reader(ground.database), make_rate_limiter(ground.database), clock)
    background = Background(gate, issuing, housekeeping, SearchMemory(units), ground.database.close)
    foreign_lists = GuardedStatusSource(outbound, enabled=reach is OutboundResolution.DID_WEB_AND_STATUS)
    engines = begin_work(units, notices, clock)
    grant_moves = GrantMoves(notices, engines.losses, clock)
    work = _workflows(ground, engines, grant_moves, housekeeping)
    mailing = _mailing(ground, public_url)
    housekeeping.add("mail", mailing.work, MAIL_EVERY)
    housekeeping.add("forget sign-ins", lambda: forget_sign_ins(units, clock), FORGET_EVERY)
    reminders = Reminders(units, notices, clock, key_max_age_days=settings.signing_key_max_age_days)
    housekeeping.add("reminders", reminders.work, REMINDERS_EVERY)
    analytics = AnalyticsDesk(units, clock)
    reports = ReportDesk(units, analytics, mailing, clock)
    housekeeping.add("reports", reports.work, REPORTS_EVERY)
    schemas = SchemaDesk(
        units=units, access=access, shelf=shelf, contexts=ground.contexts, clock=clock, public_url=public_url
    )
    _check_keys(ground)
    metrics.watch_queue(lambda: issuing.line.depth)
    metrics.watch_audit(auditing.position)
    metrics.watch_sealed(lambda: keys.is_sealed)
    dids = DIDDesk(units=units, access=access, keys=keys, clock=clock, public_url=public_url)
    people = PeopleDesk(units, keys, clock, engines.departures)
    near = AccountNeighbors(units, clock, keys, acts, dids, resolver, notices, mailing.letter, people)
    identity = _accounts(ground, near, allowance, public_url)
    looks = Looks(units, clock)
    review = join_review(
        ReviewNeighbors(
            units=units,
            registry=registry,
            clock=clock,
            acts=acts,
            checks=checks,
            issuing=issuing,
            schemas=shelf,
            moves=grant_moves,
            notices=notices,
            custodian=identity.own_dids,
            looks=looks,
        ),
        undo_window=timedelta(seconds=settings.undo_seconds),
        code_of=code_of,
    )
    catalog_gate.making = review.making
    housekeeping.add("sign grants", review.issuance.sign_due, SIGN_EVERY)
    housekeeping.add("expire grants", review.expiry.expire_due, EXPIRE_EVERY)
    enrollment = EnrollmentDesk(
        units,
        notices,
        clock,
        organization=settings.organization,
        improver_self_service=settings.improver_self_service,
        departures=engines.departures,
    )
    office = Office(
        public_url=public_url,
        organization=settings.organization,
        clock=clock,
        limits=_limits(settings),
        units=units,
        keys=keys,
        registry=registry,
        access=access,
        gate=gate,
        acts=acts,
        issuing=issuing,
        shelf=CredentialShelf(units, access, clock, looks),
        revocation=RevocationDesk(access, acts, grant_moves, clock),
        dids=dids,
        resolution=ResolutionDesk(units, registry, resolver),
        schemas=schemas,
        verifier=Verifier(
            registry=registry,
            shelf=shelf,
            resolver=resolver,
            canon=canon,
            statuses=OfficeStatuses(publisher, public_url, foreign_lists),
            clock=clock,
            public_url=public_url,
        ),
        status=publisher,
        auditing=auditing,
        people=people,
        api_keys=ApiKeyDesk(units, access, clock),
        sessions=identity.sessions,
        sign_in=identity.sign_in,
        outside_sign_in=identity.outside_sign_in,
        means=identity.means,
        setup=identity.setup,
        profile=identity.profile,
        wallets=identity.wallets,
        own_dids=identity.own_dids,
        attachments=AttachmentDesk(units, clock, looks),
        own_data=OwnDataDesk(
            units=units,
            clock=clock,
            sessions=identity.sessions,
            enrollment=enrollment,
            dids=dids,
            own_dids=identity.own_dids,
            departures=engines.departures,
        ),
        enrollment=enrollment,
        catalog=CatalogDesk(
            units, schemas, clock, default_policy=RevocationPolicy(settings.default_revocation_policy.value)
        ),
        intake=review.intake,
        review=review.desk,
        granting=review.granting,
        credential_sheets=CredentialSheets(units, looks),
        account_sheets=AccountSheets(enrollment, looks),
        looks=looks,
        grant_issuance=review.issuance,
        expiry=review.expiry,
        holders=HolderDesk(units, clock, EthereumProofs().checksum, looks),
        notices=notices,
        mailing=mailing,
        letter_stops=LetterStops(units, clock, default_locale=settings.default_locale.value),
        analytics=analytics,
        reports=reports,
        saved_views=SavedViewDesk(units),
        proposing=work.proposing,
        voting=work.voting,
        workflow_admin=work.workflow_admin,
        claiming=work.claiming,
        step_work=work.step_work,
        feed=work.feed,
        series_desk=work.series_desk,
        payouts=work.payouts,
        access_check=work.access_check,
        workflow_clock=work.clock,
        halting=Halting(units, keys, clock),
        store_check=StoreCheck(
            units=units,
            keys=keys,
            resolver=resolver,
            canon=canon,
            counts=RequestCounts(ground.database),
            clock=clock,
        ),
        metrics=metrics,
        housekeeping=housekeeping,
        health=health_of(lambda: check_database(ground.database), keys, auditing, issuing),
        start_background=background.start,
        close=background.close,
    )
    identity.founding.office = office
    return office


def _accounts(ground: _Ground, near: AccountNeighbors, allowance: Allowance, public_url: str) -> AccountDesks:
    settings = ground.settings
    ports = AccountPorts(
        hasher=Argon2Passwords(),
        passkeys=WebAuthnPasskeys(public_url, settings.organization),
        wallets=EthereumProofs(),
        encrypt=encrypt_with_passphrase,
        provider=_outside_provider(ground, allowance),
        keep_public_url=lambda url: _keep_public_url(settings, url),
        is_reachable=lambda url: _is_reachable(GuardedOutbound(allowance), url),
    )
    terms = AccountTerms(public_url, settings.organization, settings.default_locale.value, settings.open_registration)
    return join_accounts(near, ports, terms)


def _outside_provider(ground: _Ground, allowance: Allowance) -> OutsideProvider | None:
    """The organization's own sign-in, where one is set up; raises OidcExtraMissing."""
    settings, secret_file = ground.settings, ground.settings.oidc_client_secret_file
    if settings.oidc_issuer is None or settings.oidc_client_id is None or secret_file is None:
        return None
    # Imported here, because the module behind it is an extra that most offices do not have.
    from sealwright.adapters.oidc import OidcProvider

    # The operator has named this host, so it may be private; what it refers to is judged like any stranger's.
    host = urlsplit(settings.oidc_issuer).hostname or ""
    return OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret=lambda: secret_file.read_text(encoding="utf-8").strip(),
        outbound=GuardedOutbound(Allowance(allowance.hosts | {host}, allowance.networks)),
        now=ground.clock.now,
    )


def _keep_public_url(settings: Settings, url: str) -> None:
    """Keep the base of every link for the next start; what is refused is a member of a form here."""
    try:
        keep_public_url(settings.home, url, os.environ)
    except SettingRefused as error:
        fault = Fault("/public_url", "INVALID_VALUE", f"{error.reason}; accepted: {error.accepted}")
        raise MalformedBody("The public URL cannot be taken.", faults=[fault]) from error


def _is_reachable(outbound: GuardedOutbound, url: str) -> bool:
    try:
        outbound.fetch(url, accept="application/json", max_bytes=4096)
    except FetchRefused:
        return False
    return True


def _mailing(ground: _Ground, public_url: str) -> MailingDesk:
    settings = ground.settings
    if settings.smtp_url is not None and settings.mail_from is not None:
        mailer: Mailer = SmtpMailer(
            settings.smtp_url.reveal(), sender=settings.mail_from, organization=settings.organization
        )
    else:
        mailer = OutboxFolder(
            settings.home / "outbox",
            sender=settings.mail_from or "office@localhost.invalid",
            organization=settings.organization,
        )
    return MailingDesk(
        ground.units,
        mailer,
        ground.clock,
        head=LetterHead(settings.organization, public_url),
        default_locale=settings.default_locale.value,
    )


def _workflows(ground: _Ground, engines: WorkGround, grant_moves: GrantMoves, housekeeping: Housekeeping) -> Work:
    settings = ground.settings
    work = join_workflows(
        engines,
        registry=ground.registry,
        grant_moves=grant_moves,
        countdown=timedelta(seconds=settings.vote_countdown_seconds),
        lifetime=timedelta(seconds=settings.proposal_lifetime_seconds),
        code_of=code_of,
    )
    work.keep(housekeeping, timedelta(seconds=settings.scheduler_interval_seconds))
    return work


def _check_keys(ground: _Ground) -> None:
    """Seal the key store when the key-encryption key does not fit what is stored."""
    with ground.units(write=False) as uow:
        ground.keys.check(uow.keys.list())
