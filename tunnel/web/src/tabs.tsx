// The bar: the list, one tab for each terminal, and who is signed in.
import { useEffect, useRef } from "preact/hooks";
import { type Console, routeOf } from "./console.ts";
import { LinkDot } from "./dot.tsx";
import { Mark } from "./mark.tsx";
import { formatRoute, type Route } from "./route.ts";
import type { TerminalSession } from "./terminal/session.ts";

interface TabsProps {
  console: Console;
  user: string;
  route: Route;
  terminals: readonly TerminalSession[];
}

export function Tabs({ console, user, route, terminals }: TabsProps) {
  const shown = console.shown();
  return (
    <header class="bar">
      <a class="home" href="#/" aria-label="oxprobe, to the list of agents">
        <Mark />
      </a>
      <nav class="tabs" aria-label="Views">
        <a class="tab" href="#/" aria-current={route.view === "agents" ? "page" : undefined}>
          Agents
        </a>
        {terminals.map((terminal) => (
          <Tab
            key={terminal.key}
            terminal={terminal}
            current={terminal === shown}
            onClose={() => console.close(terminal)}
          />
        ))}
      </nav>
      <span class="user" title={`Signed in as ${user}`}>
        {user}
      </span>
      <button type="button" class="plain" onClick={() => void console.signOut()}>
        Sign out
      </button>
    </header>
  );
}

interface TabProps {
  terminal: TerminalSession;
  current: boolean;
  onClose: () => void;
}

function Tab({ terminal, current, onClose }: TabProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (current) element.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  function auxiliary(event: MouseEvent) {
    if (event.button !== 1) return;
    event.preventDefault();
    onClose();
  }
  return (
    <div class="tab with-close" ref={element} data-current={current} onAuxClick={auxiliary}>
      <a
        href={formatRoute(routeOf(terminal))}
        aria-current={current ? "page" : undefined}
        title={`${terminal.title} (Alt-PageUp, Alt-PageDown: other terminals)`}
      >
        <LinkDot status={terminal.status} />
        <span class="tab-title">{terminal.agentId}</span>
        {terminal.number > 1 && <span class="quiet">({terminal.number})</span>}
      </a>
      <button type="button" class="close" aria-label={`Close the terminal of ${terminal.title}`} onClick={onClose}>
        ×
      </button>
    </div>
  );
}
