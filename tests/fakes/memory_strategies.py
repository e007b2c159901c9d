"""Any memory that can be written, with every nasty word where a word may stand."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from sidecar.frontmatter import trimmed
from sidecar.identity import encodable, memory_id
from sidecar.model import Memory, MemoryType, Source, Status

nasty = st.text(max_size=60) | st.sampled_from(
    ["", "no", "007", "1:20", "2026-01-01", "null", "~", "- x", "a: b", "a #b", "'", '"', "\\", "{}", "[", "*x", "&x",
     "!t", "%d", "@a", "`", "---", "...", "=", "<<", "y", "N", " lead", "trail ", "tab\t", "a\u0085b", "a\u2028b",
     "👩‍👩‍👧", "\ufeffbom", "a:", ":a", "?", "a?", "a? b",
     "1e3", "0x1f", "line\nline", "\x07", "\x00", "é", "日本語", "\ud800"]
)  # fmt: skip
words = nasty.map(encodable)
seconds = st.integers(min_value=0, max_value=7_000_000_000)
times = seconds.map(lambda second: datetime.fromtimestamp(second, UTC))
lists = st.lists(words, max_size=4).map(tuple)
ids = st.builds(memory_id, st.sampled_from(MemoryType), st.text(max_size=5), times)
contents = (words | st.lists(words | st.just("---"), max_size=5).map("\n".join)).map(trimmed).filter(bool)
memories = st.builds(
    Memory,
    id=ids,
    type=st.sampled_from(MemoryType),
    content=contents,
    summary=words,
    created=times,
    observed=times,
    source=st.builds(
        Source,
        origin=words,
        agent=st.none() | words,
        session=st.none() | words,
        speaker=st.none() | st.sampled_from(["user", "assistant", "tool"]),
        messages=lists,
        by=st.none() | words,
    ),
    key=st.none() | st.from_regex(r"\A[a-z0-9]{1,4}(/[a-z0-9]{1,4}){0,2}\Z"),
    status=st.sampled_from(Status),
    occurred=st.none() | words | st.dates().map(str),
    valid_until=st.none() | times,
    extractor=st.none() | words,
    queries=lists,
    keywords=lists,
    supersedes=st.none() | ids,
    superseded_by=st.none() | ids,
    reason=st.none() | words,
    pinned=st.booleans(),
    read_only=st.booleans(),
    tags=lists,
    edited=st.none() | times,
    tool_path=st.none() | words,
)
