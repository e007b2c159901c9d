-- Goose: rows of one message id make one message; results come a message after their calls.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
  user_set_name BOOLEAN DEFAULT FALSE, session_type TEXT NOT NULL DEFAULT 'user', working_dir TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  model_config_json TEXT, parent_session_id TEXT
);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT NOT NULL REFERENCES sessions(id),
  role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
  timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, metadata_json TEXT
);

INSERT INTO sessions VALUES ('20260202_1', 'Ovens', '', 0, 'user', '/home/mia/bakery', '2026-02-02 02:40:00', '2026-02-02 02:41:30', '{"model_name":"rye-1"}', NULL);
INSERT INTO sessions VALUES ('20260202_2', 'Count', '', 0, 'sub_agent', '/home/mia/bakery', '2026-02-02 02:41:00', '2026-02-02 02:41:10', NULL, '20260202_1');

INSERT INTO messages VALUES (1, 'msg_1', '20260202_1', 'user', '[{"type":"text","text":"Use the deck oven."},{"type":"image","data":"QUJD","mimeType":"image/png"}]', 1770000001, '2026-02-02 02:40:01', '{"userVisible":true,"agentVisible":true}');
INSERT INTO messages VALUES (2, 'chatcmpl-1', '20260202_1', 'assistant', '[{"type":"thinking","thinking":"Which?","signature":""},{"type":"text","text":"I look at the ovens."}]', 1770000002, '2026-02-02 02:40:02', '{"userVisible":true,"agentVisible":true}');
INSERT INTO messages VALUES (3, 'chatcmpl-1', '20260202_1', 'assistant', '[{"type":"toolRequest","id":"call_1","toolCall":{"status":"success","value":{"name":"developer__shell","arguments":{"command":"ls ovens"}}}},{"type":"toolRequest","id":"call_2","toolCall":{"status":"success","value":{"name":"sidecar__recall","arguments":{"query":"oven"}}}},{"type":"toolRequest","id":"call_3","toolCall":{"status":"error","error":"no such tool"}}]', 1770000002, '2026-02-02 02:40:02', '{"userVisible":true,"agentVisible":true}');
INSERT INTO messages VALUES (4, 'msg_4', '20260202_1', 'user', '[{"type":"toolResponse","id":"call_1","toolResult":{"status":"success","value":{"content":[{"type":"text","text":"deck.py\nrack.py"}],"isError":false}}},{"type":"toolResponse","id":"call_2","toolResult":{"status":"success","value":[{"type":"text","text":"our own memory"}]}},{"type":"toolResponse","id":"call_3","toolResult":{"status":"error","error":"no such tool"}}]', 1770000003, '2026-02-02 02:40:03', '{"userVisible":true,"agentVisible":true}');
INSERT INTO messages VALUES (5, 'chatcmpl-2', '20260202_1', 'assistant', '[{"type":"text","text":"The deck oven it is."},{"type":"aroma"}]', 1770000004, '2026-02-02 02:40:04', '{"userVisible":true,"agentVisible":false}');
INSERT INTO messages VALUES (6, 'msg_6', '20260202_1', 'user', '[{"type":"text","text":"Your context was compacted. Continue."}]', 1770000005, '2026-02-02 02:40:05', '{"userVisible":false,"agentVisible":true}');
INSERT INTO messages VALUES (7, 'msg_7', '20260202_1', 'assistant', '[{"type":"text","tex', 1770000006, '2026-02-02 02:40:06', NULL);
INSERT INTO messages VALUES (8, 'msg_8', '20260202_2', 'user', '[{"type":"text","text":"Count the ovens."}]', 1770000060, '2026-02-02 02:41:00', NULL);
INSERT INTO messages VALUES (9, 'msg_9', '20260202_2', 'assistant', '[{"type":"text","text":"Two."}]', 1770000061000, '2026-02-02 02:41:01', NULL);
INSERT INTO messages VALUES (10, NULL, 'gone', 'user', '[{"type":"text","text":"Of a session without a row."}]', 0, NULL, NULL);
