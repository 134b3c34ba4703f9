"""A person's own data: a copy of all of it to take along, and its erasure (promises.md, section 14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialFilter, CredentialRecord
from sealwright.domain.deciding import withdraw
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import LastAdmin
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.reports import ReportWish
from sealwright.domain.requests import RequestState
from sealwright.services.departures import Departures
from sealwright.services.dids import DIDDesk
from sealwright.services.enrollment import EnrollmentDesk
from sealwright.services.own_deliveries import end_own_offers, own_deliveries
from sealwright.services.own_dids import OwnDIDs
from sealwright.services.own_work import own_work
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.profile import present_person
from sealwright.services.sessions import Sessions
from sealwright.services.stored_credentials import is_compact
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp

ERASED_NAME: Final = "Erased person"
# Most pages of credentials that one export walks through, a hundred on each.
_PAGES_MOST: Final = 1_000

Members = dict[str, JSONValue]


class OwnDataDesk:
    """Gives people their data, and takes them out of the office."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        sessions: Sessions,
        enrollment: EnrollmentDesk,
        dids: DIDDesk,
        own_dids: OwnDIDs,
        departures: Departures,
    ) -> None:
        self._units = units
        self._clock = clock
        self._sessions = sessions
        self._enrollment = enrollment
        self._dids = dids
        self._own_dids = own_dids
        self._departures = departures

    # -- export ------------------------------------------------------------------------------------

    def export(self, caller: Caller) -> Members:
        """Everything that the office holds about the caller, as members of one JSON object.

        Secrets are left out (they are digests), and so is what others noted about a request for reviewers only.
        """
        standing = self._enrollment.standing(caller)
        with self._units(write=False) as uow:
            person = present_person(uow, caller)
            profile = standing.issuer
            return {
                "exported_at": format_timestamp(self._clock.now()),
                "person": _person(person),
                "roles": [
                    {"role": one.role.value, "status": one.state.value, "note": one.note, "answer": one.decision_note}
                    for one in standing.roles
                ],
                "issuer": None
                if profile is None
                else {
                    "organization": profile.organization,
                    "email": profile.email,
                    "status": profile.state.value,
                    "allowed_credentials": list(profile.allowed_credentials),
                    "justification": profile.justification,
                },
                **self._journey(uow, person),
                "work": own_work(uow, person.user_id, self._clock.now()),
                **self._ways_in(uow, person),
            }

    def _journey(self, uow: UnitOfWork, person: Person) -> Members:
        now = self._clock.now()
        return {
            "requests": [
                {
                    "id": one.request_id,
                    "credential_type": one.credential_type,
                    "status": one.state.value,
                    "requested_at": format_timestamp(one.requested_at),
                    "resolved_at": _at(one.resolved_at),
                    "note": one.requester_note,
                    "message": one.message,
                    "claims": dict(one.claims) if one.claims is not None else None,
                    "answers": dict(one.answers),
                    "evidence": [{"attachment_id": file.attachment_id, "name": file.name} for file in one.evidence],
                }
                for one in uow.requests.of_person(person.user_id)
            ],
            "grants": [
                {
                    "id": one.grant_id,
                    "credential_type": one.credential_type,
                    "status": one.status_at(now).value,
                    "issued_at": format_timestamp(one.issued_at),
                    "expires_at": _at(one.expires_at),
                    "revoked_at": _at(one.revoked_at),
                    "reason": one.reason,
                    "credential_id": one.credential_id,
                }
                for one in uow.grants.of_person(person.user_id, status=None, now=now)
            ],
            "credentials": [_words(one) for one in self._credentials(uow, person, now) if one.document is not None],
            **own_deliveries(uow, person, self._credentials(uow, person, now), now),
        }

    @staticmethod
    def _credentials(uow: UnitOfWork, person: Person, now: datetime) -> Iterator[CredentialRecord]:
        """Every credential that names one of a person's DIDs, each with its further forms."""
        for did in person.dids:
            cursor: str | None = None
            for _ in range(_PAGES_MOST):
                page = uow.credentials.list(CredentialFilter(holder_did=did), now=now, limit=100, cursor=cursor)
                yield from page.items
                # A wallet's own form names the wallet's key, which need not be one of the person's DIDs.
                further = (copy for one in page.items for copy in uow.credentials.copies_of(one.uid))
                yield from (copy for copy in further if copy.holder_did not in person.dids)
                cursor = page.next_cursor
                if cursor is None:
                    break

    @staticmethod
    def _ways_in(uow: UnitOfWork, person: Person) -> Members:
        user_id = person.user_id
        return {
            "sessions": [
                {
                    "browser": one.label,
                    "method": one.method.value,
                    "created_at": format_timestamp(one.created_at),
                    "last_seen_at": format_timestamp(one.last_seen_at),
                }
                for one in uow.sign_ins.sessions_of(user_id)
            ],
            "passkeys": [
                {"name": one.name, "created_at": format_timestamp(one.created_at)}
                for one in uow.sign_ins.passkeys_of(user_id)
            ],
            "has_password": uow.sign_ins.password(user_id) is not None,
            "tokens": [
                {"token_id": one.token_id, "name": one.name, "created_at": format_timestamp(one.created_at)}
                for one in uow.people.tokens_of(user_id)
            ],
            "api_keys": [
                {"api_key_id": one.api_key_id, "name": one.name, "created_at": format_timestamp(one.created_at)}
                for one in uow.api_keys.list(owner=user_id)
            ],
            "saved_views": [{"name": one.name, "query": one.query} for one in uow.saved_views.of_person(user_id)],
            "report": _report(uow.report_wishes.of_person(user_id)),
        }

    # -- erasure -----------------------------------------------------------------------------------

    def erase(self, uow: UnitOfWork, caller: Caller) -> None:
        """Erase the caller's own data in this one act; needs the registry lock.

        Pending requests are withdrawn, unfinished work goes back to others, account roles end, custodial DIDs are
        deactivated and their keys destroyed, open offers end, and every personal column is emptied. Ids, states,
        digests and the audit trail stay: grants in force and credentials keep the status they have, and what was
        revoked stays revoked.
        Revoking is still a reviewer's act, before or after; the person can sign in no more, and the DID that the office
        kept for them presents nothing.

        Raises:
            FreshSignInRequired: By a session whose sign-in is not fresh.
            LastAdmin: Nobody would be left to run the office.
        """
        if caller.session_id is not None:
            self._sessions.require_fresh(caller)
        person = present_person(uow, caller)
        if AccountRole.ADMIN in person.roles and person.active and uow.people.count_active_admins() == 1:
            raise LastAdmin("The last admin's account is not erased; make somebody else an admin first.")
        now = self._clock.now()
        self._withdraw_requests(uow, caller, person, now)
        self._departures.settle(uow, caller, replace(person, active=False))
        self._end_roles(uow, caller, person)
        ended_keys = self._end_custody(uow, caller, person)
        end_own_offers(uow, caller, person.user_id, now)
        for token in uow.people.tokens_of(person.user_id):
            uow.people.revoke_token(token.token_id, now)
        for key in uow.api_keys.list(owner=person.user_id):
            uow.api_keys.revoke(key.api_key_id, now)
        # Before the person's own row is emptied: it tells whose DIDs and files they are.
        uow.erasure.person(person.user_id)
        self._empty_row(uow, person)
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="user.erased",
                object_type="user",
                object_id=person.user_id,
                at=now,
                data={"custodialDids": ended_keys},
            )
        )

    @staticmethod
    def _withdraw_requests(uow: UnitOfWork, caller: Caller, person: Person, now: datetime) -> None:
        for request in uow.requests.of_person(person.user_id):
            moved = withdraw(request, now=now) if request.state is RequestState.PENDING else None
            if moved is None:
                continue
            withdrawn, entry = moved
            uow.requests.update(withdrawn, entry)
            uow.audit.append(
                AuditEntry(
                    actor=caller.actor,
                    request_id=caller.request_id,
                    action="request.withdrawn",
                    object_type="request",
                    object_id=request.request_id,
                    at=now,
                    before={"state": request.state.value, "version": request.version},
                    after={"state": withdrawn.state.value, "version": withdrawn.version},
                    data={"credentialType": request.credential_type},
                )
            )

    def _end_roles(self, uow: UnitOfWork, caller: Caller, person: Person) -> None:
        for role in sorted(person.roles - {AccountRole.ISSUER}):
            self._enrollment.leave_role(uow, caller, role)
        if AccountRole.ISSUER in person.roles:
            self._enrollment.leave_issuer(uow, caller)

    def _end_custody(self, uow: UnitOfWork, caller: Caller, person: Person) -> int:
        ended = 0
        for did in person.dids:
            record = uow.dids.get(did)
            if record is None or record.kind is not DIDKind.HUMAN or not self._own_dids.is_custodial(uow, person, did):
                continue
            if record.is_active:
                self._dids.deactivate(uow, caller, did)
            uow.erasure.keys_of(did)
            ended += 1
        return ended

    @staticmethod
    def _empty_row(uow: UnitOfWork, person: Person) -> None:
        present = uow.people.get(person.user_id) or person
        uow.people.update(
            replace(
                present,
                # The address must be unique, and nobody can write to a name under .invalid (RFC 2606).
                email=f"{person.user_id}@erased.invalid",
                verified=False,
                display_name=ERASED_NAME,
                first_name=None,
                last_name=None,
                locale=None,
                theme=None,
                time_zone=None,
                other_emails=(),
                wallets=(),
                roles=frozenset(),
                scopes=(),
                active=False,
                erased=True,
                version=present.version + 1,
            )
        )


def _person(person: Person) -> Members:
    return {
        "user_id": person.user_id,
        "display_name": person.display_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "emails": [
            {"email": email, "verified": verified}
            for email, verified in (
                (person.email, person.verified),
                *((one.email, one.verified) for one in person.other_emails),
            )
        ],
        "wallets": [{"address": one.address, "verified": one.verified, "label": one.label} for one in person.wallets],
        "dids": list(person.dids),
        "holder_did": person.holder_did,
        "locale": person.locale,
        "theme": person.theme.value if person.theme is not None else None,
        "time_zone": person.time_zone,
        "created_at": format_timestamp(person.created_at),
    }


def _words(record: CredentialRecord) -> JSONValue:
    """A credential as it was signed: a document, or compact text."""
    content = record.document or b""
    return content.decode("ascii") if is_compact(content) else parse_json(content)


def _report(wish: ReportWish | None) -> Members | None:
    """What comes by mail; None where nothing was chosen."""
    if wish is None:
        return None
    chosen = wish.credential_types
    return {"every": wish.every.value, "credential_types": list(chosen) if chosen is not None else None}


def _at(moment: datetime | None) -> str | None:
    return format_timestamp(moment) if moment is not None else None
