// The agents as the server lists them, kept fresh while somebody looks: every two seconds on the list, seldom
// behind a terminal, never in a hidden tab. Also answers whether one agent can be reached now.
import { type Agent, type Application, applications, SignedOut } from "./api.ts";
import { Store } from "./store.ts";

const WATCHED_MS = 2_000;
const IN_BACKGROUND_MS = 15_000;

export interface FleetState {
  /** Absent until the first answer. */
  applications?: Application[];
  /** Since when, in ms, the server has not answered; the list is then the last one known. */
  silentSince?: number;
  problem?: string;
}

export type Reach = "connected" | "absent" | "signed-out" | "unreachable";

export class Fleet {
  readonly state = new Store<FleetState>({});
  readonly #onSignedOut: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #interval = IN_BACKGROUND_MS;
  #running = false;
  #asking: Promise<Reach> | undefined;

  constructor(onSignedOut: () => void) {
    this.#onSignedOut = onSignedOut;
    document.addEventListener("visibilitychange", () => {
      if (this.#running) this.#schedule(document.hidden ? undefined : 0);
    });
  }

  start(): void {
    this.#running = true;
    this.#schedule(0);
  }

  stop(): void {
    this.#running = false;
    this.#schedule(undefined);
  }

  /** Somebody looks at the list now, or no longer does. */
  watched(yes: boolean): void {
    this.#interval = yes ? WATCHED_MS : IN_BACKGROUND_MS;
    if (this.#running) this.#schedule(yes ? 0 : this.#interval);
  }

  forget(): void {
    this.stop();
    this.state.set({});
  }

  find(id: string): Agent | undefined {
    for (const application of this.state.get().applications ?? []) {
      const agent = application.agents.find((candidate) => candidate.id === id);
      if (agent) return agent;
    }
    return undefined;
  }

  /** Asks the server whether the agent is connected now. */
  async reach(id: string): Promise<Reach> {
    const answer = await this.#ask();
    if (answer !== "connected") return answer;
    return this.find(id)?.state === "connected" ? "connected" : "absent";
  }

  #schedule(delay: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (delay === undefined || document.hidden) return;
    this.#timer = setTimeout(async () => {
      await this.#ask();
      if (this.#running) this.#schedule(this.#interval);
    }, delay);
  }

  /** One question at a time: whoever asks meanwhile shares the answer. */
  #ask(): Promise<Reach> {
    this.#asking ??= this.#askServer().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askServer(): Promise<Reach> {
    try {
      this.state.set({ applications: await applications() });
      return "connected";
    } catch (error) {
      if (error instanceof SignedOut) {
        this.#onSignedOut();
        return "signed-out";
      }
      const before = this.state.get();
      const problem = error instanceof Error ? error.message : String(error);
      this.state.set({ ...before, silentSince: before.silentSince ?? Date.now(), problem });
      return "unreachable";
    }
  }
}
