"""The tables, as a list of migrations that only ever grows at its end: entry n leads to format n + 1.

Times are whole microseconds since 1970 in UTC.  `number` columns are internal; nothing outside the journal sees them,
but for `messages.number`, the index's key of a message.

A row of `messages` never disappears: when its text is pruned or removed, it stays as the memory of that, so that
reading the transcript again does not bring it back, and the feed of changes can tell the index.
"""

from __future__ import annotations

FORMAT_1 = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE flags (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The last `seq` and the last `change` given out; both only grow, whatever is removed.
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO counters VALUES ('seq', 0), ('change', 0)",
    "CREATE TABLE profiles ("
    " number INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (namespace, name))",
    # `scope`: the profile within which a client's own session names are unique; empty for transcripts.
    "CREATE TABLE sessions ("
    " number INTEGER PRIMARY KEY, agent TEXT NOT NULL, session TEXT NOT NULL, scope TEXT NOT NULL,"
    " profile INTEGER NOT NULL REFERENCES profiles, cwds TEXT NOT NULL DEFAULT '[]',"
    " started INTEGER, last_record INTEGER,"
    " extracted INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (agent, session, scope))",
    "CREATE INDEX sessions_profile ON sessions (profile)",
    "CREATE TABLE files ("
    " number INTEGER PRIMARY KEY, path NOT NULL UNIQUE, agent TEXT, session INTEGER REFERENCES sessions,"
    " started INTEGER, cursor TEXT, damaged INTEGER NOT NULL DEFAULT 0, problem TEXT)",
    "CREATE INDEX files_session ON files (session)",
    "CREATE TABLE unknown_records ("
    " file INTEGER NOT NULL REFERENCES files, kind TEXT NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY (file, kind)) WITHOUT ROWID",
    # file 0: no file (HTTP ingest).  talk: words of the user or the assistant.  gone: 1 pruned, 2 removed.
    "CREATE TABLE messages ("
    " number INTEGER PRIMARY KEY, agent TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL,"
    " session INTEGER NOT NULL REFERENCES sessions, file INTEGER NOT NULL, position INTEGER NOT NULL,"
    " sidechain INTEGER NOT NULL, talk INTEGER NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0,"
    " gone INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL, change INTEGER NOT NULL,"
    " role TEXT NOT NULL, speaker TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER,"
    " cwd TEXT, branch TEXT, model TEXT, tool TEXT, bytes INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX messages_id ON messages (id, agent, scope)",
    "CREATE INDEX messages_place ON messages (session, file, sidechain, position)",
    "CREATE UNIQUE INDEX messages_change ON messages (change)",
    # The texts lie apart, so that what only looks at order, counts and marks does not read through them.
    "CREATE TABLE texts (number INTEGER PRIMARY KEY REFERENCES messages, body BLOB NOT NULL)",
    # Other sessions that hold the same message (resume, fork); content is NULL where it equals the owner's.
    "CREATE TABLE copies ("
    " message INTEGER NOT NULL REFERENCES messages, session INTEGER NOT NULL REFERENCES sessions,"
    " file INTEGER NOT NULL, position INTEGER NOT NULL, withdrawn INTEGER NOT NULL, content BLOB,"
    " PRIMARY KEY (message, session)) WITHOUT ROWID",
    "CREATE INDEX copies_session ON copies (session, file)",
    # state: 0 forgotten, 1 superseded, 2 current; the largest of all profiles counts.
    "CREATE TABLE marks ("
    " message TEXT NOT NULL, profile INTEGER NOT NULL REFERENCES profiles, state INTEGER NOT NULL,"
    " PRIMARY KEY (message, profile)) WITHOUT ROWID",
    "CREATE TABLE jobs ("
    " session INTEGER PRIMARY KEY REFERENCES sessions, state TEXT NOT NULL, due INTEGER NOT NULL,"
    " again INTEGER, priority INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, error TEXT)",
    "CREATE INDEX jobs_due ON jobs (state, due)",
    "CREATE TABLE writes ("
    " profile TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (profile, path)) WITHOUT ROWID",
    "CREATE TABLE routes ("
    " namespace TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL, profile TEXT NOT NULL,"
    " PRIMARY KEY (namespace, kind, value)) WITHOUT ROWID",
    # `sessions.messages` counts what can be found; kept by triggers, because status asks for it all the time.
    "CREATE TRIGGER messages_added AFTER INSERT ON messages WHEN NEW.gone = 0 AND NEW.withdrawn = 0 BEGIN"
    " UPDATE sessions SET messages = messages + 1 WHERE number = NEW.session; END",
    "CREATE TRIGGER messages_altered AFTER UPDATE OF session, gone, withdrawn ON messages BEGIN"
    " UPDATE sessions SET messages = messages - 1 WHERE number = OLD.session AND OLD.gone = 0 AND OLD.withdrawn = 0;"
    " UPDATE sessions SET messages = messages + 1 WHERE number = NEW.session AND NEW.gone = 0 AND NEW.withdrawn = 0;"
    " END",
)

FORMAT_2 = (
    # extractor: the versions that took part in what was extracted so far, by name, joined with ", ".
    # outcome, reason, finished, learned: how the last run over it ended; learned counts from its beginning.
    "ALTER TABLE sessions ADD COLUMN extractor TEXT",
    "ALTER TABLE sessions ADD COLUMN outcome TEXT",
    "ALTER TABLE sessions ADD COLUMN reason TEXT",
    "ALTER TABLE sessions ADD COLUMN finished INTEGER",
    "ALTER TABLE sessions ADD COLUMN learned INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX sessions_finished ON sessions (finished)",
    # Whoever wrote format 1 knew no other extractor.
    "UPDATE sessions SET extractor = 'rules-1' WHERE extracted > 0",
    # lease: until when a running job is its worker's.  anew: from the session's beginning; the mark has not moved yet.
    "ALTER TABLE jobs ADD COLUMN lease INTEGER",
    "ALTER TABLE jobs ADD COLUMN anew INTEGER NOT NULL DEFAULT 0",
    # Text as long as this waits for extraction; of what was there before about so much, judged by its packed length.
    "ALTER TABLE messages ADD COLUMN characters INTEGER NOT NULL DEFAULT 0",
    "UPDATE messages SET characters = 2 * bytes WHERE gone = 0",
    # Time that a model took, by the minute in which it ended, and the text that it went through.
    "CREATE TABLE model_use ("
    " minute INTEGER PRIMARY KEY, micros INTEGER NOT NULL DEFAULT 0, characters INTEGER NOT NULL DEFAULT 0)",
)

FORMAT_3 = (
    # What hooks have given to a session: ids and digests of texts.
    "CREATE TABLE given ("
    " session TEXT NOT NULL, mark TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (session, mark)) WITHOUT ROWID",
    "CREATE INDEX given_time ON given (time)",
)

FORMAT_4 = (
    # flagged: which build found more than it knows in the file; empty for none.  version: of the agent that wrote last.
    "ALTER TABLE files ADD COLUMN flagged TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE files ADD COLUMN version TEXT",
    "CREATE INDEX files_flagged ON files (flagged) WHERE flagged <> ''",
)

MIGRATIONS = (FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4)
