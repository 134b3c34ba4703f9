"""Which addresses we may connect to for a stranger: globally routable unicast, whatever dress they come in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address
IPNetwork: TypeAlias = IPv4Network | IPv6Network

# IANA's registries of special-purpose addresses, written out: the standard library's tables change between its
# patch releases, and what is refused here must not depend on which one runs.
_SPECIAL_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
# Forms whose last 32 bits are an IPv4 address: compatible, mapped, translated (SIIT), NAT64.
_TAIL_V4: Final = tuple(IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_LOW_32: Final = 0xFFFFFFFF


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is globally routable unicast, and every IPv4 address it carries is too.

    Spec: RFC 6890, "IPv4 Special-Purpose Address Registry", "IPv6 Special-Purpose Address Registry".
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if address.scope_id is not None:
        return False
    carried = carried_ipv4(address)
    if not all(is_public(inner) for inner in carried):
        return False
    # A form that is nothing but an IPv4 address is judged by that alone; the rest must stand on its own feet too.
    if any(address in network for network in _TAIL_V4) or address in _TEREDO:
        return True
    return address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


def carried_ipv4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for or is routed by.

    Spec: RFC 4291, RFC 7915, RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo: server, and client inverted),
    RFC 5214 (ISATAP).
    """
    value = int(address)
    if any(address in network for network in _TAIL_V4):
        return (IPv4Address(value & _LOW_32),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(value >> 80 & _LOW_32),)
    if address in _TEREDO:
        return (IPv4Address(value >> 64 & _LOW_32), IPv4Address(~value & _LOW_32))
    if value >> 32 & _LOW_32 in _ISATAP:
        return (IPv4Address(value & _LOW_32),)
    return ()


def parse_address(text: str) -> IPAddress:
    """Read an address as a resolver gives it; an IPv4-mapped one becomes the IPv4 address that it is.

    Raises:
        ValueError: Not an address.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
