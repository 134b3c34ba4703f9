"""Opening an office: its store brought to this program, the office joined over it, and what it holds brought along."""

from __future__ import annotations

from sealwright.adapters.clock import SystemClock
from sealwright.bootstrap.ground import lay_ground
from sealwright.bootstrap.joining import join
from sealwright.services.office import Office
from sealwright.services.ports import Clock
from sealwright.services.upgrading import bring_up
from sealwright.settings import Settings
from sealwright.storage.engines import open_database
from sealwright.storage.migrations import migrate


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
    try:
        migrate(database)
        ground = lay_ground(settings, database, clock or SystemClock())
        office = join(ground, public_url or settings.public_url)
        bring_up(office)
        return office
    except BaseException:
        database.close()
        raise
