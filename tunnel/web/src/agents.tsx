// The list: every agent the server knows, by application, the lost ones with the reason.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Application } from "./api.ts";
import { AgentRow } from "./agent.tsx";
import { exact } from "./clock.ts";
import { ConnectHelp } from "./connect.tsx";
import { filtered } from "./filter.ts";
import type { Fleet, FleetState } from "./fleet.ts";
import { useStore } from "./store.ts";

export function AgentsView({ fleet }: { fleet: Fleet }) {
  const state = useStore(fleet.state);
  const [text, setText] = useState("");
  const now = useNow();
  const list = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLInputElement>(null);
  const applications = state.applications;
  const shown = useMemo(() => filtered(applications ?? [], text), [applications, text]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        box.current?.focus();
      } else if (event.key === "Escape" && event.target === box.current) {
        setText("");
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (moveFocus(list.current, event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  /** Enter in the filter box opens the first agent that is left. */
  function openFirst(event: Event) {
    event.preventDefault();
    list.current?.querySelector<HTMLAnchorElement>("a.open")?.click();
  }

  if (applications === undefined) {
    return (
      <div class="centre" aria-busy={!state.problem}>
        {state.problem && <Silence state={state} />}
      </div>
    );
  }
  const count = applications.reduce((sum, application) => sum + application.agents.length, 0);
  return (
    <div class="list" ref={list} data-stale={state.silentSince !== undefined}>
      <Silence state={state} />
      {count === 0 ? (
        <ConnectHelp empty />
      ) : (
        <>
          <form class="filter" role="search" onSubmit={openFirst}>
            <input
              ref={box}
              type="search"
              aria-label="Filter agents"
              placeholder="Filter by name, host, Java, state…   ( / )"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            <Summary applications={applications} />
          </form>
          {shown.map((application) => (
            <ApplicationTable key={application.name} application={application} now={now} />
          ))}
          {shown.length === 0 && <p class="quiet">No agent matches “{text}”.</p>}
          <details class="more">
            <summary>Connect another JVM</summary>
            <ConnectHelp />
          </details>
        </>
      )}
    </div>
  );
}

function ApplicationTable({ application, now }: { application: Application; now: number }) {
  return (
    <section class="card application" aria-label={application.name || "no application name"}>
      <h2>{application.name || "(no application name)"}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">State</th>
            <th scope="col">Host</th>
            <th scope="col">Java</th>
            <th scope="col">Version</th>
            <th scope="col">Terminals</th>
          </tr>
        </thead>
        <tbody>
          {application.agents.map((agent) => (
            <AgentRow key={agent.id} agent={agent} now={now} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Summary({ applications }: { applications: readonly Application[] }) {
  const agents = applications.flatMap((application) => application.agents);
  const lost = agents.filter((agent) => agent.state === "lost").length;
  return (
    <span class="quiet" role="status">
      {agents.length - lost} connected{lost > 0 && `, ${lost} lost`}
    </span>
  );
}

function Silence({ state }: { state: FleetState }) {
  if (state.silentSince === undefined) return null;
  return (
    <p class="warning" role="alert">
      {state.problem} No answer since {exact(state.silentSince)}; trying again. What is shown is the last list known.
    </p>
  );
}

/** The time, once a second while somebody looks. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Moves the focus to the next or previous agent; false if there is none. */
function moveFocus(list: HTMLElement | null, by: number): boolean {
  const links = [...(list?.querySelectorAll<HTMLAnchorElement>("a.open") ?? [])];
  if (links.length === 0) return false;
  const place = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = place < 0 ? (by > 0 ? 0 : links.length - 1) : place + by;
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
  return true;
}
