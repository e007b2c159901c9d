-- OpenCode 2.x in the database of a 1.x: what was carried over keeps its ids, an older session was left behind.
CREATE TABLE session (id text PRIMARY KEY, directory text NOT NULL, parent_id text, time_created integer NOT NULL, time_updated integer NOT NULL);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE session_v2 (id text PRIMARY KEY, directory text NOT NULL, parent_id text, fork_session_id text, time_created integer NOT NULL, time_updated integer NOT NULL);
CREATE TABLE session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, seq integer NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);

INSERT INTO session VALUES ('ses_a', '/home/mia/bakery', NULL, 1770000000000, 1770000001000);
INSERT INTO session VALUES ('ses_b', '/home/mia/mill', NULL, 1760000000000, 1760000001000);
INSERT INTO message VALUES ('msg_00', 'ses_b', 1760000001000, 1760000001000, '{"role":"user","time":{"created":1760000001000}}');
INSERT INTO part VALUES ('prt_00', 'msg_00', 'ses_b', 1760000001000, 1760000001000, '{"type":"text","text":"Grind rye."}');
INSERT INTO message VALUES ('msg_01', 'ses_a', 1770000001000, 1770000001000, '{"role":"user","time":{"created":1770000001000}}');
INSERT INTO part VALUES ('prt_01', 'msg_01', 'ses_a', 1770000001000, 1770000001000, '{"type":"text","text":"Use the deck oven."}');

INSERT INTO session_v2 VALUES ('ses_a', '/home/mia/bakery', NULL, NULL, 1770000000000, 1775000000000);
INSERT INTO session_message VALUES ('msg_01', 'ses_a', 'user', 0, 1770000001000, 1774000000000, '{"time":{"created":1770000001000},"text":"Use the deck oven."}');
INSERT INTO session_message VALUES ('msg_02', 'ses_a', 'user', 1, 1775000000000, 1775000000000, '{"time":{"created":1775000000000},"text":"And steam."}');
