"""Joins the office over its store, its keys and its neighbors."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sealwright.adapters.checkpoints import FileCheckpointSink
from sealwright.adapters.did_web import DidWebResolver
from sealwright.adapters.outbound import Allowance, GuardedOutbound
from sealwright.adapters.paper_reading import ConfinedPaperReader
from sealwright.adapters.posting import GuardedPoster
from sealwright.adapters.status_source import GuardedStatusSource
from sealwright.adapters.typesetting import TypstTypesetter
from sealwright.adapters.wallet_proofs import EthereumProofs
from sealwright.bootstrap.accounts import accounts_of, mailing_of
from sealwright.bootstrap.ground import Ground, check_keys, limits_of
from sealwright.bootstrap.neighbors import chain_of, remind, watch
from sealwright.bootstrap.working import working_of
from sealwright.domain.anchors import AnchorBackend
from sealwright.domain.catalog import RevocationPolicy
from sealwright.services.access import Access
from sealwright.services.account_sheets import AccountSheets
from sealwright.services.accounts import AccountNeighbors
from sealwright.services.acts import Acts
from sealwright.services.analytics import AnalyticsDesk
from sealwright.services.anchoring import Anchoring
from sealwright.services.answering import AnsweringDesk
from sealwright.services.api_keys import ApiKeyDesk
from sealwright.services.attachments import AttachmentDesk
from sealwright.services.auditing import Auditing
from sealwright.services.background import Background, health_of
from sealwright.services.batch_check import BatchCheck
from sealwright.services.bulk_office import BulkGround, BulkLimits, join_bulk
from sealwright.services.catalog import CatalogDesk
from sealwright.services.credential_sheets import CredentialSheets
from sealwright.services.delegation_chains import DelegationChains
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_guard import DelegationGate
from sealwright.services.delegation_office import join_delegations
from sealwright.services.delivery_office import Outside, begin_delivery, join_delivery
from sealwright.services.deriving import Deriving
from sealwright.services.did_resolution import ResolutionDesk
from sealwright.services.dids import DIDDesk
from sealwright.services.disclosing import Disclosing
from sealwright.services.enrollment import EnrollmentDesk
from sealwright.services.gate import Gate
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.halting import Halting
from sealwright.services.holder_signing import HolderSigning
from sealwright.services.holders import HolderDesk
from sealwright.services.housekeeping import FORGET_EVERY, Housekeeping
from sealwright.services.issuance import Issuing
from sealwright.services.log_notes import LogNotes
from sealwright.services.looks import Looks
from sealwright.services.notices import NoticeDesk
from sealwright.services.office import Office
from sealwright.services.order_checks import OrderChecks
from sealwright.services.outside_presenting import OutsidePresenting
from sealwright.services.own_data import OwnDataDesk
from sealwright.services.people import PeopleDesk
from sealwright.services.presentation_making import PresentationMaking
from sealwright.services.query_candidates import Candidates
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
from sealwright.services.tasks import Tasks
from sealwright.services.type_issuing import CatalogGate
from sealwright.services.verification import OfficeStatuses, Verifier
from sealwright.services.wallet_office import join_wallet
from sealwright.services.workflow_office import Work, WorkGround, begin_work, join_workflows
from sealwright.settings import (
    OutboundResolution,
)
from sealwright.storage.epoch import make_epoch_reader
from sealwright.storage.inspection import check_database
from sealwright.storage.rate_limits import make_rate_limiter
from sealwright.storage.recounting import RequestCounts
from sealwright.web.problems import code_of

# Each round counts for a few people, so that nothing else of the clock waits long.
REPORTS_EVERY: Final = timedelta(seconds=30)


def join(ground: Ground, public_url: str) -> Office:  # noqa: PLR0915 - one straight line of joining
    """Join an office over the ground that is laid; nothing runs in the background yet."""
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
        delegations=DelegationGate(registry, clock),
        gate=catalog_gate,
    )
    allocator = StatusAllocator(list_bits=settings.status_list_bits, capacity=settings.status_list_capacity)
    log_notes = LogNotes(keys=keys, clock=clock, public_url=public_url)
    backend = AnchorBackend(settings.anchor.value)
    anchoring = Anchoring(notes=log_notes, clock=clock, backend=backend)
    issuing = Issuing(
        units=units,
        registry=registry,
        checks=checks,
        allocator=allocator,
        keys=keys,
        canon=canon,
        clock=clock,
        metrics=metrics,
        anchoring=anchoring,
        public_url=public_url,
        idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
    )
    sink = FileCheckpointSink(settings.audit_export_dir)
    auditing = Auditing(units=units, keys=keys, sink=sink, clock=clock)
    tasks = Tasks(metrics)
    Housekeeping(units=units, issuing=issuing, auditing=auditing, clock=clock).join(
        tasks,
        sweep_every=timedelta(seconds=settings.scheduler_interval_seconds),
        checkpoint_every=timedelta(seconds=settings.checkpoint_interval_seconds),
    )
    gate = Gate(make_epoch_reader(ground.database), make_rate_limiter(ground.database), clock)
    working = working_of(ground, tasks, public_url)
    background = Background(
        gate=gate,
        issuing=issuing,
        runner=working.runner,
        helping=working.helping,
        tasks=tasks,
        searches=SearchMemory(units),
        close_store=ground.database.close,
    )
    foreign_lists = GuardedStatusSource(outbound, enabled=reach is OutboundResolution.DID_WEB_AND_STATUS)
    engines = begin_work(units, notices, clock)
    grant_moves = GrantMoves(notices, engines.losses, clock)
    work = _workflows(ground, engines, grant_moves, tasks)
    mailing = mailing_of(ground, public_url)
    mailing.join(tasks)
    tasks.add("forget sign-ins", lambda: forget_sign_ins(units, clock), FORGET_EVERY)
    remind(ground, notices, tasks)
    analytics = AnalyticsDesk(units, clock)
    reports = ReportDesk(units, analytics, mailing, clock)
    tasks.add("reports", reports.work, REPORTS_EVERY)
    schemas = SchemaDesk(
        units=units, access=access, shelf=shelf, contexts=ground.contexts, clock=clock, public_url=public_url
    )
    delivering = begin_delivery(
        units=units,
        keys=keys,
        registry=registry,
        access=access,
        mailing=mailing,
        clock=clock,
        public_url=public_url,
        ttl=timedelta(seconds=settings.offer_ttl_seconds),
    )
    check_keys(ground)
    dids = DIDDesk(units=units, access=access, keys=keys, clock=clock, public_url=public_url)
    people = PeopleDesk(units, keys, clock, engines.departures)
    near = AccountNeighbors(units, clock, keys, acts, dids, resolver, notices, mailing.letter, people)
    identity = accounts_of(ground, near, allowance, public_url)
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
            offers=delivering.offers,
        ),
        undo_window=timedelta(seconds=settings.undo_seconds),
        code_of=code_of,
    )
    catalog_gate.making = review.making
    review.join(tasks)
    enrollment = EnrollmentDesk(
        units,
        notices,
        clock,
        organization=settings.organization,
        improver_self_service=settings.improver_self_service,
        departures=engines.departures,
    )
    verifier = Verifier(
        registry=registry,
        shelf=shelf,
        resolver=resolver,
        canon=canon,
        statuses=OfficeStatuses(publisher, public_url, foreign_lists),
        chains=DelegationChains(units, registry),
        clock=clock,
        public_url=public_url,
    )
    credential_shelf = CredentialShelf(units, access, clock, looks)
    deriving = Deriving(shelf=credential_shelf, verifier=verifier, resolver=resolver, canon=canon, clock=clock)
    presentation_making = PresentationMaking(
        shelf=credential_shelf,
        deriving=deriving,
        verifier=verifier,
        signing=HolderSigning(keys, canon),
        clock=clock,
    )
    delivery = join_delivery(
        delivering,
        issuing=issuing,
        verifier=verifier,
        canon=canon,
        keys=keys,
        deriving=deriving,
        payouts=work.payouts,
        notices=notices,
        acts=acts,
        dids=dids,
        outside=Outside(resolver, GuardedPoster(outbound), TypstTypesetter(), ConfinedPaperReader()),
        organization=settings.organization,
        concurrency=settings.job_concurrency,
    )
    wallet, wallet_sign_in = join_wallet(
        units=units,
        registry=registry,
        secrets=delivering.secrets,
        moves=delivering.moves,
        copies=delivery.copies,
        intake=review.intake,
        resolver=resolver,
        canon=canon,
        clock=clock,
        public_url=public_url,
        organization=settings.organization,
        locale=settings.default_locale.value,
        token_ttl=timedelta(seconds=settings.access_token_ttl_seconds),
    )
    delivery.join(tasks)
    watch(ground, issuing, auditing, delivery)
    revocation = RevocationDesk(access, acts, grant_moves, clock)
    bulk = join_bulk(
        BulkGround(
            units=units,
            registry=registry,
            access=access,
            acts=acts,
            checks=checks,
            issuing=issuing,
            allocator=allocator,
            shelf=shelf,
            revocation=revocation,
            offers=delivering.offers,
            notices=notices,
            keys=keys,
            secrets=delivering.secrets,
            canon=canon,
            clock=clock,
            public_url=public_url,
            backend=backend,
            anchoring=anchoring,
            log_notes=log_notes,
            chain=chain_of(settings, outbound),
            limits=BulkLimits(settings.batch_inline_max, settings.batch_rows_max, settings.rows_max_bytes),
            code_of=code_of,
            lanes=settings.job_concurrency,
        ),
        tasks,
    )
    api_keys = ApiKeyDesk(units, access, clock)
    delegations = join_delegations(
        DelegationGround(
            units=units,
            registry=registry,
            access=access,
            acts=acts,
            issuing=issuing,
            intake=review.intake,
            revocation=revocation,
            verifier=verifier,
            shelf=credential_shelf,
            presentation_making=presentation_making,
            dids=dids,
            api_keys=api_keys,
            notices=notices,
            resolver=resolver,
            keys=keys,
            canon=canon,
            metrics=metrics,
            clock=clock,
            public_url=public_url,
        ),
        tasks,
    )
    background.add(delegations.authorizing.line)
    office = Office(
        public_url=public_url,
        organization=settings.organization,
        clock=clock,
        limits=limits_of(settings),
        units=units,
        keys=keys,
        registry=registry,
        access=access,
        gate=gate,
        acts=acts,
        issuing=issuing,
        shelf=credential_shelf,
        revocation=revocation,
        dids=dids,
        resolution=ResolutionDesk(units, registry, resolver),
        schemas=schemas,
        verifier=verifier,
        status=publisher,
        auditing=auditing,
        people=people,
        api_keys=api_keys,
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
        secrets=delivering.secrets,
        offers=delivery.offers,
        offer_moves=delivery.offer_moves,
        redeeming=delivery.redeeming,
        copies=delivery.copies,
        downloads=delivery.downloads,
        sharing=delivery.sharing,
        verify_desk=delivery.verify_desk,
        presenting=delivery.presenting,
        events=delivery.events,
        event_feed=delivery.event_feed,
        webhooks=delivery.webhooks,
        dispatching=delivery.dispatching,
        didcomm=delivery.didcomm,
        deriving=deriving,
        disclosing=Disclosing(
            units=units, secrets=delivering.secrets, deriving=deriving, clock=clock, public_url=public_url
        ),
        presentation_making=presentation_making,
        answering=AnsweringDesk(
            presenting=delivery.presenting,
            making=presentation_making,
            candidates=Candidates(canon),
            registry=registry,
            units=units,
            acts=acts,
            clock=clock,
            public_url=public_url,
        ),
        outside_presenting=OutsidePresenting(
            making=presentation_making, verifier=verifier, resolver=resolver, canon=canon, clock=clock
        ),
        wallet=wallet,
        wallet_sign_in=wallet_sign_in,
        bulk=bulk,
        delegations=delegations,
        tasks=tasks,
        halting=Halting(units, keys, clock),
        store_check=StoreCheck(
            units=units,
            keys=keys,
            resolver=resolver,
            canon=canon,
            counts=RequestCounts(ground.database),
            batches=BatchCheck(units, delivering.secrets),
            clock=clock,
        ),
        metrics=metrics,
        queue=working.queue,
        health=health_of(lambda: check_database(ground.database), keys, auditing, issuing, working.queue.is_worked_on),
        start_background=background.start,
        start_work=background.work,
        close=background.close,
    )
    identity.founding.office = office
    return office


def _workflows(ground: Ground, engines: WorkGround, grant_moves: GrantMoves, tasks: Tasks) -> Work:
    settings = ground.settings
    work = join_workflows(
        engines,
        registry=ground.registry,
        grant_moves=grant_moves,
        countdown=timedelta(seconds=settings.vote_countdown_seconds),
        lifetime=timedelta(seconds=settings.proposal_lifetime_seconds),
        code_of=code_of,
    )
    work.join(tasks, timedelta(seconds=settings.scheduler_interval_seconds))
    return work
