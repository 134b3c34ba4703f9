"""What the notice of a finished batch says."""

from __future__ import annotations

from sealwright.locales import Texts
from sealwright.services.letters.told import Data, Told


def batch_finished(data: Data, texts: Texts) -> Told:
    """Of ``batch_id``, ``name``, ``kind``, ``issued`` (of revocations: revoked) and ``failed``."""
    issued, failed = int(data.get("issued", "0")), int(data.get("failed", "0"))
    lines: list[str] = []
    if data.get("name"):
        lines.append(texts.gettext("It is the batch “%(name)s”.", name=data["name"]))
    if data.get("kind") == "revoke":
        lines.append(texts.ngettext("%(num)s credential was revoked.", "%(num)s credentials were revoked.", issued))
    else:
        lines.append(texts.ngettext("%(num)s credential was issued.", "%(num)s credentials were issued.", issued))
    if failed:
        lines.append(texts.ngettext("%(num)s row failed.", "%(num)s rows failed.", failed))
    act = (texts.gettext("Open the batch"), f"/batches/{data.get('batch_id', '')}")
    return Told(texts.gettext("Your batch is finished"), tuple(lines), None, act)
