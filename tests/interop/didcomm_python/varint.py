"""Unsigned varints, in place of the package of this name: that is published as source only, so no lock holds a wheel.

Spec: Multiformats, "unsigned-varint".
"""


def encode(number: int) -> bytes:
    """The bytes of a number, seven bits each, the lowest first."""
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def decode_bytes(data: bytes) -> int:
    """The number at the start of some bytes."""
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
        shift += 7
    return number
