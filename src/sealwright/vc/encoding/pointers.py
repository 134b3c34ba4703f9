"""JSON pointers: how every refusal says where a fault is.

Spec: RFC 6901, JavaScript Object Notation (JSON) Pointer.
"""

from __future__ import annotations


def escape_token(name: str) -> str:
    """One member name as a reference token: ``~`` and ``/`` are escaped."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name


def child(pointer: str, step: str | int) -> str:
    """The pointer of a member (by name) or of an item (by 0-based index) below `pointer`."""
    return f"{pointer}/{escape_token(step) if isinstance(step, str) else step}"
