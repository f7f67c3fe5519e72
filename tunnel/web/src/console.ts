// What the console is doing, apart from how it is drawn: who is signed in, which terminals are open, which of
// them is on screen. Signing in again after a session ended finds every terminal, and the address, as it was.
import { logout, me, SignedOut } from "./api.ts";
import { Fleet } from "./fleet.ts";
import { formatRoute, parseRoute, type Route } from "./route.ts";
import { Store } from "./store.ts";
import { TerminalSession } from "./terminal/session.ts";

export type Access =
  | { state: "asking" }
  | { state: "unreachable"; problem: string }
  | { state: "signed-out"; note?: string }
  | { state: "signed-in"; user: string };

const RETRY_MS = 2_000;

export class Console {
  readonly access = new Store<Access>({ state: "asking" });
  readonly route = new Store<Route>(parseRoute(location.hash));
  readonly terminals = new Store<readonly TerminalSession[]>([]);
  readonly fleet = new Fleet(() => this.#sessionEnded());
  /** Whose terminals are open: another user must not inherit them. */
  #owner: string | undefined;

  constructor() {
    addEventListener("hashchange", () => {
      this.route.set(parseRoute(location.hash));
      this.#follow();
    });
    addEventListener("beforeunload", (event) => {
      if (this.terminals.get().some((terminal) => terminal.status.get().state === "open")) event.preventDefault();
    });
  }

  /** Finds out whether this browser is signed in, for as long as it takes the server to answer. */
  async begin(): Promise<void> {
    try {
      this.#enter(await me());
    } catch (error) {
      if (error instanceof SignedOut) {
        this.access.set({ state: "signed-out" });
        return;
      }
      this.access.set({ state: "unreachable", problem: error instanceof Error ? error.message : String(error) });
      setTimeout(() => void this.begin(), RETRY_MS);
    }
  }

  async signOut(): Promise<void> {
    this.#closeAll();
    this.fleet.forget();
    try {
      await logout();
      this.access.set({ state: "signed-out", note: "You are signed out." });
    } catch {
      this.access.set({
        state: "signed-out",
        note: "The server did not answer, so the session may still be valid. Sign in and out again once it does.",
      });
    }
    location.hash = "#/";
  }

  go(route: Route): void {
    location.hash = formatRoute(route);
  }

  /** Opens one more terminal to an agent that has some already. */
  another(agentId: string): void {
    const taken = this.terminals.get().filter((terminal) => terminal.agentId === agentId);
    const number = Math.max(0, ...taken.map((terminal) => terminal.number)) + 1;
    this.go({ view: "terminal", agentId, number });
  }

  close(terminal: TerminalSession): void {
    const open = this.terminals.get();
    const place = open.indexOf(terminal);
    const rest = open.filter((other) => other !== terminal);
    const shown = this.shown();
    terminal.dispose();
    this.terminals.set(rest);
    if (shown !== terminal) return;
    const next = rest[Math.min(place, rest.length - 1)];
    this.go(next ? routeOf(next) : { view: "agents" });
  }

  /** Moves to the terminal before or after the one on screen. */
  step(by: number): void {
    const open = this.terminals.get();
    const shown = this.shown();
    if (!shown || open.length < 2) return;
    const next = open[(open.indexOf(shown) + by + open.length) % open.length];
    if (next) this.go(routeOf(next));
  }

  /** The terminal on screen. */
  shown(): TerminalSession | undefined {
    const route = this.route.get();
    if (route.view !== "terminal") return undefined;
    return this.terminals
      .get()
      .find((terminal) => terminal.agentId === route.agentId && terminal.number === route.number);
  }

  #enter(user: string): void {
    if (this.#owner !== undefined && this.#owner !== user) this.#closeAll();
    this.#owner = user;
    this.access.set({ state: "signed-in", user });
    this.fleet.start();
    for (const terminal of this.terminals.get()) terminal.signedIn();
    this.#follow();
  }

  #sessionEnded(): void {
    if (this.access.get().state !== "signed-in") return;
    this.fleet.stop();
    this.access.set({ state: "signed-out", note: "Your session has ended. Sign in to go on where you were." });
  }

  /** Makes what is open agree with the address. */
  #follow(): void {
    if (this.access.get().state !== "signed-in") return;
    const route = this.route.get();
    this.fleet.watched(route.view === "agents");
    if (route.view === "agents" || this.shown()) return;
    const terminal = new TerminalSession(route.agentId, route.number, (id) => this.fleet.reach(id));
    terminal.onStep = (by) => this.step(by);
    this.terminals.set([...this.terminals.get(), terminal]);
  }

  #closeAll(): void {
    for (const terminal of this.terminals.get()) terminal.dispose();
    this.terminals.set([]);
  }
}

export function routeOf(terminal: TerminalSession): Route {
  return { view: "terminal", agentId: terminal.agentId, number: terminal.number };
}
