"""Where commands sit: settings read, the office built on the store, the operator as caller."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sealwright.cli.loading import loading

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.registry import RegistryView
    from sealwright.settings import Settings

T = TypeVar("T")
_LOGIN_MAX: Final = 64
_NOT_SET_UP: Final = "The office has not been set up; run: sealwright init"


@dataclass(frozen=True, slots=True)
class Desk:
    """An open office and who works at it."""

    settings: Settings
    office: Office
    caller: Caller

    @property
    def view(self) -> RegistryView:
        """The registry as it is now."""
        return self.office.registry.current()

    def seated(self, user_id: str | None) -> Desk:
        """The same desk with somebody sitting at it: acts are theirs, within what they may do; None changes nothing.

        Raises:
            UserNotFound, AccountInactive: There is nobody, or no longer.
        """
        if user_id is None:
            return self
        from sealwright.domain.errors import AccountInactive
        from sealwright.domain.people import OPERATOR_AUTH, Actor, ActorKind, Caller

        person = self.office.people.get(user_id)
        if not person.active:
            raise AccountInactive("This account is deactivated.")
        actor = Actor(ActorKind.USER, person.user_id, OPERATOR_AUTH)
        return replace(self, caller=Caller(actor, self.view.epoch, person=person))

    def act(self, act: Callable[[UnitOfWork, Caller], T], *, changes_registry: bool = True) -> T:
        """Carry out an act in a transaction of its own."""
        return self.office.acts.run(self.caller, act, changes_registry=changes_registry)


def read_settings(overrides: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings; `overrides` win over the environment.

    Raises:
        SettingRefused: The first one that is unknown or bad.
    """
    from sealwright.settings import load_settings

    return load_settings({**os.environ, **(overrides or {})}, cwd=Path.cwd())


def peek_settings() -> Settings:
    """Read and check the settings without making the data folder.

    Raises:
        SettingRefused: The first one that is unknown or bad.
    """
    from sealwright import settings

    return settings.check_settings(settings.read_settings(os.environ, cwd=Path.cwd()))


def login() -> str:
    """Name whoever sits at the terminal, in printable ASCII."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in many containers.
        name = f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return "".join(letter if "!" <= letter <= "~" else "?" for letter in name)[:_LOGIN_MAX] or "unknown"


@contextmanager
def open_office(settings: Settings) -> Iterator[Desk]:
    """Open the store, bring it to this version, and build the office on it, founded or not; it is closed at the end.

    Raises:
        StoreRefused, KekRefused: The database or the key-encryption key cannot be used.
        StoreUnavailable: The database does not answer.
    """
    with loading():
        from sealwright import bootstrap
    from sealwright.domain.people import operator

    office = bootstrap.build(settings)
    try:
        yield Desk(settings, office, operator(login()))
    finally:
        office.close()


def has_store(settings: Settings) -> bool:
    """Tell whether there may be a store: reading must not leave an empty file behind."""
    from sealwright.settings import Database

    if settings.database is not Database.SQLITE:
        return True
    return Path(settings.database_url.reveal().removeprefix("sqlite:///")).exists()


@contextmanager
def reading() -> Iterator[Desk]:
    """Open an office that has been set up, to read from it.

    Raises:
        SettingRefused: A bad setting.
        SetupRequired: It has not been set up.
    """
    from sealwright.domain.errors import SetupRequired

    settings = read_settings()
    if not has_store(settings):
        raise SetupRequired(_NOT_SET_UP)
    with open_office(settings) as desk:
        if not desk.view.is_initialized():
            raise SetupRequired(_NOT_SET_UP)
        yield desk


@contextmanager
def writing() -> Iterator[Desk]:
    """Open the office to change something; a new one is founded first.

    Raises:
        SettingRefused: A bad setting.
    """
    from sealwright.services.founding import found

    settings = read_settings()
    with open_office(settings) as desk:
        if not desk.view.is_initialized():
            found(desk.office, desk.caller, organization=settings.organization)
        yield desk
