-- OpenCode 1.x: a message and its parts in rows of their own.
CREATE TABLE session (
  id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL, directory text NOT NULL,
  title text NOT NULL, version text NOT NULL, revert text, time_created integer NOT NULL, time_updated integer NOT NULL
);
CREATE TABLE message (
  id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL,
  data text NOT NULL
);
CREATE TABLE part (
  id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer NOT NULL,
  time_updated integer NOT NULL, data text NOT NULL
);
CREATE INDEX part_message_id_id_idx ON part (message_id, id);

INSERT INTO session VALUES ('ses_a', 'p', NULL, 'a', '/home/mia/bakery', 'Ovens', '1.2.5', NULL, 1770000000000, 1770000090000);
INSERT INTO session VALUES ('ses_b', 'p', 'ses_a', 'b', '/home/mia/bakery', 'Look around', '1.2.5', NULL, 1770000050000, 1770000060000);

-- A prompt; what OpenCode adds to it is synthetic, and memory that a hook put in is not the person's either.
INSERT INTO message VALUES ('msg_01', 'ses_a', 1770000001000, 1770000001000, '{"role":"user","time":{"created":1770000001000},"agent":"build","model":{"providerID":"x","modelID":"rye-1"}}');
INSERT INTO part VALUES ('prt_01', 'msg_01', 'ses_a', 1770000001000, 1770000001000, '{"type":"text","text":"Use the deck oven.\n<sidecar-context>an old memory</sidecar-context>"}');
INSERT INTO part VALUES ('prt_02', 'msg_01', 'ses_a', 1770000001000, 1770000001000, '{"type":"text","synthetic":true,"text":"Called the Read tool with the following input: {}"}');
INSERT INTO part VALUES ('prt_03', 'msg_01', 'ses_a', 1770000001000, 1770000001000, '{"type":"file","mime":"image/png","url":"data:image/png;base64,QUJD"}');

-- An answer with two texts around tools: one that worked, one with an exit code, one that failed, one under way.
INSERT INTO message VALUES ('msg_02', 'ses_a', 1770000002000, 1770000009000, '{"role":"assistant","time":{"created":1770000002000,"completed":1770000009000},"modelID":"rye-1","providerID":"x","path":{"cwd":"/home/mia/bakery/ovens","root":"/home/mia/bakery"}}');
INSERT INTO part VALUES ('prt_04', 'msg_02', 'ses_a', 1770000002000, 1770000002000, '{"type":"step-start"}');
INSERT INTO part VALUES ('prt_05', 'msg_02', 'ses_a', 1770000002000, 1770000002000, '{"type":"reasoning","text":"Which oven?","time":{"start":1770000002000}}');
INSERT INTO part VALUES ('prt_06', 'msg_02', 'ses_a', 1770000002000, 1770000003000, '{"type":"text","text":"I look at the ovens.","time":{"start":1770000002000,"end":1770000003000}}');
INSERT INTO part VALUES ('prt_07', 'msg_02', 'ses_a', 1770000003000, 1770000004000, '{"type":"tool","tool":"bash","callID":"call_1","state":{"status":"completed","input":{"command":"ls ovens","description":"List"},"output":"deck.py\nrack.py","title":"List","metadata":{"exit":0},"time":{"start":1770000003000,"end":1770000004000}}}');
INSERT INTO part VALUES ('prt_08', 'msg_02', 'ses_a', 1770000004000, 1770000005000, '{"type":"tool","tool":"bash","callID":"call_2","state":{"status":"completed","input":{"command":"make test"},"output":"2 failed","title":"","metadata":{"exit":2},"time":{"start":1770000004000,"end":1770000005000}}}');
INSERT INTO part VALUES ('prt_09', 'msg_02', 'ses_a', 1770000005000, 1770000006000, '{"type":"tool","tool":"read","callID":"call_3","state":{"status":"error","input":{"filePath":"gone.py"},"error":"File not found","time":{"start":1770000005000,"end":1770000006000}}}');
INSERT INTO part VALUES ('prt_10', 'msg_02', 'ses_a', 1770000006000, 1770000006000, '{"type":"tool","tool":"bash","callID":"call_4","state":{"status":"running","input":{"command":"sleep 900"},"time":{"start":1770000006000}}}');
INSERT INTO part VALUES ('prt_11', 'msg_02', 'ses_a', 1770000007000, 1770000007000, '{"type":"tool","tool":"sidecar_recall","callID":"call_5","state":{"status":"completed","input":{"query":"oven"},"output":"our own memory","title":"","metadata":{},"time":{"start":1,"end":2}}}');
INSERT INTO part VALUES ('prt_12', 'msg_02', 'ses_a', 1770000008000, 1770000008000, '{"type":"text","text":"The deck oven it is.","time":{"start":1770000008000,"end":1770000008500}}');
INSERT INTO part VALUES ('prt_13', 'msg_02', 'ses_a', 1770000009000, 1770000009000, '{"type":"step-finish","reason":"stop","cost":0,"tokens":{}}');

-- A compaction: a prompt that is none, and the summary.
INSERT INTO message VALUES ('msg_03', 'ses_a', 1770000010000, 1770000010000, '{"role":"user","time":{"created":1770000010000}}');
INSERT INTO part VALUES ('prt_14', 'msg_03', 'ses_a', 1770000010000, 1770000010000, '{"type":"compaction","auto":true}');
INSERT INTO message VALUES ('msg_04', 'ses_a', 1770000011000, 1770000011000, '{"role":"assistant","summary":true,"mode":"compaction","time":{"created":1770000011000},"modelID":"rye-1"}');
INSERT INTO part VALUES ('prt_15', 'msg_04', 'ses_a', 1770000011000, 1770000011000, '{"type":"text","text":"The deck oven was chosen."}');

-- Damaged rows, times that cannot be, kinds that nobody knows, characters that cannot be stored.
INSERT INTO message VALUES ('msg_05', 'ses_a', 0, 0, '{"role":"user","time":{"created":"long ago"}}');
INSERT INTO part VALUES ('prt_16', 'msg_05', 'ses_a', 0, 0, '{"type":"text","text":"lone \ud83d and nul \u0000 here"}');
INSERT INTO part VALUES ('prt_17', 'msg_05', 'ses_a', 0, 0, '{"type":"hologram"}');
INSERT INTO part VALUES ('prt_18', 'msg_05', 'ses_a', 0, 0, '{"type":"text","tex');
INSERT INTO message VALUES ('msg_06', 'ses_a', 1770000012000, 1770000012000, '{"role":"narrator"}');
INSERT INTO part VALUES ('prt_19', 'msg_06', 'ses_a', 1770000012000, 1770000012000, '{"type":"text","text":"Meanwhile."}');
INSERT INTO part VALUES ('prt_20', 'msg_gone', 'ses_a', 1770000012000, 1770000012000, '{"type":"text","text":"of no message"}');

-- A subagent: its prompt comes from an agent.
INSERT INTO message VALUES ('msg_07', 'ses_b', 1770000050000, 1770000050000, '{"role":"user","time":{"created":1770000050000}}');
INSERT INTO part VALUES ('prt_21', 'msg_07', 'ses_b', 1770000050000, 1770000050000, '{"type":"text","text":"Count the ovens."}');
INSERT INTO message VALUES ('msg_08', 'ses_b', 1770000051000, 1770000051000, '{"role":"assistant","time":{"created":1770000051000},"modelID":"rye-1"}');
INSERT INTO part VALUES ('prt_22', 'msg_08', 'ses_b', 1770000051000, 1770000051000, '{"type":"text","text":"Two."}');
