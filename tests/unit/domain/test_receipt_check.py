"""The stand-alone check of receipts: what holds is taken, and of five thousand forgeries none."""

from __future__ import annotations

import ast
import copy
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain import receipt_check
from sealwright.domain.receipt_check import (
    ChainSilent,
    Finding,
    Malformed,
    NotAReceipt,
    ReceiptVerdict,
    check_receipt,
    read_receipt_file,
)
from tests.support import log_client
from tests.support.receipts import CHAIN, ORIGIN, Log, log_key, note, signing_key, sound, spelled

LOG, FILE = sound()
EARLIER: Final = LOG.note(3).encode()
KEY: Final = log_key()
_, ON_CHAIN = sound(chain=CHAIN)


def holds(chain: Mapping[str, object], root: str) -> bool:
    """A chain that holds one root in one place."""
    return dict(chain) == CHAIN and root == ON_CHAIN["receipt"]["merkleRoot"]


def judged(
    file: object, *, keys: list[receipt_check.LogKey] | None = None, earlier: bytes | None = EARLIER, ask: Any = holds
) -> ReceiptVerdict:
    content = file if isinstance(file, bytes) else spelled(file)
    return check_receipt(
        read_receipt_file(content), keys=[KEY] if keys is None else keys, earlier=earlier, ask_chain=ask
    )


def outcome(verdict: ReceiptVerdict, name: str) -> str:
    return next(one.outcome for one in verdict.checks if one.name == name)


def changed(part: str, **members: object) -> dict[str, Any]:
    return {**FILE, part: {**FILE[part], **members}}


# ---- what holds ------------------------------------------------------------------------------------------------------


def test_sound_file_is_sound() -> None:
    verdict = judged(FILE)
    assert verdict.finding is Finding.SOUND
    assert verdict.exit_code == 0
    assert verdict.detail == "7 checks hold."
    assert outcome(verdict, "chain") == "not_applicable"


def test_a_chain_is_never_asked_about_what_is_not_the_logs() -> None:
    asked: list[str] = []

    def asking(chain: Mapping[str, object], root: str) -> bool:
        asked.append(root)
        return True

    receipt = ON_CHAIN["receipt"]
    forged = [
        {**receipt, "leafCount": receipt["leafCount"] + 1},
        {**receipt, "inclusionPath": ["00" * 32] * len(receipt["inclusionPath"])},
    ]
    for one in forged:
        verdict = judged({**ON_CHAIN, "receipt": one}, ask=asking)
        assert (verdict.verified, outcome(verdict, "chain")) == (False, "unchecked")
    assert outcome(judged(ON_CHAIN, keys=[], ask=asking), "chain") == "unchecked"
    assert asked == []
    assert judged(ON_CHAIN, ask=asking).verified
    assert len(asked) == 1


def test_receipt_of_a_chain_is_sound_where_the_chain_is_asked() -> None:
    assert judged(ON_CHAIN).verified is True
    assert judged(ON_CHAIN, ask=None).verified is None

    def silent(chain: Mapping[str, object], root: str) -> bool:
        raise ChainSilent

    assert judged(ON_CHAIN, ask=silent).verified is None
    assert judged(ON_CHAIN, ask=lambda chain, root: False).verified is False


def test_receipt_alone_and_both_answers_merged_are_taken() -> None:
    alone = judged(FILE["receipt"], earlier=None)
    assert alone.verified is True
    assert outcome(alone, "leaf") == "not_applicable"
    merged = judged({**FILE["receipt"], **FILE["proof"]}, earlier=None)
    assert merged.verified is True
    assert outcome(merged, "leaf") == "passed"


def test_credential_counts_by_its_bytes_and_else_in_compact_spelling() -> None:
    pretty = json.dumps(FILE, indent=2, ensure_ascii=False).encode()
    assert judged(pretty).verified is True
    escaped = json.dumps(FILE, separators=(",", ":"), ensure_ascii=True).encode()
    assert judged(escaped).verified is True
    text = {**FILE, "credential": spelled(FILE["credential"]).decode()}
    assert judged(text).verified is True
    moved = {**FILE, "credential": dict(reversed(FILE["credential"].items()))}
    assert outcome(judged(moved), "document") == "failed"


def test_credential_without_its_proof_stays_open() -> None:
    verdict = judged({"receipt": FILE["receipt"], "credential": FILE["credential"]}, earlier=None)
    assert verdict.verified is None


# ---- what does not ---------------------------------------------------------------------------------------------------


def test_no_key_and_other_keys_leave_it_open() -> None:
    for keys in ([], [log_key("stranger")], [log_key("log", "elsewhere.example/log")]):
        verdict = judged(FILE, keys=keys)
        assert verdict.verified is None
        assert outcome(verdict, "signature") == "unchecked"


def test_note_of_another_origin_is_nobodys_though_the_key_is_ours() -> None:
    root = log_client.mth(LOG.entries)
    for origin in ("office.example/other", "office.example/log2", "evil.example/log"):
        verdict = judged(changed("receipt", checkpoint=note(7, root, origin=origin)), earlier=None)
        assert verdict.verified is None
        forged = note(7, root, origin=origin).replace(f"— {origin}", f"— {ORIGIN}")
        assert judged(changed("receipt", checkpoint=forged), earlier=None).verified is None


def test_signature_of_our_name_that_does_not_hold_is_a_fault() -> None:
    forged = FILE["receipt"]["checkpoint"]
    head, _, line = forged.rpartition("\n\n")
    blob = line.split(" ")[2].strip()
    replaced = blob[:-8] + ("AAAAAA" if blob[-8:-2] != "AAAAAA" else "BBBBBB") + blob[-2:]
    verdict = judged(changed("receipt", checkpoint=f"{head}\n\n{line.replace(blob, replaced)}"))
    assert outcome(verdict, "signature") in {"failed", "unchecked"}
    assert verdict.verified is not True


def test_further_signatures_of_strangers_do_no_harm() -> None:
    checkpoint = FILE["receipt"]["checkpoint"]
    witness = note(7, log_client.mth(LOG.entries), key="witness").rpartition("\n\n")[2]
    assert judged(changed("receipt", checkpoint=checkpoint + witness)).verified is True


def test_swapped_and_shifted_places_are_found() -> None:
    for index in (0, 1, 2, 4, 5, 6, 1 << 40):
        assert judged(changed("proof", leafIndex=index)).verified is False
    for index in (0, 3, 5, 6, 7):
        assert judged(changed("receipt", entryIndex=index)).verified is False
    for size in (5, 6, 8, 1 << 40):
        assert judged(changed("receipt", treeSize=size)).verified is False
    for count in (4, 5, 7):
        assert judged(changed("receipt", leafCount=count)).verified is False


def test_inner_node_does_not_pass_for_a_leaf() -> None:
    """Second preimage: the two children of a node as the data of a leaf, with the path cut short."""
    left, right = bytes.fromhex(FILE["proof"]["path"][0]), bytes.fromhex(FILE["proof"]["leafHash"])
    node = log_client.sha(b"\x01" + left + right)
    proof = {
        **FILE["proof"],
        "credentialId": left.decode("latin-1"),
        "documentSha256": right.hex(),
        "leafHash": node.hex(),
        "leafIndex": 1,
        "path": FILE["proof"]["path"][1:],
    }
    verdict = judged({"receipt": {**FILE["receipt"]}, "proof": proof}, earlier=None)
    assert outcome(verdict, "leaf") == "failed"
    # Nor does a leaf's data pass whose hash would be that of an inner node of the log.
    entries = [b"a", b"b"]
    assert log_client.mth(entries) != log_client.sha(b"\x00" + b"".join(log_client.sha(b"\x00" + e) for e in entries))


def test_leaf_of_a_failed_row_proves_no_credential() -> None:
    """A code and a digest may be cut apart anywhere: the leaf of a failed row has no 32 bytes of a digest behind it."""
    code = "SCHEMA_VALIDATION_FAILED"
    proof = {**FILE["proof"], "credentialId": code, "documentSha256": "", "leafIndex": 1}
    assert judged(changed("proof", **proof)).verified is False


def test_entry_about_another_credential_is_found() -> None:
    entry = {**FILE["receipt"]["entry"], "kind": "credential", "credentialId": "urn:uuid:other"}
    del entry["batchId"]
    log = Log([*LOG.entries[:4], receipt_check._canonical(entry), *LOG.entries[5:]])
    receipt = {
        **FILE["receipt"],
        "entry": entry,
        "inclusionPath": [step.hex() for step in log_client.path(4, log.entries)],
        "checkpoint": log.note(7),
    }
    verdict = judged({"receipt": receipt, "proof": FILE["proof"]}, earlier=None)
    assert outcome(verdict, "inclusion") == "passed"
    assert outcome(verdict, "leaf") == "failed"


# ---- an earlier checkpoint -------------------------------------------------------------------------------------------


def test_shortened_log_is_found() -> None:
    longer, _ = sound(9)
    verdict = judged(FILE, earlier=longer.note(9).encode())
    assert outcome(verdict, "consistency") == "failed"
    assert verdict.exit_code == 1


def test_forked_log_is_found() -> None:
    fork = Log([b"forked", *LOG.entries[1:]])
    for size in (1, 2, 3, 7):
        file = {**FILE, "consistency": LOG.consistency(size, 7)}
        assert outcome(judged(file, earlier=fork.note(size).encode()), "consistency") == "failed"
        assert judged(file, earlier=LOG.note(size).encode()).verified is True
    # The forked side cannot give a proof that leads from ours to its own root either.
    grown = Log([*fork.entries, b"more"])
    for proof in (LOG.consistency(3, 7), grown.consistency(3, 7)):
        assert outcome(judged({**FILE, "consistency": proof}, earlier=fork.note(3).encode()), "consistency") == "failed"


def test_earlier_checkpoint_of_another_log_or_key_does_not_count() -> None:
    root = log_client.mth(LOG.entries[:3])
    other = note(3, root, origin="evil.example/log").encode()
    verdict = judged(FILE, keys=[KEY, log_key("log", "evil.example/log")], earlier=other)
    assert outcome(verdict, "consistency") == "failed"
    assert judged(FILE, earlier=note(3, root, key="stranger").encode()).verified is None
    for unreadable in (b"", b"\xff", b"x\n\n", EARLIER[:-1], EARLIER + b"\n"):
        assert judged(FILE, earlier=unreadable).verified is None


def test_without_a_fitting_proof_it_stays_open_whether_the_log_grew() -> None:
    bare = {"receipt": FILE["receipt"]}
    assert judged(bare).verified is None
    assert judged(bare, earlier=LOG.note(7).encode()).verified is True
    assert judged(bare, earlier=LOG.note(0).encode()).verified is True
    assert judged({**FILE, "consistency": LOG.consistency(2, 7)}).verified is None


# ---- five thousand forgeries -----------------------------------------------------------------------------------------


def places(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, leaves and branches."""
    yield at
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*at, index))


def with_value(value: Any, at: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy in which `change` was applied to what holds the place: called with the holder and the last step."""
    made = copy.copy(value)
    holder = made
    for step in at[:-1]:
        holder[step] = copy.copy(holder[step])
        holder = holder[step]
    change(holder, at[-1])
    return made


def forged(chance: random.Random, value: Any, others: list[Any]) -> Any:
    """One value made another of the same or of another kind."""
    if isinstance(value, str) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        letters = "0123456789abcdef" if chance.random() < 0.7 else " \n+/=—AZ."
        return value[:at] + chance.choice(letters) + value[at + chance.randrange(2) :]
    if type(value) is int and chance.random() < 0.8:
        return value + chance.choice((-2, -1, 1, 2, 1 << 20))
    if isinstance(value, list) and value and chance.random() < 0.8:
        return chance.choice((value[:-1], value[1:], [*value, value[0]], value[::-1]))
    return chance.choice((None, True, 0, 1.5, "", [], {}, *others))


def test_none_of_five_thousand_forgeries_passes() -> None:
    chance = random.Random(9162)
    taken, kinds = [], {"value": 0, "gone": 0, "added": 0, "byte": 0}
    originals = [FILE, ON_CHAIN]
    where = [[place for place in places(one) if place] for one in originals]
    values = [json.loads(json.dumps(part)) for file in originals for part in file["receipt"].values()]
    for number in range(5_400):
        original = originals[number % 2]
        at = chance.choice(where[number % 2])
        kind = chance.choice(("value", "value", "value", "gone", "added", "byte"))
        made: Any
        if kind == "value":
            made = with_value(original, at, lambda h, k: h.__setitem__(k, forged(chance, h[k], values)))
        elif kind == "gone":
            # A part that is left out is not forged: what is left proves less.
            if len(at) == 1 and at[0] != "receipt":
                continue
            made = with_value(original, at, lambda h, k: h.__delitem__(k))
        elif kind == "added":
            made = with_value(
                original, at, lambda h, k: h.insert(k, "00" * 32) if isinstance(h, list) else h.update(more=1)
            )
        else:
            content = bytearray(spelled(original))
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            made = bytes(content)
        if not isinstance(made, bytes) and made == original and spelled(made) == spelled(original):
            continue
        kinds[kind] += 1
        try:
            verdict = judged(made)
        except NotAReceipt:
            continue
        if verdict.verified is True and not _says_the_same(made, original):
            taken.append((at, kind, made))
    assert taken == []
    assert sum(kinds.values()) >= 5_000
    assert min(kinds.values()) > 400


def _says_the_same(made: object, original: object) -> bool:
    """Some bytes may be changed without another meaning, as in the case of an escape."""
    try:
        value = json.loads(made) if isinstance(made, bytes) else made
    except ValueError:
        return False
    return bool(value == original)


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_notes_that_were_cut_or_stretched_do_not_pass(cut: int) -> None:
    whole = FILE["receipt"]["checkpoint"]
    head, tail = whole[: cut % len(whole)], whole[cut % len(whole) :]
    for checkpoint in (head, f"{head}\n{tail}", f"{head} {tail}", tail + head):
        if checkpoint != whole:
            assert judged(changed("receipt", checkpoint=checkpoint)).verified is not True


# ---- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"receipt":',
        b'{"receipt":{}}x',
        b'{"receipt":{},"receipt":{}}',
        b'{"receipt":{"a":1,"a":2}}',
        b'{"receipt":NaN}',
        b'{"receipt":{},"more":1}',
        b'{"receipt":{},"proof":null}',
        b'{"receipt":{},"credential":null}',
        b'\xef\xbb\xbf{"receipt":{}}',
        b"\xff",
        b'{"checks":[]}',
        b'{"receipt":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"receipt":{}' + b" " * receipt_check.MAX_FILE_BYTES + b"}",
        b'{"receipt":"' + b"9" * 10 + b'","a',
        b'{"receipt":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_receipt_is_told_from_a_false_one(content: bytes) -> None:
    with pytest.raises(NotAReceipt):
        read_receipt_file(content)


def test_texts_that_never_end_cost_no_more_than_their_length() -> None:
    begun = time.process_time()
    with pytest.raises(NotAReceipt):
        read_receipt_file(b'{"receipt":' + rb"\"" * 100_000)
    assert time.process_time() - begun < 5.0


@pytest.mark.parametrize("receipt", [1, "x", [], {}, {"checkpoint": "x"}])
def test_receipt_without_its_members_is_a_fault(receipt: object) -> None:
    assert judged({"receipt": receipt}).verified is False


@pytest.mark.parametrize("text", ["", "a", "a+b+c", "a+00000000+AAAA", f"{ORIGIN}+00000000+{'A' * 44}"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        receipt_check.parse_log_key(text)


def test_missing_signature_library_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nacl.signing", "nacl.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    verdict = judged(FILE)
    assert verdict.verified is None
    assert outcome(verdict, "signature") == "unchecked"


def test_file_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(receipt_check.__file__).read_text())
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names - set(sys.stdlib_module_names) == {"nacl"}


def test_stranger_runs_the_file_alone(tmp_path: Path) -> None:
    alone = tmp_path / "receipt_check.py"
    alone.write_bytes(Path(receipt_check.__file__).read_bytes())
    receipt, earlier = tmp_path / "receipt.json", tmp_path / "checkpoint"
    receipt.write_bytes(spelled(FILE))
    earlier.write_bytes(EARLIER)
    key = f"{ORIGIN}+{KEY.key_hash.hex()}+{_base64(bytes([1]) + bytes(signing_key().verify_key))}"
    command = [sys.executable, "-I", str(alone), str(receipt), "--key", key, "--consistency", str(earlier)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["verified"] is True
    for arguments, code in (([str(receipt)], 2), ([str(tmp_path / "nothing")], 2), ([str(receipt), "--key", "x"], 2)):
        assert receipt_check.main(arguments) == code
    receipt.write_bytes(spelled(changed("proof", leafIndex=0)))
    assert receipt_check.main([str(receipt), "--key", key]) == 1


def _base64(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()
