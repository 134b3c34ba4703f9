"""Judging addresses before anything is fetched; the exchange itself is tested on loopback in tests/adapters."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from sealwright.adapters.outbound import Allowance, FetchRefused, GuardedOutbound, Target, parse_target
from sealwright.services.ports import Outbound


class Names:
    """A resolver that counts its questions."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.addresses


def test_guarded_outbound_fulfils_the_port() -> None:
    outbound: Outbound = GuardedOutbound()
    assert outbound is not None


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://Office.Example", Target("https", "office.example", 443, "/")),
        ("https://office.example:8443/a/b?c=d/e", Target("https", "office.example", 8443, "/a/b?c=d/e")),
        ("HTTP://1.1.1.1/x", Target("http", "1.1.1.1", 80, "/x")),
        ("https://[2606:4700::1]/", Target("https", "2606:4700::1", 443, "/")),
        ("https://[::ffff:10.0.0.1]/", Target("https", "10.0.0.1", 443, "/")),
        ("https://office.example/%2e%2e/A", Target("https", "office.example", 443, "/%2e%2e/A")),
    ],
)
def test_plain_addresses_are_parsed(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "office.example",
        "//office.example/",
        "ftp://office.example/",
        "file:///etc/passwd",
        "gopher://office.example/",
        "https:office.example",
        "https:///path",
        "https://user@office.example/",
        "https://user:pass@office.example/",
        "https://office.example@127.0.0.1/",
        "https://office.example\\@127.0.0.1/",
        "https://office.example#@127.0.0.1/",
        "https://office.example/#x",
        "https://office.example:0/",
        "https://office.example:65536/",
        "https://office.example:/",
        "https://office.example:80:80/",
        "https://office.example /",
        " https://office.example/",
        "https://office.example/\n",
        "https://office.example/\r\nHost: x",
        "https://office.example/a b",
        "https://óffice.example/",
        "https://office。example/",
        "https://①.1.1.1/",
        "https://office.example./",
        "https://.office.example/",
        "https://office..example/",
        "https://-office.example/",
        "https://under_score.example/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://office.0x/",
        "https://[::1/",
        "https://::1/",
        "https://[fe80::1%25eth0]/",
        "https://[1.1.1.1]extra/",
        "https://%31%32%37.0.0.1/",
        "https://" + "a" * 254 + "/",
        "https://office.example/" + "a" * 2048,
    ],
)
def test_other_spellings_are_refused(url: str) -> None:
    with pytest.raises(FetchRefused):
        parse_target(url)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("1.1.1.1", "10.0.0.1"), ("::ffff:169.254.169.254",), ("1.1.1.1", "fe80::1%eth0"), (), ("junk",)],
    ids=["loopback", "one private among public", "mapped metadata", "link-local", "none", "no address"],
)
def test_names_with_a_private_address_are_refused(addresses: tuple[str, ...]) -> None:
    names = Names(*addresses)
    with pytest.raises(FetchRefused):
        GuardedOutbound(resolve=names).fetch("https://office.example/", accept="application/json", max_bytes=10)
    assert names.asked == ["office.example"]


def test_literal_addresses_are_judged_without_a_look_up() -> None:
    names = Names("1.1.1.1")
    with pytest.raises(FetchRefused) as caught:
        GuardedOutbound(resolve=names).judge("https://[64:ff9b::7f00:1]/")
    assert caught.value.reason == "address"
    assert names.asked == []


def test_refusal_tells_the_caller_nothing() -> None:
    with pytest.raises(FetchRefused) as caught:
        GuardedOutbound(resolve=Names("10.1.2.3")).judge("https://secret.internal/")
    assert str(caught.value) == "could not be fetched"


def test_plain_http_needs_the_operator() -> None:
    names = Names("1.1.1.1")
    with pytest.raises(FetchRefused) as caught:
        GuardedOutbound(resolve=names).judge("http://office.example/")
    assert caught.value.reason == "scheme"
    GuardedOutbound(Allowance(frozenset({"office.example"})), resolve=names).judge("http://office.example/")
    GuardedOutbound(Allowance(networks=(ip_network("1.1.1.0/24"),)), resolve=names).judge("http://office.example/")


def test_allowed_hosts_and_ranges_may_be_private_and_others_not() -> None:
    by_host = GuardedOutbound(Allowance(frozenset({"hooks.internal"})), resolve=Names("10.0.0.5"))
    by_host.judge("https://hooks.internal/")
    with pytest.raises(FetchRefused):
        by_host.judge("https://other.internal/")
    with pytest.raises(FetchRefused):
        by_host.judge("https://x.hooks.internal/")
    by_range = Allowance(networks=(ip_network("10.0.0.0/24"), ip_network("fd00::/8")))
    GuardedOutbound(by_range, resolve=Names("10.0.0.5", "fd00::1", "1.1.1.1")).judge("https://any.internal/")
    with pytest.raises(FetchRefused):
        GuardedOutbound(by_range, resolve=Names("10.0.1.5")).judge("https://any.internal/")
    with pytest.raises(FetchRefused):  # http only where every address is allowed
        GuardedOutbound(by_range, resolve=Names("10.0.0.5", "1.1.1.1")).judge("http://any.internal/")


def test_failed_look_ups_are_refused() -> None:
    def fail(host: str, port: int) -> Sequence[str]:
        raise OSError("name or service not known")

    with pytest.raises(FetchRefused) as caught:
        GuardedOutbound(resolve=fail).judge("https://office.example/")
    assert caught.value.reason == "name"


def test_a_late_look_up_ends_at_the_deadline() -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> Sequence[str]:
        release.wait(10)
        return ["1.1.1.1"]

    with pytest.raises(FetchRefused):
        GuardedOutbound(resolve=hang, deadline_seconds=0.05).judge("https://office.example/")
    release.set()


def test_few_calls_at_once_go_to_one_host() -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def hang(host: str, port: int) -> Sequence[str]:
        if host == "busy.example":
            entered.release()
            release.wait(10)
        return ["1.1.1.1"]

    outbound = GuardedOutbound(resolve=hang, deadline_seconds=10)
    threads = [threading.Thread(target=outbound.judge, args=("https://busy.example/",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        assert entered.acquire(timeout=5)
    outbound.judge("https://free.example/")  # another host is not held up
    assert not entered.acquire(timeout=0.1)  # and nobody else reached the busy one
    release.set()
    for thread in threads:
        thread.join(5)
    assert entered.acquire(timeout=5)
    assert entered.acquire(timeout=5)
