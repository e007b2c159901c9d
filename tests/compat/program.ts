// A small program as it is written for the managed service; only its base URL and its token are those of sidecar.
//
//     node program.ts http://127.0.0.1:7373/client/v4        (the token in MEMORY_TOKEN)

import { ApiError, Rest, RestNamespace } from "./agent-memory.ts";
import type { AgentMemoryMessage, NamespaceEntry } from "./agent-memory.ts";

declare const process: { argv: string[]; env: Record<string, string | undefined>; exitCode: number };

const rest = new Rest(process.argv[2] ?? "", "0123456789abcdef", process.env["MEMORY_TOKEN"] ?? "");
const done: string[] = [];

function check(what: string, holds: boolean, seen?: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}`);
  if (!done.includes(what)) done.push(what);
}

async function fails(status: number, work: () => Promise<unknown>): Promise<ApiError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return error;
    throw error;
  }
  throw new Error(`status ${status} was expected`);
}

async function namespaces(): Promise<RestNamespace> {
  const made = (await rest.request("POST", "/namespaces", { name: "support-agent" })).result as NamespaceEntry;
  check("namespaces: made", made.name === "support-agent" && made.id !== "" && !isNaN(Date.parse(made.created_at)), made);
  await fails(409, () => rest.request("POST", "/namespaces", { name: "support-agent" }));
  const got = (await rest.request("GET", "/namespaces/support-agent")).result as NamespaceEntry;
  check("namespaces: got", got.id === made.id, got);
  const page = await rest.request("GET", "/namespaces?per_page=50");
  const names = (page.result as NamespaceEntry[]).map((one) => one.name);
  check("namespaces: listed", names.includes("support-agent") && page.result_info?.per_page === 50, page);
  await fails(404, () => rest.request("GET", "/namespaces/nobody"));
  return new RestNamespace(rest, "support-agent");
}

async function memories(namespace: RestNamespace): Promise<void> {
  const profile = await namespace.getProfile("user-42");
  check("profiles: a new one is empty", (await profile.list()).memories.length === 0);
  const content = "The harbour office of Lindenau answers on channel 12.";
  const kept = await profile.remember({ content, sessionId: "session-1" });
  check("remember", kept.content === content && kept.sessionId === "session-1", kept);
  check("remember: dates", !isNaN(kept.createdAt.getTime()) && !isNaN(kept.updatedAt.getTime()), kept);
  check("remember: type", ["fact", "event", "instruction", "task"].includes(kept.type), kept);
  const got = await profile.get(kept.id);
  check("get", got.content === content && got.summary === kept.summary, got);

  const found = await profile.recall("Which channel does the harbour office of Lindenau use?", {
    thinkingLevel: "low",
    responseLength: "short",
    referenceDate: new Date(),
  });
  const best = found.candidates[0];
  check("recall: candidates", found.count === found.candidates.length && best?.id === kept.id, found);
  check("recall: shape", typeof best?.score === "number" && best.sessionId === "session-1" && best.summary !== "", best);
  check("recall: answer", found.answer.includes("12"), found.answer);
  const nothing = await profile.recall("What do giraffes eat for breakfast on Mars?");
  check("recall: nothing", nothing.count === 0 && nothing.candidates.length === 0 && nothing.answer === "", nothing);

  await profile.remember({ content: "Pilots of Lindenau board at the red buoy." });
  await profile.remember({ content: "The tide tables of Lindenau are printed in March." });
  const first = await profile.list({ limit: 2 });
  check("list: a page", first.memories.length === 2 && first.cursor !== undefined, first);
  check("list: no content", first.memories.every((one) => !("content" in one)), first);
  const second = await profile.list({ limit: 2, ...(first.cursor ? { cursor: first.cursor } : {}) });
  check("list: the last page", second.memories.length === 1 && second.cursor === undefined, second);
  check("list: of a session", (await profile.list({ sessionId: "session-1" })).memories.length === 1);
  check("list: of a type", (await profile.list({ type: kept.type })).memories.length >= 1);
  check("summary", (await profile.getSummary()).summary.includes("Lindenau"));

  check("delete", (await profile.delete(kept.id)).id === kept.id);
  const error = await fails(404, () => profile.get(kept.id));
  check("errors: code and message", error.code > 0 && error.message !== "", error);
  const missing = await fails(400, () => rest.request("POST", "/namespaces/support-agent/profiles/user-42/recall", {}));
  check("errors: the field is named", missing.message.includes("query"), missing.message);
}

async function sessions(namespace: RestNamespace): Promise<void> {
  const profile = await namespace.getProfile("user-43");
  const conversation: AgentMemoryMessage[] = [
    { role: "user", content: "We decided that the deploy host is called anker-7.", timestamp: new Date() },
    { role: "assistant", content: "Noted: anker-7 is the deploy host." },
  ];
  await profile.ingest(conversation, { sessionId: "session-2" });
  await profile.ingest(conversation, { sessionId: "session-2" });
  await profile.remember({ content: "The night shift of Lindenau begins at ten.", sessionId: "session-2" });
  check("ingest", true);
  await profile.deleteSession("session-2");
  await profile.deleteSession("session-2");
  check("sessions: deleted", (await profile.list({ sessionId: "session-2" })).memories.length === 0);
}

async function gone(namespace: RestNamespace): Promise<void> {
  await namespace.deleteProfile("user-42");
  const profile = await namespace.getProfile("user-42");
  check("profiles: deleted", (await profile.list()).memories.length === 0);
  await namespace.deleteProfile("user-43");
  await rest.request("DELETE", "/namespaces/support-agent");
  await fails(404, () => rest.request("GET", "/namespaces/support-agent"));
  check("namespaces: deleted", true);
}

const namespace = await namespaces();
await memories(namespace);
await sessions(namespace);
await gone(namespace);
console.log(done.join("\n"));
