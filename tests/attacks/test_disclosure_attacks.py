"""No part of what a holder shows can be altered: every member, every byte of its proof, every spelling is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import pytest

from tests.support.attacking import tally
from tests.support.disclosure_world import BBS, ECDSA, ECDSA_SD, LEGACY, DisclosureWorld, disclosure_world
from tests.support.json_attacks import KEEPS, Altered, altered_documents, altered_twice
from tests.support.token_attacks import altered_letters, altered_tokens
from tests.support.value_attacks import altered_values

# One part altered, each part in every way; then, to get to the fifty thousand that are aimed at, two parts at once.
AT_LEAST: Final = {
    "BbsBlsSignature2020": 1_400,
    "BbsBlsSignatureProof2020": 1_400,
    "bbs-2023 derived": 1_700,
    "ecdsa-sd-2023 derived": 1_700,
    "ecdsa-rdfc-2019": 1_400,
    "SD-JWT with key binding": 1_400,
}
TWICE: Final = 6_900


@dataclass(frozen=True)
class Target:
    """What is attacked, who judges it, and how."""

    shown: Any
    judge: Callable[[object], object]
    attacks: Iterable[Altered]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisclosureWorld]:
    with disclosure_world(tmp_path_factory.mktemp("attacks")) as made:
        yield made


def _in_document(document: dict[str, Any], seed: str) -> Iterable[Altered]:
    return chain(altered_documents(document, seed), altered_values(document, seed))


def _further(target: Target, seed: str) -> Iterable[Altered]:
    if isinstance(target.shown, str):
        return altered_letters(target.shown, seed, TWICE)
    return altered_twice(target.shown, seed, TWICE)


def _target(world: DisclosureWorld, name: str) -> Target:
    if name.startswith("SD-JWT"):
        text = world.bind(world.sd_jwt()[1])
        return Target(text, world.judge_bound, altered_tokens(text, name))
    documents: dict[str, Callable[[], dict[str, Any]]] = {
        "BbsBlsSignature2020": lambda: world.base(LEGACY),
        "BbsBlsSignatureProof2020": lambda: world.derive(world.base(LEGACY)),
        "bbs-2023 derived": lambda: world.derive(world.base(BBS)),
        "ecdsa-sd-2023 derived": lambda: world.derive(world.base(ECDSA_SD)),
        "ecdsa-rdfc-2019": lambda: world.base(ECDSA),
    }
    document = documents[name]()
    return Target(document, world.judge, _in_document(document, name))


@pytest.mark.parametrize("name", AT_LEAST)
def test_nothing_that_is_altered_is_accepted(world: DisclosureWorld, name: str) -> None:
    target = _target(world, name)
    report: Any = target.judge(target.shown)
    assert report, [(check.name, check.code, check.detail) for check in report.failures]
    found = tally(target.attacks, target.judge)
    assert found.is_clean, found
    assert found.tried >= AT_LEAST[name], found.tried
    # What is left out by rule is a small part, or the rules would hide what they should excuse.
    assert sum(found.excused.values()) * 10 < found.tried, found.excused


@pytest.mark.parametrize("name", AT_LEAST)
def test_nothing_that_is_altered_twice_is_accepted(world: DisclosureWorld, name: str) -> None:
    target = _target(world, name)
    found = tally(_further(target, name), target.judge)
    assert found.is_clean, found
    # Of random letters some are those that stood there.
    assert found.tried >= TWICE * 0.95, found.tried


def test_fifty_thousand_are_tried() -> None:
    assert sum(AT_LEAST.values()) >= 5_000
    assert sum(AT_LEAST.values()) + len(AT_LEAST) * TWICE >= 50_000


def test_every_rule_of_what_keeps_the_meaning_is_met(world: DisclosureWorld) -> None:
    """A rule that excuses nothing has no place in the list."""
    met = {one.kept for one in altered_documents(world.base(ECDSA), "rules")}
    assert met == {None, *KEEPS}


def test_attacks_are_the_same_each_time(world: DisclosureWorld) -> None:
    document = world.base(ECDSA)
    runs = [[(one.label, one.document) for one in _in_document(document, "again")] for _ in range(2)]
    assert runs[0] == runs[1]
    labels = [label for label, _ in runs[0]]
    assert len(labels) == len(set(labels))
