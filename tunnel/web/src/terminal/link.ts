// The connection behind a terminal: a WebSocket that is opened again when it breaks, as long as it takes. Keys
// typed while there is none wait in a queue. A session that the agent itself ended stays ended until somebody
// presses Enter.
import { terminalAddress } from "../api.ts";
import type { Reach } from "../fleet.ts";
import { Store } from "../store.ts";
import { pause } from "./backoff.ts";
import { KEEP_ALIVE_FRAME, readFrames, resizeFrame } from "./frames.ts";

const KEEP_ALIVE_MS = 30_000;
/** Keys that wait for a connection, in UTF-16 units; what is beyond is refused aloud. */
const LONGEST_QUEUE = 64 * 1024;
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_BROKEN = 1006;
const CLOSE_UNKNOWN_AGENT = 4004;

export type LinkStatus =
  | { state: "connecting" }
  | { state: "open" }
  /** `retryAt` in ms; absent while the attempt is under way. */
  | { state: "waiting"; reason: string; retryAt?: number }
  | { state: "ended"; reason: string };

export interface LinkEnds {
  /** What the agent draws. */
  output(data: string | Uint8Array): void;
  /** A remark of our own, for the same screen; on a line of its own even in the midst of what the agent draws. */
  notice(text: string): void;
  size(): { cols: number; rows: number };
  /** Whether an attempt has a chance, asked before each attempt but the first. */
  reach(): Promise<Reach>;
}

export class Link {
  readonly status = new Store<LinkStatus>({ state: "connecting" });
  readonly #agentId: string;
  readonly #ends: LinkEnds;
  #socket: WebSocket | undefined;
  #queue = "";
  #attempt = 0;
  #outageTold = false;
  #signedOut = false;
  #disposed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  constructor(agentId: string, ends: LinkEnds) {
    this.#agentId = agentId;
    this.#ends = ends;
  }

  /** Sends keys, or keeps them until the terminal is open. */
  send(data: string): void {
    if (this.status.get().state === "ended") {
      if (data.includes("\r")) this.restart();
      return;
    }
    if (this.#socket?.readyState === WebSocket.OPEN) {
      for (const frame of readFrames(data)) this.#socket.send(frame);
    } else if (this.#queue.length + data.length <= LONGEST_QUEUE) {
      this.#queue += data;
    } else {
      this.#ends.notice("not sent: too much is waiting for the connection");
    }
  }

  resize(cols: number, rows: number): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(resizeFrame(cols, rows));
  }

  /** Begins, or begins again after the session ended. */
  restart(): void {
    this.#attempt = 0;
    this.#outageTold = false;
    this.status.set({ state: "connecting" });
    this.#open();
  }

  /** Tries now instead of at the end of the pause. */
  retryNow(): void {
    if (this.status.get().state !== "waiting" || this.#retry === undefined) return;
    clearTimeout(this.#retry);
    void this.#tryAgain();
  }

  signedIn(): void {
    if (!this.#signedOut) return;
    this.#signedOut = false;
    this.#attempt = 0;
    void this.#tryAgain();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#keepAlive);
    this.#socket?.close(CLOSE_NORMAL);
  }

  #open(): void {
    const socket = new WebSocket(terminalAddress(this.#agentId));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let heard = false;
    socket.onopen = () => {
      const { cols, rows } = this.#ends.size();
      socket.send(resizeFrame(cols, rows));
      for (const frame of readFrames(this.#queue)) socket.send(frame);
      this.#queue = "";
      this.#keepAlive = setInterval(() => socket.send(KEEP_ALIVE_FRAME), KEEP_ALIVE_MS);
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.#disposed) return;
      if (!heard) {
        heard = true;
        this.#heard();
      }
      this.#ends.output(typeof event.data === "string" ? event.data : new Uint8Array(event.data));
    };
    socket.onclose = (event) => {
      clearInterval(this.#keepAlive);
      if (this.#socket === socket) this.#socket = undefined;
      if (!this.#disposed) this.#closed(event);
    };
  }

  /** The first words of a session: only now is there somebody at the other end. */
  #heard(): void {
    if (this.#outageTold) this.#ends.notice("connected again");
    this.#outageTold = false;
    this.status.set({ state: "open" });
  }

  #closed(event: CloseEvent): void {
    const reason = explain(event);
    if (event.code === CLOSE_NORMAL) {
      this.#queue = "";
      this.status.set({ state: "ended", reason });
      this.#ends.notice("session ended · press Enter to open a new one");
      return;
    }
    // A session that lived starts the pauses afresh; one that is refused at once does not.
    if (this.status.get().state === "open" && event.code !== CLOSE_UNKNOWN_AGENT) this.#attempt = 0;
    this.#wait(reason);
  }

  #wait(reason: string): void {
    if (!this.#outageTold) this.#ends.notice(`${reason} · trying again`);
    this.#outageTold = true;
    const delay = pause(this.#attempt, Math.random());
    this.#attempt += 1;
    this.status.set({ state: "waiting", reason, retryAt: Date.now() + delay });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#tryAgain(), delay);
  }

  async #tryAgain(): Promise<void> {
    this.#retry = undefined;
    const before = this.status.get();
    if (before.state === "waiting") this.status.set({ state: "waiting", reason: before.reason });
    const reach = await this.#ends.reach();
    if (this.#disposed) return;
    if (reach === "connected") this.#open();
    else if (reach === "absent") this.#wait("this agent is not connected to the server");
    else if (reach === "unreachable") this.#wait("the tunnel server does not answer");
    else this.#signedOut = true;
  }
}

function explain(event: CloseEvent): string {
  if (event.code === CLOSE_UNKNOWN_AGENT) return "this agent is not connected to the server";
  if (event.code === CLOSE_GOING_AWAY) return event.reason || "the tunnel server is going down";
  if (event.code === CLOSE_BROKEN) return "the connection broke";
  if (event.code === CLOSE_NORMAL) return event.reason || "the session ended";
  return event.reason || `the connection was closed (code ${event.code})`;
}
