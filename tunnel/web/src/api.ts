// What the console asks of the server over HTTP, with its answers as types. Every address is relative to the
// page, so that a reverse proxy may serve the console below a prefix.

/** One JVM that registered with the server. Times are milliseconds since 1970. */
export interface Agent {
  id: string;
  app: string;
  state: "connected" | "lost";
  /** Why it was lost. */
  reason?: string | null;
  version?: string | null;
  kind: "oxprobe" | "arthas";
  host?: string | null;
  address?: string | null;
  pid?: number | null;
  /** The version of its Java. */
  jvm?: string | null;
  since?: number | null;
  lastSeen?: number | null;
  /** Terminals open to it now. */
  sessions?: number | null;
}

export interface Application {
  name: string;
  agents: Agent[];
}

/** The session ended or never began: somebody has to sign in. */
export class SignedOut extends Error {}

/** The server answered, and refused; the message is its sentence. */
export class Refused extends Error {}

/** No answer came from the server. */
export class Unreachable extends Error {}

export async function login(user: string, password: string): Promise<void> {
  const response = await send("api/login", { user, password });
  if (!response.ok) throw new Refused(await sentence(response));
}

export async function logout(): Promise<void> {
  await send("api/logout", {});
}

/** The name of the user who is signed in. */
export async function me(): Promise<string> {
  const answer = (await read("api/me")) as { user?: string };
  return answer.user ?? "";
}

export async function applications(): Promise<Application[]> {
  const answer = (await read("api/agents")) as { applications?: Application[] };
  return answer.applications ?? [];
}

/** The address of a terminal's WebSocket. */
export function terminalAddress(agentId: string): string {
  const url = new URL(`ws?method=connectArthas&id=${encodeURIComponent(agentId)}`, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}

/** The address agents connect to, as far as this browser can tell. */
export function tunnelAddress(): string {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = "";
  return url.href;
}

async function read(path: string): Promise<unknown> {
  const response = await request(path, {});
  if (response.status === 401) throw new SignedOut("Your session has ended.");
  if (response.status >= 500) throw new Unreachable(await sentence(response));
  if (!response.ok) throw new Refused(await sentence(response));
  return response.json();
}

function send(path: string, body: unknown): Promise<Response> {
  return request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, document.baseURI), {
      ...init,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    throw new Unreachable("The tunnel server does not answer.");
  }
}

/** The server's own words about a refusal, as a sentence, else ours. */
async function sentence(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    if (typeof body.error === "string" && body.error !== "") {
      return body.error.charAt(0).toUpperCase() + body.error.slice(1);
    }
  } catch {
    // A proxy in between answers with a page of its own: the status is all there is to tell.
  }
  return `The server refused this (HTTP ${response.status}).`;
}
