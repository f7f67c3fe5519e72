// The frame around everything: the bar with the open terminals, and below it the list or a terminal.
import { useEffect } from "preact/hooks";
import { AgentsView } from "./agents.tsx";
import type { Console } from "./console.ts";
import { LoginView } from "./login.tsx";
import { useStore } from "./store.ts";
import { Tabs } from "./tabs.tsx";
import { TerminalPane } from "./terminal/pane.tsx";

export function App({ console }: { console: Console }) {
  const access = useStore(console.access);
  const route = useStore(console.route);
  const terminals = useStore(console.terminals);
  const shown = console.shown();

  useEffect(() => {
    const place = route.view === "terminal" ? (shown?.title ?? route.agentId) : "Agents";
    document.title = access.state === "signed-in" ? `${place} · oxprobe` : "Sign in · oxprobe";
  }, [access, route, shown]);

  if (access.state === "asking") return <div class="centre" aria-busy="true" />;
  if (access.state === "unreachable") {
    return (
      <div class="centre">
        <p class="quiet" role="status">
          {access.problem} Trying again every few seconds.
        </p>
      </div>
    );
  }
  if (access.state === "signed-out") {
    return <LoginView note={access.note} onSignedIn={() => void console.begin()} />;
  }
  return (
    <div class="frame">
      <Tabs console={console} user={access.user} route={route} terminals={terminals} />
      <main>
        {route.view === "agents" && <AgentsView fleet={console.fleet} />}
        {terminals.map((terminal) => (
          <TerminalPane
            key={terminal.key}
            terminal={terminal}
            fleet={console.fleet}
            shown={terminal === shown}
            onAnother={() => console.another(terminal.agentId)}
          />
        ))}
      </main>
    </div>
  );
}
