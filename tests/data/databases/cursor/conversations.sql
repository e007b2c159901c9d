-- Cursor's editor: conversations and their bubbles in a table of keys and values, between values of other kinds.
CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
INSERT INTO cursorDiskKV VALUES ('composerData:c1', '{"_v":10,"composerId":"c1","name":"Ovens","createdAt":1770000000000,"lastUpdatedAt":1770000090000,"createdOnBranch":"main","modelConfig":{"modelName":"rye-1"},"fullConversationHeadersOnly":[{"bubbleId":"b1","type":1},{"bubbleId":"b2","type":2},{"bubbleId":"b3","type":2},{"bubbleId":"b4","type":2},{"bubbleId":"b5","type":2},{"bubbleId":"b9","type":2}]}');
INSERT INTO cursorDiskKV VALUES ('checkpointId:c1:x', '{"files":[]}');
-- Written last to first, as it happens when an old answer is written anew: the list tells the order.
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b9', CAST('{"_v":3,"type":2,"bubbleId":"b9","text":"The deck oven it is.","createdAt":"2026-02-02T02:41:00.000Z"}' AS BLOB));
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b1', '{"_v":3,"type":1,"bubbleId":"b1","text":"Use the deck oven.\n<user_info>Linux</user_info>","createdAt":"2026-02-02T02:40:01.000Z","workspaceUris":["file:///home/mia/my%20bakery"]}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b2', '{"_v":3,"type":2,"bubbleId":"b2","text":"","thinking":{"text":"Which?"},"createdAt":"2026-02-02T02:40:02.000Z"}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b3', '{"_v":3,"type":2,"bubbleId":"b3","text":"","createdAt":"2026-02-02T02:40:03.000Z","modelInfo":{"modelName":"rye-2"},"toolFormerData":{"toolCallId":"call_1","name":"run_terminal_cmd","status":"completed","rawArgs":"{\"command\":\"ls ovens\"}","result":"{\"output\":\"deck.py\\nrack.py\",\"exitCodeV2\":1}"}}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b4', '{"_v":3,"type":2,"bubbleId":"b4","text":"","toolFormerData":{"toolCallId":"call_2","name":"run_terminal_cmd","status":"loading","rawArgs":"{\"comma"}}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b5', '{"_v":3,"type":2,"bubbleId":"b5","text":"","toolFormerData":{"toolCallId":"call_3","name":"mcp_sidecar_recall","status":"completed","rawArgs":"{}","result":"our own memory"}}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b6', NULL);
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b7', '{"type":1,"tex');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c1:b8', '{"type":7,"text":"of a kind that nobody knows"}');
-- An older form, in a folder of its own; a conversation that was opened and left; one without a description.
INSERT INTO cursorDiskKV VALUES ('composerData:c2', '{"composerId":"c2","createdAt":1760000000000}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c2:0199a000-0000-7000-8000-00000000000a', '{"type":1,"rawText":"Grind rye.","timestamp":1760000001000,"workspaceProjectDir":"/home/mia/mill"}');
INSERT INTO cursorDiskKV VALUES ('composerData:c3', '{"composerId":"c3","createdAt":1770000000000,"fullConversationHeadersOnly":[]}');
INSERT INTO cursorDiskKV VALUES ('bubbleId:c4:b1', '{"type":2,"text":"Nobody describes me.","createdAt":"not a time"}');
INSERT INTO cursorDiskKV VALUES ('composerData:c5', NULL);
