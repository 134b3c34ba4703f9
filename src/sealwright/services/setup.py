"""The first run: a one-time link, the first admin, and the four parts that make an office of it (ux.md, S1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import MalformedBody, NotFound, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller, Person, UserId
from sealwright.domain.shown_text import require_name
from sealwright.domain.sign_in import LinkPurpose, SignInMethod
from sealwright.services.acts import Acts
from sealwright.services.catalog import PLATFORM_DID
from sealwright.services.dids import DIDDesk, NewDID
from sealwright.services.email_addresses import read_email
from sealwright.services.founding import Founded
from sealwright.services.links import LetterWriter, Links
from sealwright.services.own_means import NewPassword, OwnMeans
from sealwright.services.pictures import LOGO
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import INITIALIZED
from sealwright.services.sessions import SESSION_AUTH, SignedIn
from sealwright.services.sign_in import SignInDesk, Visitor
from sealwright.vc.errors import Fault

if TYPE_CHECKING:
    from sealwright.services.demo import DemoData

ORGANIZATION: Final = "organization"
_ISSUER_METHOD: Final = "setup_issuer_method"
_WANTED_URL: Final = "setup_public_url"
_SAMPLE_DATA: Final = "setup_sample_data"
_OVER: Final = "There is nothing here."
_NAME_MAX: Final = 200
METHODS: Final = ("adi", "web")


@dataclass(frozen=True, slots=True)
class SetupState:
    """How far the first run has come.

    Args:
        has_way_in: The admin who asks has a password or a passkey.
        has_recovery_codes: There are codes to come back with.
        issuer_did: The platform's DID, once it was made.
        public_url: Under which this server runs now.
        wanted_public_url: What was chosen for the next start; None where nothing else was.
    """

    organization: str | None
    has_way_in: bool
    has_recovery_codes: bool
    issuer_did: str | None
    issuer_method: str
    sample_data: bool
    public_url: str
    wanted_public_url: str | None


@dataclass(frozen=True, slots=True)
class SetUp:
    """What stands after setting up; `demo` holds tokens that are shown this once."""

    founded: Founded
    demo: DemoData | None


class SetupDesk:
    """Sets the office up by a browser. Every method but `open_link` and `is_over` is gone once it is set up.

    Args:
        found: Founds the office for a caller under an organization's name (services/founding.py).
        seed: Fills in the sample data.
        keep_public_url: Writes the public URL to the settings file; raises MalformedBody for one it does not take.
        is_reachable: Tells whether an address of ours answers from outside.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        clock: Clock,
        links: Links,
        letters: LetterWriter,
        sign_in: SignInDesk,
        means: OwnMeans,
        dids: DIDDesk,
        found: Callable[[Caller, str], Founded],
        seed: Callable[[Caller], DemoData],
        keep_public_url: Callable[[str], None],
        is_reachable: Callable[[str], bool],
        public_url: str,
        default_organization: str,
        default_locale: str,
    ) -> None:
        self._units = units
        self._acts = acts
        self._clock = clock
        self._links = links
        self._letters = letters
        self._sign_in = sign_in
        self._means = means
        self._dids = dids
        self._found = found
        self._seed = seed
        self._keep_public_url = keep_public_url
        self._is_reachable = is_reachable
        self._public_url = public_url
        self._default_organization = default_organization
        self._default_locale = default_locale

    # -- the link ----------------------------------------------------------------------------------

    def is_over(self) -> bool:
        """Tell whether the office has been set up."""
        with self._units(write=False) as uow:
            return uow.office.get(INITIALIZED) is not None

    def open_link(self) -> str:
        """Make a setup link, good for an hour and one admin account; earlier ones end.

        Raises:
            StateConflict: The office has been set up.
        """
        with self._units() as uow:
            if uow.office.get(INITIALIZED) is not None:
                raise StateConflict("The office has been set up already.")
            link = self._links.make(uow, LinkPurpose.SETUP, user_id=None, email=None)
            uow.commit()
        return link

    def check(self, token: str) -> None:
        """Tell whether a setup link still works, without spending it. Raises LinkSpent, NotFound."""
        with self._units(write=False) as uow:
            _require_open(uow)
            self._links.find(uow, LinkPurpose.SETUP, token)

    # -- the four parts ----------------------------------------------------------------------------

    def create_admin(
        self, token: str, visitor: Visitor, *, email: str, display_name: str, password: str | None = None
    ) -> SignedIn:
        """Spend the link, make the first admin, and sign them in.

        Args:
            password: None where a passkey follows: it is added by `OwnMeans` with the session that begins here.

        Raises:
            LinkSpent: Used, or too old; another caller was faster.
            MalformedBody: Address, name or password cannot be taken.
            NotFound: The office has been set up.
        """
        address = read_email(email)
        name = _read_name(display_name, "/display_name")
        prepared = self._means.prepare_password(password) if password is not None else None
        with self._units() as uow:
            uow.office.raise_epoch()
            _require_open(uow)
            self._links.use(uow, LinkPurpose.SETUP, token)
            person = self._admin(uow, address, name)
            if prepared is not None:
                self._store_password(uow, person, prepared)
            return self._sign_in.begin(uow, person, SignInMethod.SETUP, visitor)

    def _admin(self, uow: UnitOfWork, email: str, name: str) -> Person:
        known = uow.people.by_email(email)
        # Whoever holds the link sits at the terminal, so an address from an earlier, broken-off try is taken over.
        if known is None:
            person = Person(
                user_id=UserId(new_id("usr")),
                email=email,
                verified=True,
                display_name=name,
                roles=frozenset({AccountRole.ADMIN}),
                created_at=self._clock.now(),
            )
            uow.people.add(person)
        else:
            roles = known.roles | {AccountRole.ADMIN}
            person = replace(
                known, display_name=name, roles=roles, verified=True, active=True, version=known.version + 1
            )
            uow.people.update(person)
        uow.audit.append(
            AuditEntry(
                actor=Actor(ActorKind.USER, person.user_id, SESSION_AUTH),
                action="user.created" if known is None else "user.updated",
                object_type="user",
                object_id=person.user_id,
                at=self._clock.now(),
                data={"roles": sorted(person.roles)},
            )
        )
        return person

    def _store_password(self, uow: UnitOfWork, person: Person, prepared: NewPassword) -> None:
        actor = Actor(ActorKind.USER, person.user_id, SESSION_AUTH)
        self._means.store_password(uow, Caller(actor, uow.office.epoch()), person.user_id, prepared)

    def state(self, caller: Caller) -> SetupState:
        """How far the first run has come; raises RoleRequired, NotFound."""
        caller.require_admin()
        means = self._means.of(caller) if caller.person is not None else None
        with self._units(write=False) as uow:
            _require_open(uow)
            wanted = uow.office.get(_WANTED_URL)
            return SetupState(
                organization=uow.office.get(ORGANIZATION),
                has_way_in=means is not None and (means.has_password or bool(means.passkeys)),
                has_recovery_codes=means is not None and means.recovery_codes > 0,
                issuer_did=uow.office.get(PLATFORM_DID),
                issuer_method=uow.office.get(_ISSUER_METHOD) or "adi",
                sample_data=uow.office.get(_SAMPLE_DATA) == "true",
                public_url=self._public_url,
                wanted_public_url=wanted if wanted != self._public_url else None,
            )

    def set_organization(
        self, caller: Caller, name: str, *, logo_id: str | None = None, public_url: str | None = None
    ) -> bool:
        """Name the organization, with a logo (an uploaded picture) and the base of every link.

        Gives True where the server has to be started again: it runs under another public URL than the chosen one.

        Raises:
            RoleRequired, NotFound: Not an admin; the office has been set up.
            MalformedBody: The name, the picture or the URL cannot be taken.
        """
        shown = _read_name(name, "/name")
        changes_url = public_url is not None and public_url != self._public_url
        if changes_url and public_url is not None:
            caller.require_admin()
            self._keep_public_url(public_url)

        def act(uow: UnitOfWork, present: Caller) -> None:
            present.require_admin()
            _require_open(uow)
            uow.office.put(ORGANIZATION, shown)
            if logo_id is not None:
                _require_picture(uow, logo_id)
                uow.office.put(LOGO, logo_id)
            uow.office.put(_WANTED_URL, public_url or self._public_url)

        self._acts.run(caller, act, changes_registry=True)
        return changes_url

    def reaches_outside(self) -> bool:
        """Tell whether the public URL answers from here by way of the network; what the network hides is a no."""
        return self._is_reachable(f"{self._public_url}/healthz")

    def set_issuer(self, caller: Caller, method: str) -> str:
        """Make the issuing key and DID of the platform; once. Gives the DID.

        Args:
            method: ``adi`` needs nothing outside; ``web`` needs the public URL to be reachable by verifiers.

        Raises:
            RoleRequired, NotFound: Not an admin; the office has been set up.
            StateConflict: It was made already, or the server runs under another URL than the chosen one.
            MalformedBody: Another method.
            Sealed: Keys cannot be made now.
        """
        if method not in METHODS:
            raise MalformedBody("The method is adi or web.", faults=[Fault("/method", "INVALID_VALUE", "adi or web")])

        def act(uow: UnitOfWork, present: Caller) -> str:
            present.require_admin()
            _require_open(uow)
            if uow.office.get(PLATFORM_DID) is not None:
                raise StateConflict("The platform's DID was made already.")
            self._require_final_url(uow)
            name = uow.office.get(ORGANIZATION) or self._default_organization
            made = self._dids.create(uow, present, NewDID(method=method, kind=DIDKind.PLATFORM, name=name))
            uow.office.put(PLATFORM_DID, made.did)
            uow.office.put(_ISSUER_METHOD, method)
            return made.did

        return self._acts.run(caller, act, changes_registry=True)

    def sample_data(self, caller: Caller, *, wanted: bool = True) -> None:
        """Choose whether finishing fills in the sample data. Raises RoleRequired, NotFound."""

        def act(uow: UnitOfWork, present: Caller) -> None:
            present.require_admin()
            _require_open(uow)
            uow.office.put(_SAMPLE_DATA, "true" if wanted else "false")

        self._acts.run(caller, act, changes_registry=True)

    def send_test_mail(self, caller: Caller) -> str:
        """Put a letter to the admin into the outbox; gives its address. Raises RoleRequired."""
        person = caller.require_person()
        caller.require_admin()
        if person is None:
            raise StateConflict("There is nobody here to write to.")

        def act(uow: UnitOfWork, _: Caller) -> str:
            locale = person.locale or self._default_locale
            uow.notices.add_mail(self._letters("test", locale, {}, to=person.email, user_id=person.user_id))
            return person.email

        return self._acts.run(caller, act)

    # -- the end -----------------------------------------------------------------------------------

    def finish(self, caller: Caller) -> SetUp:
        """End the first run for good; what was not chosen takes its default.

        Raises:
            RoleRequired, NotFound: Not an admin; the office has been set up.
            StateConflict: The admin has no way back in yet, or the server must be started under its new URL first.
            Sealed: Keys cannot be made now.
        """
        state = self.state(caller)
        if caller.person is not None and not state.has_way_in:
            raise StateConflict("Add a passkey or a password first: otherwise nobody could sign in again.")
        with self._units(write=False) as uow:
            self._require_final_url(uow)
        founded = self._found(caller, state.organization or self._default_organization)
        with self._units() as uow:
            uow.sign_ins.void_links(purpose=LinkPurpose.SETUP.value, user_id=None, at=self._clock.now())
            uow.commit()
        return SetUp(founded, self._seed(caller) if state.sample_data else None)

    def _require_final_url(self, uow: UnitOfWork) -> None:
        wanted = uow.office.get(_WANTED_URL)
        if wanted is not None and wanted != self._public_url:
            # Contexts, status lists and did:web carry the URL for ever.
            raise StateConflict(f"Start the server again first, so that it runs under {wanted}.")


def _require_open(uow: UnitOfWork) -> None:
    if uow.office.get(INITIALIZED) is not None:
        raise NotFound(_OVER)


def _require_picture(uow: UnitOfWork, attachment_id: str) -> None:
    found = uow.attachments.describe([attachment_id])
    if not found or not found[0].media_type.startswith("image/"):
        detail = "The logo must be a picture that was uploaded before."
        raise MalformedBody(detail, faults=[Fault("/logo", "INVALID_VALUE", detail)])


def _read_name(text: str, pointer: str) -> str:
    return require_name(text.strip(), pointer, _NAME_MAX)
