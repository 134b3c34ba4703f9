"""The desks of accounts, joined: signing in, the first run, and what people keep of themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealwright.domain.people import Caller
from sealwright.services.acts import Acts
from sealwright.services.demo import DemoData, seed_demo
from sealwright.services.desk_ports import Passkeys, PasswordHasher, WalletProofs
from sealwright.services.dids import DIDDesk
from sealwright.services.founding import Founded, found
from sealwright.services.links import LetterWriter, Links
from sealwright.services.lockout import Lockout
from sealwright.services.notices import NoticeDesk
from sealwright.services.outside_sign_in import OutsideProvider, OutsideSignIn
from sealwright.services.own_dids import Encrypt, OwnDIDs
from sealwright.services.own_means import OwnMeans
from sealwright.services.people import PeopleDesk
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.profile import ProfileDesk
from sealwright.services.sessions import Sessions
from sealwright.services.setup import SetupDesk
from sealwright.services.sign_in import SignInDesk
from sealwright.services.wallets import WalletDesk
from sealwright.vc.dids.resolver import DIDResolver

if TYPE_CHECKING:
    from sealwright.services.office import Office


@dataclass(frozen=True, slots=True)
class AccountPorts:
    """What the desks of accounts need from outside.

    Args:
        provider: The organization's own sign-in, where one is set up.
        keep_public_url: Keeps the base of every link for the next start.
        is_reachable: Tells whether an address of ours answers from outside.
    """

    hasher: PasswordHasher
    passkeys: Passkeys
    wallets: WalletProofs
    encrypt: Encrypt
    provider: OutsideProvider | None
    keep_public_url: Callable[[str], None]
    is_reachable: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """The settings that concern accounts."""

    public_url: str
    organization: str
    default_locale: str
    open_registration: bool


@dataclass(frozen=True, slots=True)
class AccountNeighbors:
    """What is built before, and with which the desks of accounts work."""

    units: UnitOfWorkFactory
    clock: Clock
    keys: KeyStore
    acts: Acts
    dids: DIDDesk
    resolver: DIDResolver
    notices: NoticeDesk
    letters: LetterWriter
    people: PeopleDesk


class Founding:
    """Founds and fills the office that it is given once that is joined: the desk of the first run is a part of it."""

    office: Office

    def found(self, caller: Caller, organization: str) -> Founded:
        """Found the office under a name."""
        return found(self.office, caller, organization=organization)

    def seed(self, caller: Caller) -> DemoData:
        """Fill in the sample data."""
        return seed_demo(self.office, caller)


@dataclass(frozen=True, slots=True)
class AccountDesks:
    """The desks; `founding` waits for the office that they become a part of."""

    sessions: Sessions
    sign_in: SignInDesk
    outside_sign_in: OutsideSignIn
    means: OwnMeans
    setup: SetupDesk
    profile: ProfileDesk
    wallets: WalletDesk
    own_dids: OwnDIDs
    founding: Founding


def join_accounts(near: AccountNeighbors, ports: AccountPorts, terms: AccountTerms) -> AccountDesks:
    """Join the desks of accounts over what they need."""
    units, clock = near.units, near.clock
    public_url, locale, letters = terms.public_url, terms.default_locale, near.letters
    sessions, lockout, links = Sessions(units, clock), Lockout(units, clock), Links(clock, public_url)
    founding = Founding()
    means = OwnMeans(
        units=units, clock=clock, sessions=sessions, lockout=lockout, hasher=ports.hasher, passkeys=ports.passkeys
    )
    sign_in = SignInDesk(
        units=units,
        clock=clock,
        sessions=sessions,
        lockout=lockout,
        hasher=ports.hasher,
        passkeys=ports.passkeys,
        links=links,
        letters=letters,
        notices=near.notices,
        people=near.people,
        open_registration=terms.open_registration,
        default_locale=locale,
    )
    setup = SetupDesk(
        units=units,
        acts=near.acts,
        clock=clock,
        links=links,
        letters=letters,
        sign_in=sign_in,
        means=means,
        dids=near.dids,
        found=founding.found,
        seed=founding.seed,
        keep_public_url=ports.keep_public_url,
        is_reachable=ports.is_reachable,
        public_url=public_url,
        default_organization=terms.organization,
        default_locale=locale,
    )
    return AccountDesks(
        sessions=sessions,
        sign_in=sign_in,
        outside_sign_in=OutsideSignIn(
            units=units, clock=clock, sign_in=sign_in, provider=ports.provider, public_url=public_url
        ),
        means=means,
        setup=setup,
        profile=ProfileDesk(clock=clock, sessions=sessions, links=links, letters=letters, default_locale=locale),
        wallets=WalletDesk(clock=clock, proofs=ports.wallets, public_url=public_url),
        own_dids=OwnDIDs(
            clock=clock,
            sessions=sessions,
            dids=near.dids,
            keys=near.keys,
            resolver=near.resolver,
            encrypt=ports.encrypt,
            public_url=public_url,
        ),
        founding=founding,
    )
