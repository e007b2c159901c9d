-- Goose 1.10: messages have no ids yet; later versions name them after their rows.
CREATE TABLE sessions (id TEXT PRIMARY KEY, description TEXT NOT NULL DEFAULT '', working_dir TEXT NOT NULL, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL);
INSERT INTO sessions VALUES ('20251001_7', 'Ovens', '/home/mia/bakery', '2025-10-01 09:00:00', '2025-10-01 09:00:02');
INSERT INTO messages VALUES (3, '20251001_7', 'user', '[{"type":"text","text":"Use the deck oven."}]', 1759309201);
INSERT INTO messages VALUES (4, '20251001_7', 'assistant', '[{"type":"text","text":"The deck oven it is."}]', 1759309202);
