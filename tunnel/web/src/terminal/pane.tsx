// Where a terminal is on screen: the screen itself, and a line below it about the connection and the agent.
import { useEffect, useRef } from "preact/hooks";
import { LinkState } from "../dot.tsx";
import type { Fleet } from "../fleet.ts";
import { useStore } from "../store.ts";
import type { TerminalSession } from "./session.ts";

interface PaneProps {
  terminal: TerminalSession;
  fleet: Fleet;
  shown: boolean;
  onAnother: () => void;
}

export function TerminalPane({ terminal, fleet, shown, onAnother }: PaneProps) {
  const place = useRef<HTMLDivElement>(null);
  const status = useStore(terminal.status);
  useStore(fleet.state);
  const agent = fleet.find(terminal.agentId);

  useEffect(() => {
    place.current?.append(terminal.element);
  }, [terminal]);
  useEffect(() => {
    if (shown) terminal.show();
  }, [terminal, shown]);

  const about = [agent?.host, agent?.jvm && `Java ${agent.jvm}`, agent?.pid && `pid ${agent.pid}`].filter(Boolean);
  return (
    <section class="pane" hidden={!shown} aria-label={`Terminal of ${terminal.title}`}>
      <div class="place" ref={place} />
      <footer class="status">
        <LinkState status={status} />
        {status.state === "waiting" && (
          <button type="button" class="plain" onClick={() => terminal.retryNow()}>
            Try now
          </button>
        )}
        <span class="about">{about.join(" · ")}</span>
        <span class="keys">
          Copy <kbd>Ctrl-Shift-C</kbd> Paste <kbd>Ctrl-Shift-V</kbd>
        </span>
        <button type="button" class="plain" onClick={onAnother}>
          New terminal
        </button>
      </footer>
    </section>
  );
}
