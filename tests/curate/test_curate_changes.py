"""What the words alone say of two statements: a later one replaces an earlier one, or both stand.

A link that is missed leaves a stale memory beside its successor; a wrong one hides a memory that is still true.  So the
second table is the longer one.
"""

from __future__ import annotations

import pytest

from sidecar.curate.changes import Evidence, evidence
from sidecar.extract import keys
from sidecar.extract.words import tools

REPLACED = [
    # Figures.
    ("The staging database listens on 5432.", "staging db is on 5433 now"),
    ("The staging db listens on port 5432", "No, the staging database is on 5433."),
    ("The metrics endpoint listens on 9102", "we moved the metrics endpoint to 9105"),
    ("Uploads are limited to 20 MB.", "the upload limit is 50 MB now"),
    ("Uploads are capped at 20 MB", "Actually uploads are capped at 35 MB"),
    ("The session token lasts 30 minutes.", "Session tokens now last 90 minutes."),
    ("We keep the audit log for 90 days.", "Audit logs are kept for 180 days as of Monday."),
    ("The nightly import starts at 02:15.", "The nightly import now starts at 03:40."),
    ("Standup is at 9:30.", "from now on standup is at 10:00"),
    ("Our retro is on Thursdays.", "The retro moved to Tuesdays."),
    ("The demo is on 12 March.", "the demo has moved to 19 March"),
    ("The contract ends on 2026-11-30.", "Correction: the contract ends on 2026-12-31."),
    ("The crawler waits 3 seconds between requests.", "The crawler now waits 8 seconds between requests."),
    ("The crawler retries five times.", "No, the crawler retries three times."),
    ("The cluster has 6 nodes.", "the cluster has 9 nodes now"),
    ("The license covers 40 seats.", "The license now covers 55 seats."),
    ("The monthly budget is 400 euros.", "Update: the monthly budget is 650 euros now."),
    ("The frontend runs on Node 20.", "The frontend runs on Node 22 now."),
    ("The workers run Python 3.11.", "we bumped the workers to Python 3.13"),
    ("Postgres is on version 15.", "postgres was upgraded from 15 to 16"),
    ("The batch size is 64.", "batch size is 128 now, 64 was too slow"),
    ("The cache expires after 10 minutes.", "As of today the cache expires after 25 minutes."),
    ("The API listens on port 4310.", "The API listens on port 4400."),
    ("The thesis has a limit of 80 pages.", "The thesis now has a limit of 100 pages."),
    ("The gate opens at 7:00", "Actually the gate opens at 6:45"),
    ("Invoices are due after 14 days.", "Invoices are due after 30 days now."),
    # Names that are known, and names that nobody knows.
    ("The tickets are sent through Mailgun.", "The tickets are now sent through Brevo."),
    ("Mails go out through Mailgun.", "We switched from Mailgun to Brevo for the mails."),
    ("Payments go through Adyen.", "We replaced Adyen with Mollie for payments."),
    ("Payments run through Adyen.", "Adyen is gone, payments run through Mollie."),
    ("The logs are shipped to Loki.", "The logs are shipped to Quickwit now."),
    ("The docs are hosted on Netlify.", "The docs have moved to Hetzner."),
    ("Error tracking uses Sentry.", "Error tracking no longer uses Sentry, it uses Glitchtip."),
    ("The search page uses Solr.", "The search page now uses Typesense."),
    ("Maps come from Mapbox.", "Maps now come from Maptiler instead of Mapbox."),
    ("The backup goes to Backblaze.", "The backup now goes to Wasabi."),
    ("Reviews are done by Yara.", "Reviews are now done by Matteo."),
    ("The office is in Graz.", "The office is in Linz now."),
    ("Standup takes place in room Elbe.", "Standup now takes place in room Donau."),
    ("The default branch is trunk.", "No, the default branch was renamed from trunk to main."),
    ("The web workspace uses yarn.", "The web workspace uses pnpm instead of yarn."),
    ("We deploy with Capistrano.", "Capistrano is retired, we deploy with Kamal."),
    # The old value is named.
    ("The payment api listens on port 4310.", "The payment api is on 4400, not 4310."),
    ("Feature flags live in config/flags.yml.", "Feature flags moved from config/flags.yml to flags/main.toml."),
    ("The queue holds at most 500 jobs.", "The queue went from 500 to 800 jobs."),
    # Said as people say it.
    ("Our CDN is Fastly.", "The CDN is Bunny now."),
    ("The queue worker polls every 15 seconds.", "Worker polling: no, the queue worker polls every 5 seconds."),
    ("The maximum file size is 10 MB.", "We raised the maximum file size to 25 MB."),
    ("Releases happen on Mondays.", "Actually we release on Wednesdays now."),
    ("Releases happen on Mondays.", "Releases now happen on Wednesdays."),
    ("The customer portal is at portal.example.com.", "The customer portal moved to my.example.com."),
    ("Alice is the product owner.", "Bob is the product owner now."),
    ("the lease runs until March 2027", "the lease was extended until June 2028"),
    ("The sample rate is 16 kHz.", "we went up to 48 kHz for the sample rate"),
    ("The sample rate is 16 kHz.", "sample rate is 48 kHz now"),
    ("The tests need Java 17.", "The tests need Java 21 as of this week."),
    ("Terraform state is in S3.", "Terraform state is no longer in S3 but in GCS."),
    ("Coffee budget: 50 euros per month", "Coffee budget is 70 euros per month now"),
    ("The paper deadline is 14 October.", "the paper deadline was extended to 28 October"),
    ("The API key rotates every 90 days.", "No, the API key rotates every 60 days."),
    ("My editor is Neovim.", "I switched from Neovim to Helix as my editor."),
    ("The model is trained for 30 epochs.", "The model is trained for 45 epochs now."),
    ("Invoices are numbered from 4000.", "Invoices are numbered from 7000 now."),
    ("Grafana runs on port 3000.", "grafana is on 3001 since monday"),
]

BOTH_STAND = [
    # Other things of the same kind.
    ("The staging database listens on 5432.", "The production database is on 5433 now."),
    ("The staging database listens on 5432.", "The staging cache is on 6380 now."),
    ("Rack 1 holds 100 disks.", "Rack 2 now holds 140 disks."),
    ("Node 3 has 64 GB.", "Node 4 now has 128 GB."),
    ("node1 has 64 GB of memory.", "node2 has 128 GB of memory now."),
    ("The spring term starts on 12 March.", "The autumn term now starts on 3 September."),
    ("The tickets are sent through Mailgun.", "The invoices are now sent through Brevo."),
    ("The tickets are printed on blue paper.", "The invoices are now printed on blue paper."),
    ("Frontend tests run on Chromium.", "Backend tests now run on Postgres."),
    ("The API uses Redis.", "The CI uses Redis now."),
    ("The web app uses Redis.", "The mobile app now uses Realm."),
    ("The English docs are hosted on Netlify.", "The German docs are hosted on Hetzner now."),
    ("Reviews are done by Yara.", "Releases are now done by Matteo."),
    ("See ticket 412 for the login bug.", "See ticket 431 for the login bug."),
    ("The login bug is tracked in issue 12.", "The login bug is tracked in issue 19."),
    ("Chapter 2 has 14 pages.", "Chapter 3 now has 21 pages."),
    ("The fix for login is in PR 12.", "The fix for login is in PR 13."),
    ("Add a test for case 4.", "Add a test for case 5 now."),
    ("Sensor 7 reports every 30 seconds.", "Sensor 8 now reports every 60 seconds."),
    # Other attributes of the same thing.
    ("The staging database listens on 5432.", "The staging database now has 12 replicas."),
    ("The staging database keeps 14 backups.", "staging db is on 5433 now"),
    ("The API retries 3 times.", "The API now waits 5 seconds."),
    ("The API has a timeout of 30 seconds.", "The API now retries 3 times."),
    ("The session limit is 20.", "The session timeout is 40 now."),
    ("The cluster has 6 nodes.", "The cluster now has 64 GB."),
    ("Uploads are limited to 20 MB.", "Uploads are kept for 30 days now."),
    ("The crawler starts at 02:15.", "The crawler now runs for 45 minutes."),
    ("The retro is on Thursday.", "The retro is at 15:00 now."),
    ("The retro is in room Elbe.", "The retro is on Tuesdays now."),
    ("The office is in Graz.", "The office now has Marta."),
    ("The docs are built with Sphinx.", "The docs are hosted on Netlify now."),
    ("Deploys go to Hetzner.", "Deploys go through Buildkite now."),
    ("The API is written in Go.", "The API now listens on port 4400."),
    ("The API reads from Postgres.", "The API now writes to Kafka."),
    ("The thesis is written in Typst.", "The thesis is now reviewed by Otto."),
    ("Payments are handled by Yara.", "Payments are settled on Fridays now."),
    ("The tickets are sent through Mailgun.", "The tickets are now sent at night, after the last ferry has left."),
    # No cue that anything has changed.
    ("The tickets are sent through Mailgun.", "The tickets are sent through Brevo."),
    ("We support Firefox.", "We support Chromium."),
    ("Tests run on Linux.", "Tests run on Windows."),
    ("The report covers March.", "The report covers April."),
    ("The team likes Vim.", "The team likes Emacs."),
    ("The importer reads CSV.", "The importer reads Parquet."),
    ("Yara speaks Welsh.", "Yara speaks Polish."),
    # Additions, exceptions, scopes.
    ("The API talks to Redis.", "The API now also talks to Kafka."),
    ("The API listens on port 4310.", "The API now listens on port 4400 as well."),
    ("Errors are reported to Sentry.", "Errors are now additionally reported to Glitchtip."),
    ("The API listens on port 4310.", "In the tests the API now listens on port 4400."),
    ("The API listens on port 4310.", "The API listens on 4400 in tests now."),
    ("Backups run at 02:10.", "On Sundays backups run at 04:00 now."),
    ("The crawler waits 3 seconds.", "The crawler now waits 8 seconds for slow hosts."),
    ("The build uses Node 20.", "The build now uses Node 22 on Windows."),
    ("Standup is at 9:30.", "Only for the team in Graz standup is at 10:00 now."),
    ("The demo is on 12 March.", "There is another demo on 19 March now."),
    ("The site uses Matomo.", "The shop of the site now uses Plausible."),
    # Thoughts, questions, what was.
    ("The API listens on port 4310.", "Maybe the API should be on 4400 now."),
    ("The API listens on port 4310.", "Should we move the API to 4400 now?"),
    ("Payments go through Adyen.", "We are thinking of moving payments from Adyen to Mollie."),
    ("The search page uses Solr.", "The search page might use Typesense instead."),
    ("The retro is on Thursdays.", "The retro was on Tuesdays till now."),
    ("The cluster has 6 nodes.", "If the cluster had 9 nodes now, it would be idle."),
    ("The batch size is 64.", "We tried a batch size of 128 instead."),
    ("The license covers 40 seats.", "The license used to cover 55 seats."),
    # The same old value in another matter.
    ("Grafana sits on 4310.", "Invoices start at 4400, not 4310."),
    ("The queue holds 500 jobs.", "The price went from 500 to 800 euros."),
    ("Stripe webhooks are retried 5 times.", "Stripe is gone from the checkout page."),
    ("Yara leads the design team.", "The lunch club is led by Otto, not Yara."),
    ("The logs are kept for 30 days.", "The timeout is 60 seconds, not 30."),
    ("Yara is the maintainer of the web app.", "Otto is the maintainer of the api now."),
    ("The lease runs until March 2027.", "The insurance was extended until June 2028."),
    ("Grafana runs on port 3000.", "Loki is on 3001 since Monday."),
    ("Tea budget: 50 euros per month", "Coffee budget is 70 euros per month now"),
    # The same value again.
    ("The API listens on ports 4310 and 4311.", "The API is reachable on 4400 now."),
]


def replaces(earlier: str, later: str) -> bool:
    names = frozenset(tools(f"{earlier} {later}"))
    return evidence(earlier, later, names) is not Evidence.NONE


def same_key(earlier: str, later: str) -> bool:
    key = keys.derive(earlier)
    return key is not None and key == keys.derive(later)


@pytest.mark.parametrize(("earlier", "later"), REPLACED)
def test_a_changed_value_is_recognized(earlier: str, later: str) -> None:
    assert replaces(earlier, later) or same_key(earlier, later)


@pytest.mark.parametrize(("earlier", "later"), BOTH_STAND)
def test_statements_that_may_both_be_true_are_not_linked(earlier: str, later: str) -> None:
    assert not replaces(earlier, later)
    assert not same_key(earlier, later)
