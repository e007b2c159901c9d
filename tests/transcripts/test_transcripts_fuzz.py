"""Golden files, damaged at random: readers give messages or an error of ours, and the same ones every time."""

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS, detect

DATA = Path(__file__).parent.parent / "data" / "transcripts"
SEEDS = {
    agent: sorted(p for p in (DATA / agent).rglob("*") if p.is_file() and not p.name.endswith(".expected.json"))
    for agent in READERS
}
ODD: tuple[object, ...] = (
    None, True, -1, 2**70, 1e308, float("nan"), "", "\ud83d", "a\0b", "user", "<task>", "<system-reminder>", "```", [],
    {}, [None], {"type": "text"}, {"role": "user"}, {"text": 5}, [[]], "9" * 40, "0001-01-01T00:00:00+14:00",
    "\n#### x  \n",
)  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with some of it cut, doubled, swapped, or replaced by what nobody expects."""
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(5)
        lines = data.splitlines(keepends=True) or [b""]
        at = chance.randrange(len(lines))
        if kind == 0:
            lines[at] = mutated(lines[at], chance)
        elif kind == 1:
            lines[at] = lines[at].rstrip(b"\n")
        elif kind == 2:
            lines.insert(at, chance.choice(lines))
        elif kind == 3:
            start = chance.randrange(len(data) + 1)
            lines = [data[:start], chance.randbytes(chance.randrange(9)), data[start + chance.randrange(40) :]]
        else:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        data = b"".join(lines)
    return data


def mutated(line: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(line)
    except ValueError:
        return line[: chance.randrange(len(line) + 1)] + chance.choice((b"\n", b"```\n", b"> \n", b"#### a  \n"))
    return json.dumps(replaced(value, chance)).encode() + b"\n"


def replaced(value: object, chance: random.Random) -> object:
    """The value with something in it exchanged, at any depth."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if chance.random() < 0.1 else rest | {key: replaced(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        return [*value[:at], replaced(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def check(agent: str, name: str, data: bytes) -> None:
    reader = READERS[agent]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            result = reader.read(path, None)
            header = reader.header(path)
        except SidecarError:
            return
        again = reader.read(path, None, limit_bytes=100)
        assert again.messages[:1] == result.messages[:1] or again.more or again.withdrawn or result.withdrawn
        assert header is None or header.session
        positions = [message.position for message in result.messages]
        assert positions == sorted(positions)
        for message in result.messages:
            assert message.id
            assert message.text
            json.dumps(
                [message.id, message.session, message.text, message.cwd, message.model], ensure_ascii=False
            ).encode()
        detect(path)


@pytest.mark.parametrize("agent", sorted(READERS))
@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_damaged_files(agent: str, data: st.DataObject, seed: int) -> None:
    source = data.draw(st.sampled_from(SEEDS[agent]))
    check(agent, source.name, damaged(source.read_bytes(), random.Random(seed)))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("agent", sorted(READERS))
def test_thousands_of_damaged_files(agent: str) -> None:
    chance = random.Random(20260304)
    for _ in range(3000):
        source = chance.choice(SEEDS[agent])
        data = damaged(source.read_bytes(), chance)
        try:
            check(agent, source.name, data)
        except Exception as error:
            raise AssertionError(f"{source}: {data!r}") from error
