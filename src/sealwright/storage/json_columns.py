"""The JSON texts of columns, read by decoders that were built when this module was imported.

The library builds what it knows of a type at the type's first use and shows it to other threads while that is half
done; two threads that read their first row at once then ended the whole process (a segmentation fault in
msgspec 0.22.0). So every decoder of a type is made at import, never in a call; a test of the house looks for it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sealwright.domain.people import AccountRole

read_texts: Final = msgspec.json.Decoder(tuple[str, ...]).decode
read_text_list: Final = msgspec.json.Decoder(list[str]).decode
read_text_map: Final = msgspec.json.Decoder(dict[str, str]).decode
read_pairs: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
read_roles: Final = msgspec.json.Decoder(frozenset[AccountRole]).decode


def json_text(value: object) -> str:
    """Give a value as the JSON text of a column."""
    return msgspec.json.encode(value).decode()
