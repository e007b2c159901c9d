"""A model's verdicts: used where the words allow it, and harmless where they are wrong."""

from __future__ import annotations

import itertools

import pytest
from learning_kit import Desk, Shelf, candidate

from sidecar.curate import unsettled
from sidecar.model import MemoryType, Speaker, Status, Verdict

VERDICTS: tuple[Verdict | None, ...] = ("same", "changed", "different", None)

CONTRADICTING = {
    "port": ("The API listens on port 4310.", "The API is served on port 4400."),
    "version": ("The workers run Python 3.11.", "The workers are on Python 3.13."),
    "tool": ("The web workspace uses yarn.", "The web workspace uses pnpm."),
    "turned tool": ("Use pnpm, not npm.", "Use npm, not pnpm."),
    "unknown name": ("The tickets go out through quuxmail.", "The tickets go out through fnordpost."),
    "unknown name elsewhere": ("Tickets go out via quuxmail.", "We send the tickets through fnordpost."),
    "name at the start": ("Mailgun sends the tickets.", "Brevo sends the tickets."),
    "date": ("The demo is on 12 March.", "The demo takes place on 19 March."),
    "weekday": ("The retro is on Thursdays.", "The retro takes place on Tuesdays."),
    "spelled number": ("A boat takes ten people.", "A boat takes twelve people."),
    "path": ("Logs are written to /var/log/app.log.", "Logs are written to /srv/logs/app.log."),
    "polarity": ("Deploy on Fridays.", "Never deploy on Fridays."),
    "direction": ("Data is copied from S3 to Hetzner.", "Data is copied from Hetzner to S3."),
}
SPEAKERS: tuple[tuple[Speaker, Speaker], ...] = tuple(itertools.product(("user", "assistant"), repeat=2))


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("key", [None, "some/topic"])
@pytest.mark.parametrize("late", [False, True], ids=["in-order", "old-read-late"])
@pytest.mark.parametrize("speakers", SPEAKERS, ids="-then-".join)
@pytest.mark.parametrize("pair", CONTRADICTING.values(), ids=CONTRADICTING)
def test_of_two_that_contradict_the_current_one_is_active_under_any_verdict(
    pair: tuple[str, str],
    speakers: tuple[Speaker, Speaker],
    late: bool,
    key: str | None,
    verdict: Verdict | None,
) -> None:
    older, newer = (
        candidate(text, minutes=9 * n, key=key, speaker=speaker, messages=(f"m{n}",))
        for n, (text, speaker) in enumerate(zip(pair, speakers, strict=True))
    )
    shelf = Shelf()
    first, second = (newer, older) if late else (older, newer)
    shelf.take(first)
    shelf.take(second, {} if verdict is None else {first.content: verdict})
    current = older if speakers == ("user", "assistant") else newer  # a person's word outlasts a later claim
    assert shelf.texts() == {*pair}
    assert current.content in shelf.active()
    if key is not None or verdict == "changed":
        assert shelf.active() == [current.content]


@pytest.mark.parametrize("verdicts", list(itertools.product(VERDICTS, repeat=2)))
@pytest.mark.parametrize("newest", ["The API is served on port 4480.", "We serve the API on 4480, not 4400."])
def test_verdicts_that_contradict_each_other_lose_nothing(
    newest: str, verdicts: tuple[Verdict | None, Verdict | None]
) -> None:
    shelf = Shelf()
    known = ("The API listens on port 4310.", "The API is served on port 4400 in Graz.")
    for number, text in enumerate(known):
        shelf.take(candidate(text, minutes=number, messages=(f"m{number}",)))
    judged = {text: verdict for text, verdict in zip(known, verdicts, strict=True) if verdict is not None}
    shelf.take(candidate(newest, minutes=9, messages=("m9",)), judged)
    assert shelf.texts() == {*known, newest}
    assert newest in shelf.active()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("The payment api listens on port 4310.", "The payment api moved to 4400, not 4310."),
        ("Payments run through Adyen.", "Adyen is gone, payments run through Mollie."),
        ("Mails go out through Mailgun.", "We switched from Mailgun to Brevo for the mails."),
        ("The API listens on port 4310.", "The API listens on port 4400."),
    ],
)
@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("late", [False, True])
def test_what_the_words_say_outright_holds_whatever_the_model_says(
    older: str, newer: str, verdict: Verdict | None, late: bool
) -> None:
    shelf = Shelf()
    said = [candidate(older, messages=("m1",)), candidate(newer, minutes=5, messages=("m2",))]
    first, second = reversed(said) if late else said
    shelf.take(first)
    shelf.take(second, {} if verdict is None else {first.content: verdict})
    assert shelf.active() == [newer]
    assert shelf.texts() == {older, newer}


def test_a_weak_sign_of_a_change_gives_way_to_the_model() -> None:
    old, new = "The tickets are sent through Mailgun.", "The tickets are now sent through Brevo."
    for verdict, active in (("different", {old, new}), (None, {new}), ("changed", {new})):
        shelf = Shelf()
        shelf.take(candidate(old))
        shelf.take(candidate(new, minutes=5, messages=("m2",)), {} if verdict is None else {old: verdict})
        assert {*shelf.active()} == active


def test_changed_needs_something_in_common() -> None:
    shelf = Shelf(score=0.1)
    shelf.take(candidate("Lunch is at noon."))
    shelf.take(candidate("The API listens on 4400.", minutes=5, messages=("m2",)), {"Lunch is at noon.": "changed"})
    assert len(shelf.active()) == 2


def test_changed_makes_two_statements_versions_of_one_key_and_joins_a_key_that_is_known() -> None:
    shelf = Shelf()
    shelf.take(candidate("Customer mail is relayed by Mailgun."))
    shelf.take(
        candidate("Brevo relays what we mail.", minutes=5, messages=("m2",), key="mail/relay"),
        {"Customer mail is relayed by Mailgun.": "changed"},
    )
    assert shelf.active() == ["Brevo relays what we mail."]
    shelf.take(
        candidate("Mail leaves through our own Postfix.", minutes=9, messages=("m3",), key="smtp"),
        {"Brevo relays what we mail.": "changed"},
    )
    assert shelf.active() == ["Mail leaves through our own Postfix."]
    assert {memory.key for memory in shelf.memories.values()} == {"mail/relay"}


@pytest.mark.parametrize("kind", [MemoryType.EVENT, MemoryType.TASK])
def test_events_and_tasks_have_no_versions(kind: MemoryType) -> None:
    shelf = Shelf()
    first = "Production was down for 45 minutes."
    shelf.take(candidate(first, kind=kind))
    shelf.take(
        candidate("Production was down for an hour.", kind=kind, minutes=9, messages=("m2",)), {first: "changed"}
    )
    assert len(shelf.active()) == 2


def test_a_read_only_memory_is_no_models_to_change() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    (known,) = shelf.memories.values()
    shelf.memories[known.id] = fixed = known.replace(read_only=True)
    for number, verdict in enumerate(VERDICTS):
        told = candidate(f"The API is served on 440{number}.", minutes=5, messages=(f"m{number}",))
        shelf.take(told, {} if verdict is None else {known.content: verdict})
    assert shelf.memories[known.id] == fixed


RETOLD = [
    "Bookings are exported every night at 02:10.",
    "The booking export runs every night at 02:10.",
    "Every night at 02:10 the bookings get exported.",
    "There is a nightly export of bookings at 02:10.",
    "At 02:10 each night, bookings are exported.",
    "Exporting the bookings happens nightly at 02:10.",
    "Our export of bookings: 02:10, nightly.",
    "02:10 is when the nightly export of the bookings runs.",
    "Booking data gets exported at 02:10 each night.",
    "The nightly job exports bookings at 02:10.",
]


def test_the_same_claim_a_hundred_times_in_other_words_is_one_file_with_all_its_sources() -> None:
    shelf = Shelf()
    for number in range(100):
        text = RETOLD[number % len(RETOLD)]
        shelf.take(candidate(text, minutes=number, messages=(f"m{number}",)), dict.fromkeys(RETOLD, "same"))
    (memory,) = shelf.memories.values()
    assert memory.source.messages == tuple(f"m{number}" for number in range(100))


def test_only_what_code_cannot_settle_is_asked(desk: Desk) -> None:
    take, look = desk.learning.take, desk.learning.look
    from learning_kit import WEB  # the profile of all tests here

    port = candidate("The payment api listens on port 4310.", key="payment-api/port")
    assert look(port, WEB) == ()  # no profile yet
    take(port, WEB)
    take(candidate("Invoices are stored in euro cents.", messages=("m2",)), WEB)
    settled = [
        port,
        candidate("the payment api listens on port 4310", minutes=4, messages=("m3",)),
        candidate("The payment api listens on port 4400.", minutes=4, messages=("m3",), key="payment-api/port"),
        candidate("The payment api moved to 4400, not 4310.", minutes=4, messages=("m3",)),
        candidate("The moon orbits the earth.", minutes=4, messages=("m3",)),
        candidate("The payment api is reached on 4310.", minutes=4, messages=("m3",), proposed=True),
    ]
    assert [look(one, WEB) for one in settled] == [()] * len(settled)
    asked = look(candidate("Requests to the payment api go to port 4400.", minutes=4, messages=("m3",)), WEB)
    assert [memory.content for memory in asked] == [port.content]


def test_at_most_four_neighbours_are_asked_about(desk: Desk) -> None:
    from learning_kit import WEB

    for number in range(7):
        told = candidate(f"The payment api writes audit record {number} of kind {number}.", messages=(f"m{number}",))
        desk.learning.take(told, WEB)
    asked = desk.learning.look(candidate("Audit records of the payment api are signed.", messages=("m9",)), WEB)
    assert len(asked) == 4
    assert all(memory.status is Status.ACTIVE for memory in asked)


def test_a_forgotten_statement_is_not_asked_about() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    told = candidate("The API is served on 4400.", minutes=5, messages=("m2",))
    view = shelf.view(told, {})
    assert len(unsettled(told, view)) == 1
    from dataclasses import replace

    assert unsettled(told, replace(view, forgotten=True)) == ()
    assert unsettled(told, replace(view, buried=True)) == ()
