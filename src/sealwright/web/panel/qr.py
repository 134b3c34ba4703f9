"""QR codes as SVG: black on white in every theme, with a quiet zone of four modules, colored by class alone."""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup

QUIET_MODULES: Final = 4


def qr_svg(text: str, label: str) -> Markup:
    """Draw a text as a QR code of the smallest version that holds it, at error correction M.

    Args:
        label: What the code is, for whoever cannot see it.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False)
    side = code.symbol_size(scale=1, border=QUIET_MODULES)[0]
    runs = []
    for row, modules in enumerate(code.matrix):
        column = 0
        while column < len(modules):
            length = 1
            while column + length < len(modules) and modules[column + length] == modules[column]:
                length += 1
            if modules[column]:
                runs.append(f"M{column + QUIET_MODULES} {row + QUIET_MODULES}h{length}v1h-{length}z")
            column += length
    return Markup(
        '<svg class="code" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<path class="qr-paper" d="M0 0h{side}v{side}H0z"/><path class="qr-ink" d="{runs}"/></svg>'
    ).format(side=side, label=label, runs="".join(runs))


def qr_version(text: str) -> int:
    """The version (size class) that a text needs, 1 to 40."""
    return int(segno.make(text, error="m", micro=False, boost_error=False).version)
