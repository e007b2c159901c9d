// The public types of the managed service, as its binding for Workers declares them, and its REST shapes: nothing of
// sidecar's own stands in this folder.  The classes answer the binding's methods over REST, so that a program which was
// written for the binding runs against any server that speaks these routes.

export type AgentMemoryMemoryType = "fact" | "event" | "instruction" | "task";
export type AgentMemoryThinkingLevel = "low" | "medium" | "high";
export type AgentMemoryResponseLength = "short" | "medium" | "long";

export interface AgentMemoryMessage {
  role: "system" | "user" | "assistant";
  content: string;
  timestamp?: Date;
}

export interface AgentMemoryIncomingMemory {
  content: string;
  sessionId?: string | null;
}

export interface AgentMemoryMemory {
  id: string;
  type: AgentMemoryMemoryType;
  summary: string;
  content: string;
  sessionId: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export type AgentMemoryMemoryListEntry = Omit<AgentMemoryMemory, "content">;

export interface AgentMemoryScoredCandidate {
  id: string;
  summary: string;
  sessionId: string | null;
  score: number;
}

export interface AgentMemoryRecallOptions {
  thinkingLevel?: AgentMemoryThinkingLevel;
  responseLength?: AgentMemoryResponseLength;
  referenceDate?: Date | string;
}

export interface AgentMemoryRecallResult {
  count: number;
  answer: string;
  candidates: AgentMemoryScoredCandidate[];
}

export interface AgentMemoryListMemoriesOptions {
  limit?: number;
  cursor?: string;
  sessionId?: string;
  type?: AgentMemoryMemoryType;
}

export interface AgentMemoryListMemoriesResult {
  memories: AgentMemoryMemoryListEntry[];
  cursor?: string;
}

export interface AgentMemoryProfile {
  get(memoryId: string): Promise<AgentMemoryMemory>;
  delete(memoryId: string): Promise<AgentMemoryMemory>;
  remember(memory: AgentMemoryIncomingMemory): Promise<AgentMemoryMemory>;
  ingest(messages: Iterable<AgentMemoryMessage>, options?: { sessionId?: string | null }): Promise<void>;
  getSummary(options?: { sessionId?: string | null }): Promise<{ summary: string }>;
  recall(query: string, options?: AgentMemoryRecallOptions): Promise<AgentMemoryRecallResult>;
  list(options?: AgentMemoryListMemoriesOptions): Promise<AgentMemoryListMemoriesResult>;
  deleteSession(sessionId: string): Promise<void>;
}

export interface AgentMemoryNamespace {
  getProfile(profileName: string): Promise<AgentMemoryProfile>;
  deleteProfile(profileName: string): Promise<void>;
}

/** What every answer of the REST API is wrapped in. */
export interface Envelope {
  result: unknown;
  success: boolean;
  errors: { code: number; message: string }[];
  messages: unknown[];
  result_info?: { cursor?: string | null; per_page?: number; count?: number };
}

export interface NamespaceEntry {
  id: string;
  name: string;
  created_at: string;
  updated_at: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, envelope: Envelope) {
    super(envelope.errors.map((error) => error.message).join("; "));
    this.status = status;
    this.code = envelope.errors[0]?.code ?? 0;
  }
}

/** The REST API below `<base>/accounts/<account>/agent-memory`, with an API token. */
export class Rest {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, account: string, token: string) {
    this.#base = `${base}/accounts/${account}/agent-memory`;
    this.#token = token;
  }

  async request(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Envelope> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(this.#base + path, init);
    const envelope = (await response.json()) as Envelope;
    if (!response.ok || !envelope.success) throw new ApiError(response.status, envelope);
    return envelope;
  }
}

export class RestNamespace implements AgentMemoryNamespace {
  readonly #rest: Rest;
  readonly #path: string;

  constructor(rest: Rest, name: string) {
    this.#rest = rest;
    this.#path = `/namespaces/${encodeURIComponent(name)}`;
  }

  async getProfile(profileName: string): Promise<AgentMemoryProfile> {
    return new RestProfile(this.#rest, `${this.#path}/profiles/${encodeURIComponent(profileName)}`);
  }

  async deleteProfile(profileName: string): Promise<void> {
    await this.#rest.request("DELETE", `${this.#path}/profiles/${encodeURIComponent(profileName)}`);
  }
}

type Wire<T> = { [K in keyof T]: T[K] extends Date ? string : T[K] };

class RestProfile implements AgentMemoryProfile {
  readonly #rest: Rest;
  readonly #path: string;

  constructor(rest: Rest, path: string) {
    this.#rest = rest;
    this.#path = path;
  }

  async get(memoryId: string): Promise<AgentMemoryMemory> {
    return memory((await this.#rest.request("GET", `${this.#path}/memories/${memoryId}`)).result);
  }

  async delete(memoryId: string): Promise<AgentMemoryMemory> {
    return memory((await this.#rest.request("DELETE", `${this.#path}/memories/${memoryId}`)).result);
  }

  async remember(given: AgentMemoryIncomingMemory): Promise<AgentMemoryMemory> {
    return memory((await this.#rest.request("POST", `${this.#path}/remember`, given)).result);
  }

  async ingest(messages: Iterable<AgentMemoryMessage>, options: { sessionId?: string | null } = {}): Promise<void> {
    await this.#rest.request("POST", `${this.#path}/ingest`, { messages: [...messages], ...options });
  }

  async getSummary(options: { sessionId?: string | null } = {}): Promise<{ summary: string }> {
    return (await this.#rest.request("POST", `${this.#path}/summary`, options)).result as { summary: string };
  }

  async recall(query: string, options: AgentMemoryRecallOptions = {}): Promise<AgentMemoryRecallResult> {
    const body = { query, ...options };
    return (await this.#rest.request("POST", `${this.#path}/recall`, body)).result as AgentMemoryRecallResult;
  }

  async list(options: AgentMemoryListMemoriesOptions = {}): Promise<AgentMemoryListMemoriesResult> {
    const query = new URLSearchParams();
    if (options.limit !== undefined) query.set("per_page", String(options.limit));
    if (options.cursor !== undefined) query.set("cursor", options.cursor);
    if (options.sessionId !== undefined) query.set("session_id", options.sessionId);
    if (options.type !== undefined) query.set("type", options.type);
    const envelope = await this.#rest.request("GET", `${this.#path}/memories?${query}`);
    const memories = (envelope.result as Wire<AgentMemoryMemoryListEntry>[]).map(dated);
    const cursor = envelope.result_info?.cursor;
    return { memories, ...(cursor ? { cursor } : {}) };
  }

  async deleteSession(sessionId: string): Promise<void> {
    await this.#rest.request("DELETE", `${this.#path}/sessions/${encodeURIComponent(sessionId)}`);
  }
}

function memory(result: unknown): AgentMemoryMemory {
  return dated(result as Wire<AgentMemoryMemory>);
}

function dated<T extends { createdAt: string; updatedAt: string }>(one: T) {
  return { ...one, createdAt: new Date(one.createdAt), updatedAt: new Date(one.updatedAt) };
}
