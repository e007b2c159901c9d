"""A tiny set in the form of the large ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_TALK = [
    ("o/1", "The orchard", 0, "2:05 pm on 3 March, 2025", "Magda", "We planted eleven quince trees behind the barn."),
    ("o/1", "The orchard", 0, "2:05 pm on 3 March, 2025", "Piet", "Then the goat will have to stay in the paddock."),
    ("o/2", "The orchard", 1, "9:00 am on 9 April, 2025", "Piet", "The goat ate two of the quinces after all."),
    ("o/2", "The orchard", 1, "9:00 am on 9 April, 2025", "Magda", "I am building a fence of chestnut posts."),
    ("s/1", "shed", 0, "2025-03-01", "User", "Our backups of the ledger go to the tape robot in the cellar."),
    ("s/1", "shed", 0, "2025-03-01", "Assistant", "Noted: the ledger is backed up on tape, in the cellar."),
    ("s/2", "shed", 1, "2025-04-02", "User", "The tape robot is broken, our backups of the ledger go to Uppsala now."),
    ("s/2", "shed", 1, "2025-04-02", "Assistant", "The backup job of the ledger now copies to the host in Uppsala."),
]
_ASKED: list[dict[str, Any]] = [
    {"group": "The orchard", "question": "What did we plant behind the barn?", "turns": ["o/1/0"], "sessions": ["o/1"]},
    {"group": "The orchard", "question": "What did the goat eat?", "turns": ["o/2/0"], "sessions": ["o/2"]},
    {
        "group": "shed",
        "question": "Where do our backups of the ledger go?",
        "turns": ["s/1/0"],
        "sessions": ["s/1"],
        "before_seq": 1,
        "date": "2025-03-20 (Thursday)",
    },
    {"group": "shed", "question": "Where do our backups of the ledger go?", "turns": ["s/2/0"], "sessions": ["s/2"]},
    {
        "group": "shed",
        "question": "what is the capital of Peru?",
        "turns": [],
        "sessions": [],
        "category": "never said",
    },
]


def write_set(folder: Path, name: str) -> None:
    """Two groups: people who talk to each other, and a user who is asked in mid-history too."""
    (folder / name).mkdir(parents=True)
    turns, seen = [], dict.fromkeys({session for session, *_ in _TALK}, 0)
    for session, group, seq, date, role, text in _TALK:
        own = {"turn_id": f"{session}/{seen[session]}", "session_id": session, "group": group, "seq": seq}
        turns.append({**own, "date": date, "role": role, "text": text})
        seen[session] += 1
    questions = [
        {
            "query_id": f"q{number}",
            "group": asked["group"],
            "question": asked["question"],
            "answer": "",
            "category": asked.get("category", "said"),
            "date": asked.get("date"),
            "gold_turns": asked["turns"],
            "gold_sessions": asked["sessions"],
            "flags": [],
            **({"before_seq": asked["before_seq"]} if "before_seq" in asked else {}),
        }
        for number, asked in enumerate(_ASKED)
    ]
    for file, rows in (("turns", turns), ("queries", questions)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / name / f"{file}.jsonl").write_text(lines, encoding="utf-8")
