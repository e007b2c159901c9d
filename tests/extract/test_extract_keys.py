"""Topic keys: the same slot gets the same key, two slots never share one, and an unclear slot has none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.extract import keys

SAME = [
    (
        "api/port",
        [
            "the api listens on 4310",
            "our api port is 4400 now",
            "moved the api to 4480",
            "api is on port 99",
            "the api moved to port 81",
        ],
    ),
    ("backup/schedule", ["backups run every night at 02:10", "backup moved to 01:20", "the nightly backup is at 3:30"]),
    ("package-manager/node", ["use pnpm, not npm", "we switched to yarn", "no more npm, we go with bun"]),
    ("package-manager/python", ["use uv for the env", "we use poetry here"]),
    ("orm", ["we're dropping prisma for kysely", "it's drizzle, not prisma"]),
    ("dataframe-library", ["use polars instead of pandas", "we moved to dask"]),
    ("firmware-sdk", ["toolchain: zephyr", "we port to esp-idf 5.3 after all"]),
    ("staging/host", ["staging runs on fly.io", "staging is at https://stage.example", "staging moved to the big box"]),
    ("draft/deadline", ["deadline for the draft: 30 november", "the draft is due 21 november"]),
    ("raw/retention", ["we keep raw for 90 days", "retention: 30 days for raw"]),
    ("boat/limit", ["a boat takes 12 people max", "10 people per boat, not more"]),
    ("python/version", ["python is 3.13 now", "we upgraded python to 3.12", "python is at 3.11"]),
    ("billing-service/owner", ["Lena owns the billing service"]),
    ("people/supervisor", ["my supervisor is Prof. Aichinger", "supervisor: Otto Weininger"]),
    ("alert/channel", ["alerts go to #ops", "alerts now go to the pager"]),
    ("log/path", ["logs go to /var/log/app.log"]),
    ("backbone", ["backbone is resnet-50", "new backbone: vit-s"]),
    ("license", ["license: EUPL 1.2", "the licence is MIT"]),
]


@pytest.mark.parametrize(("key", "texts"), SAME, ids=[key for key, _ in SAME])
def test_one_slot_has_one_key(key: str, texts: list[str]) -> None:
    assert [keys.derive(text) for text in texts] == [key] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "never push to main",
        "The API runs on port 8085 and the draft is due 3 may",
        "it listens on 4400",
        "the port is 80",
        "we had a jest mock that broke",
        "postgres 16 on node2, redis on node1",
        "use redis for sessions and kafka for events",
        "tabs, not spaces",
        "react and vue are both fine",
        "the best result is 0.774",
        "the customer is nice",
    ],
)
def test_an_unclear_slot_has_no_key(text: str) -> None:
    assert keys.derive(text) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("the api listens on 4310", "api/port"),
        ("the api listens on 4400 in tests", "api-test/port"),
        ("in production the api listens on port 443", "api-production/port"),
        ("on sundays backups run at 04:00", "backup-sunday/schedule"),
        ("staging runs on fly.io", "staging/host"),
        ("the api listens on 4400 as well", None),
        ("another api listens on 4400", None),
        ("only for the demo the api listens on 4400", None),
        ("sensor 8 reports every 60 seconds", None),
    ],
)
def test_a_figure_for_special_circumstances_never_takes_the_place_of_the_rule(text: str, key: str | None) -> None:
    assert keys.derive(text) == key


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("4480, not 4400", ("4400",)),
        ("use uv instead of conda", ("conda",)),
        ("the api moved from 4310 to 4400", ("4310",)),
        ("we moved the api from 4310 to 4400", ("4310",)),
        ("02:15 collides with the backup, so 03:40", ("02:15",)),
        ("stripe is off the table", ("stripe",)),
        ("no more lme4, she wants brms", ("lme4",)),
        ("90 s was too hungry", ("90",)),
        ("1883 gets switched off tomorrow", ("1883",)),
        ("the effect is 0.42, from 0.18 to 0.66", ()),
        ("not today, not the 30th, not sure", ()),
        ("nothing changes", ()),
    ],
)
def test_old_values_are_those_that_the_words_dismiss(text: str, old: tuple[str, ...]) -> None:
    assert keys.dropped_values(text) == old


def test_questions_come_from_the_key_alone() -> None:
    assert keys.questions("api/port") == ("Which port does the api use?",)
    assert keys.questions("people/supervisor") == ("Who is the supervisor?",)
    assert keys.questions("package-manager/node") == ("Which package manager do we use for node?",)
    assert keys.questions("orm") == ("Which orm do we use?",)
    assert keys.questions(None) == ()


_WORDS = st.sampled_from(
    "the our api port is on 4400 moved to owns Größe naïve_x deadline for backup at 02:10 every max per a boat use "
    "pnpm not npm /srv/x s3://b/ §§ -- ß é 木".split()
)


@given(st.lists(_WORDS, max_size=14).map(" ".join))
def test_a_key_is_a_lower_case_path(text: str) -> None:
    key = keys.derive(text)
    assert key is None or re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*){0,2}", key)
