"""Only globally routable unicast passes, in whatever IPv6 dress an IPv4 address comes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from sealwright.adapters.addresses import carried_ipv4, is_public, parse_address

PRIVATE_V4 = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]
PUBLIC_V4 = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255"]


def dressed(inner: str) -> list[str]:
    """Every IPv6 form that carries an IPv4 address."""
    value = int(IPv4Address(inner))
    public = int(IPv4Address("1.1.1.1"))
    return [
        str(IPv6Address(number))
        for number in (
            0xFFFF << 32 | value,
            0xFFFF << 48 | value,
            0x64FF9B << 96 | value,
            0x2002 << 112 | value << 80 | 1,
            0x20010000 << 96 | value << 64 | (~public & 0xFFFFFFFF),
            0x20010000 << 96 | public << 64 | (~value & 0xFFFFFFFF),
            0x26064700 << 96 | 0x5EFE << 32 | value,
            0x26064700 << 96 | 0x02005EFE << 32 | value,
        )
    ]


@pytest.mark.parametrize("text", PRIVATE_V4)
def test_special_ipv4_is_not_public_in_any_dress(text: str) -> None:
    assert not is_public(ip_address(text))
    for form in dressed(text):
        assert not is_public(ip_address(form)), form
        assert not is_public(parse_address(form)), form
    assert not is_public(ip_address(f"::{text}"))


@pytest.mark.parametrize("text", PUBLIC_V4)
def test_global_ipv4_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_mapped_nat64_6to4_and_teredo_of_global_addresses_are_public() -> None:
    mapped, _, nat64, six_to_four, teredo = dressed("8.8.8.8")[:5]
    for form in (mapped, nat64, six_to_four, teredo):
        assert is_public(ip_address(form)), form


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "64:ff9b:1::1",
        "2001:db8::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
    ],
)
def test_special_ipv6_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888"])
def test_global_ipv6_is_public(text: str) -> None:
    assert is_public(ip_address(text))
    assert carried_ipv4(IPv6Address(text)) == ()


def test_mapped_address_is_read_as_the_ipv4_address_it_is() -> None:
    assert parse_address("::ffff:10.0.0.1") == IPv4Address("10.0.0.1")
    with pytest.raises(ValueError, match="appear"):
        parse_address("office.example")
