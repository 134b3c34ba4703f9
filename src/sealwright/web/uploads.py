"""One uploaded file out of a form, and a stored one on its way back: as a download, never as a page of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sealwright.domain.errors import MalformedBody
from sealwright.vc.errors import Fault
from sealwright.web.panel.form_reading import read_form
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.desk_ports import Attachment
    from sealwright.web.call import Call

FIELD: Final = "file"
# Should a browser show it all the same: without scripts, frames, forms or an origin.
_CSP: Final = b"default-src 'none'; sandbox; frame-ancestors 'none'"


def read_upload(call: Call) -> tuple[str, bytes]:
    """Name and content of the one file of a form.

    Raises:
        MalformedBody: No file, more than one, or further members.
        TransportRefused: PAYLOAD_TOO_LARGE, or a form that cannot be read.
    """
    pairs, files = read_form(call.exchange, call.raw)
    if pairs or any(file.field_name != FIELD for file in files):
        raise MalformedBody("The form holds more than a file.", faults=[Fault("", "UNKNOWN_FIELD", "only file")])
    if len(files) != 1:
        code = "MISSING_FIELD" if not files else "INVALID_VALUE"
        raise MalformedBody("One file is expected.", faults=[Fault(f"/{FIELD}", code, "must be there once")])
    limit = call.route.upload_bytes or 0
    if len(files[0].content) > limit:
        raise TransportRefused("PAYLOAD_TOO_LARGE", f"The file is larger than {limit} bytes.")
    return files[0].name, files[0].content


def download(attachment: Attachment) -> Reply:
    """A stored file as a download, under its own name."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\%;' else "_" for letter in attachment.name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(attachment.name, safe='')}"
    return Reply(
        200,
        attachment.content,
        attachment.media_type.encode("ascii"),
        (
            (b"content-disposition", disposition.encode("ascii")),
            (b"content-security-policy", _CSP),
            (b"cache-control", b"private, no-store"),
        ),
    )
