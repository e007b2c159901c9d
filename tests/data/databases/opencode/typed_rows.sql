-- OpenCode 2.x: one row for each message, and the old tables are not there.
CREATE TABLE session_v2 (
  id text PRIMARY KEY, project_id text NOT NULL, parent_id text, fork_session_id text, slug text NOT NULL,
  directory text NOT NULL, title text, version text NOT NULL, revert text, time_created integer NOT NULL,
  time_updated integer NOT NULL
);
CREATE TABLE session_message (
  id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, seq integer NOT NULL,
  time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL
);

INSERT INTO session_v2 VALUES ('ses_a', 'p', NULL, NULL, 'a', '/home/mia/bakery', 'Ovens', '2.0.12', NULL, 1770000000000, 1770000090000);
INSERT INTO session_v2 VALUES ('ses_f', 'p', NULL, 'ses_a', 'f', '/home/mia/bakery', 'Ovens, again', '2.0.12', NULL, 1770000100000, 1770000110000);
INSERT INTO session_v2 VALUES ('ses_r', 'p', NULL, NULL, 'r', '/home/mia/mill', 'Undone', '2.0.12', '{"messageID":"msg_12"}', 1770000200000, 1770000210000);

INSERT INTO session_message VALUES ('msg_00', 'ses_a', 'agent-switched', 0, 1770000000500, 1770000000500, '{"time":{"created":1770000000500},"agent":"build"}');
INSERT INTO session_message VALUES ('msg_01', 'ses_a', 'user', 1, 1770000001000, 1770000001000, '{"metadata":{},"time":{"created":1770000001000},"text":"Use the deck oven."}');
INSERT INTO session_message VALUES ('msg_02', 'ses_a', 'synthetic', 2, 1770000001500, 1770000001500, '{"time":{"created":1770000001500},"text":"The plan file was shown."}');
INSERT INTO session_message VALUES ('msg_03', 'ses_a', 'assistant', 3, 1770000002000, 1770000009000, '{"time":{"created":1770000002000,"completed":1770000009000},"agent":"build","model":{"id":"rye-2","providerID":"x"},"content":[{"type":"reasoning","id":"r","text":"Which?"},{"type":"text","id":"t1","text":"I look."},{"type":"tool","id":"call_1","name":"bash","state":{"status":"completed","input":{"command":"ls ovens"},"content":[{"type":"text","text":"deck.py"}],"structured":{"exit":1}},"time":{"created":1770000003000,"completed":1770000004000}},{"type":"tool","id":"call_2","name":"read","state":{"status":"error","input":{"filePath":"gone.py"},"content":[],"error":{"type":"unknown","message":"File not found"}},"time":{"created":1770000004000}},{"type":"tool","id":"call_3","name":"bash","state":{"status":"pending","input":"{\"comm"}},{"type":"text","id":"t2","synthetic":true,"text":"(switched models)"},{"type":"text","id":"t3","text":"The deck oven it is."},{"type":"scent","id":"s"}]}');
INSERT INTO session_message VALUES ('msg_04', 'ses_a', 'shell', 4, 1770000010000, 1770000011000, '{"time":{"created":1770000010000,"completed":1770000011000},"callID":"c","command":"git status","output":"clean"}');
INSERT INTO session_message VALUES ('msg_05', 'ses_a', 'shell', 5, 1770000011500, 1770000011500, '{"time":{"created":1770000011500},"callID":"d","command":"make bread","output":""}');
INSERT INTO session_message VALUES ('msg_06', 'ses_a', 'compaction', 6, 1770000012000, 1770000012000, '{"time":{"created":1770000012000},"reason":"auto","summary":"The deck oven was chosen.","recent":""}');
INSERT INTO session_message VALUES ('msg_07', 'ses_a', 'omen', 7, 1770000013000, 1770000013000, '{"time":{"created":1770000013000}}');
INSERT INTO session_message VALUES ('msg_08', 'ses_a', 'user', 8, 1770000014000, 1770000014000, 'null');

-- A fork copies rows under new ids, and goes on.
INSERT INTO session_message VALUES ('msg_09', 'ses_f', 'user', 0, 1770000100000, 1770000100000, '{"metadata":{},"time":{"created":1770000001000},"text":"Use the deck oven."}');
INSERT INTO session_message VALUES ('msg_10', 'ses_f', 'user', 1, 1770000101000, 1770000101000, '{"metadata":{},"time":{"created":1770000101000},"text":"Use the deck oven."}');

-- Undone from its second prompt on.
INSERT INTO session_message VALUES ('msg_11', 'ses_r', 'user', 0, 1770000201000, 1770000201000, '{"time":{"created":1770000201000},"text":"Grind rye."}');
INSERT INTO session_message VALUES ('msg_12', 'ses_r', 'user', 1, 1770000202000, 1770000202000, '{"time":{"created":1770000202000},"text":"Grind wheat."}');
INSERT INTO session_message VALUES ('msg_13', 'ses_r', 'assistant', 2, 1770000203000, 1770000203000, '{"time":{"created":1770000203000},"content":[{"type":"text","id":"t","text":"Wheat."}]}');
