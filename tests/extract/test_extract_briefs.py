"""Long prompts: what describes the task at hand is not kept, what holds beyond it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Message, SessionRef

SPECIFICATION = """I want you to build a CSV importer for the admin area.

## Requirements
- The importer accepts files up to 10 MB
- Columns are name, email, role and created_at
- Rows with an invalid email are skipped and reported
- The report must list the line number of each skipped row
- Duplicate emails should never be imported twice

## Acceptance criteria
1. Given a valid file, all rows are imported
2. Uploading a PDF returns 415
3. The import runs in a background job and takes less than 30 s for 10,000 rows

Use the existing Table component. Add tests."""

PLAN = """Implement the following plan:

# Phase 1: Schema
- Table `orders` has columns id, customer_id, total

# Phase 2: API
- POST /orders returns 201 with the id
- GET /orders is paginated, 50 per page"""

BUG = """There's a bug in the invoice page. When I open /invoices/42 the total is 0.00 but it should be 119.00. The API
returns the right value. The problem is in InvoiceTotals.tsx, it reads data.total_cents which is undefined. The console
shows 2 warnings. It only happens on Firefox 128. On Chrome 126 it works. Also the footer is 20 px too low on mobile."""

REVIEW = """Here are my review comments on your PR:

1. src/api/users.ts:42 - this returns 200 even when the user is missing, it should be 404
2. The name `data2` is confusing, use `payload`
3. `fetchAll` is never called with a limit, so remove the parameter
4. In general the PR looks good but the migration must come before the seed"""

FORM = """I'm working on the login form. It has two fields, email and password. The submit button is disabled until
both are filled. Right now the validation runs on every keystroke, I want it on blur. The component lives in
src/components/LoginForm.vue and uses vee-validate 4. Make the error text red and 12 px."""

OF_THE_TASK: tuple[str, ...] = (
    SPECIFICATION,
    PLAN,
    BUG,
    REVIEW,
    FORM,
    "As a user I want to reset my password. The link is valid for 30 minutes, it comes from no-reply@shop.example.",
    "Given a cart with 2 items, when the user clicks checkout, then the total is 20 EUR.",
    "Session A: create a file, then stop\nSession B: resume, then write 3 lines",
    "Expected: 3 rows in `orders`\nActual: 4 rows",
    "nit: the constant MAX_ROWS is only used once, inline it.",
    "If the second request would write to the same rows, then we still should not go on.",
    "It should be the old tree plus the new changes of the second run.",
    "There is a file called aux in the work tree that some tool added and that I'm unable to remove.",
    "There's only an index.md and a LICENSE there, please also fill in the index",
    "This rewrite method does the job, but we end up with two failed requests so pages load slowly",
    "Four modules, don't couple them. I want you to build A and B.",
)
"""Context of the work that is asked for."""

LASTING: tuple[tuple[str, str], ...] = (
    ("For all Go code in this repo: errors are wrapped with %w, never returned bare.", "errors are wrapped"),
    ("Never log the chunk content, it contains patient data.", "patient data"),
    ("From now on every new module gets a README.", "every new module"),
    ("Always run the fuzz target after touching the parser.", "fuzz target"),
    ("We decided to drop GraphQL because the clients are too old.", "GraphQL"),
    ("For the record: the staging database is wiped every Monday.", "every Monday"),
    ("btw the artifact server is only reachable over the VPN at artifacts.corp.example", "VPN"),
    ("In all my projects: conventional commits, please.", "conventional commits"),
    ("Use pnpm, npm is gone.", "pnpm"),
    ("Our API runs on port 8085.", "8085"),
    ("We no longer support iOS 15, the minimum is 16.", "iOS 15"),
    ("Prod was down this morning because the disk was full.", "Prod was down"),
)
"""What stands in a brief and holds beyond it, with words by which to know it."""


def heard(text: str) -> list[str]:
    message = Message(
        id="m1",
        agent="codex",
        session="s",
        role="user",
        speaker="user",
        text=text,
        time=datetime(2026, 9, 16, 10, 0, tzinfo=UTC),
    )
    return [found.content for found in RulesExtractor().extract(Slice(SessionRef("codex", "s"), (message,)))]


@pytest.mark.parametrize("text", OF_THE_TASK, ids=[" ".join(text.split())[:50] for text in OF_THE_TASK])
def test_context_of_the_task_is_not_kept(text: str) -> None:
    assert heard(text) == []


@pytest.mark.parametrize("brief", [PLAN, BUG, REVIEW, FORM], ids=["plan", "bug", "review", "form"])
@pytest.mark.parametrize(("text", "words"), LASTING, ids=[text[:50] for text, _ in LASTING])
def test_what_outlives_the_task_is_kept(brief: str, text: str, words: str) -> None:
    (found,) = heard(f"{text}\n\n{brief}")
    assert words in found


def test_how_the_thing_shall_behave_is_no_order_to_the_agent() -> None:
    assert (
        heard("Build it.\n\n## Requirements\n- Emails should never be imported twice\n- Rows are always sorted") == []
    )
    assert heard("Build it.\n\n## Requirements\n- Never push to main") == ["Never push to main"]


def test_a_short_request_with_a_fact_in_passing_is_no_brief() -> None:
    assert heard("fine. commit it. The broker is at 10.20.0.5:1883") == ["The broker is at 10.20.0.5:1883"]


def test_orders_are_kept_before_the_rest_where_there_is_too_much() -> None:
    facts = "\n\n".join(f"- the broker number {number} is at 10.20.0.{number}:1883" for number in range(1, 9))
    found = heard(f"{facts}\n\n- never restart the brokers by hand")
    assert len(found) == 6
    assert found[-1] == "Never restart the brokers by hand"


def test_a_sentence_repeated_in_a_message_counts_once() -> None:
    repeated = "the broker is at 10.20.0.5:1883.\n\n" * 10
    assert len(heard(f"{repeated}never restart the broker by hand")) == 2
