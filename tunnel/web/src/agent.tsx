// One agent in the list. A lost one can be opened too: its terminal waits until it is back.
import type { Agent } from "./api.ts";
import { elapsed, exact } from "./clock.ts";
import { Dot } from "./dot.tsx";
import { formatRoute } from "./route.ts";

const KINDS: Record<Agent["kind"], string> = { oxprobe: "oxprobe", arthas: "Arthas" };

export function AgentRow({ agent, now }: { agent: Agent; now: number }) {
  const pid = agent.pid ? `pid ${agent.pid}` : "";
  return (
    <tr data-state={agent.state}>
      <td class="name">
        <a class="open" href={formatRoute({ view: "terminal", agentId: agent.id, number: 1 })}>
          {agent.id}
        </a>
      </td>
      <td>
        <State agent={agent} now={now} />
      </td>
      <td title={agent.address ? `Connected from ${agent.address}` : undefined}>
        {agent.host || agent.address || "–"}
        {pid && <span class="quiet"> · {pid}</span>}
      </td>
      <td>{agent.jvm || "–"}</td>
      <td>
        {KINDS[agent.kind] ?? agent.kind} {agent.version}
      </td>
      <td class="number">{agent.sessions || ""}</td>
    </tr>
  );
}

function State({ agent, now }: { agent: Agent; now: number }) {
  if (agent.state === "connected") {
    return (
      <span class="state">
        <Dot tone="good" />
        connected
        <Moment word="for" at={agent.since} now={now} />
      </span>
    );
  }
  return (
    <span class="state lost">
      <span>
        <Dot tone="off" />
        lost
        <Moment word="" after=" ago" at={agent.lastSeen} now={now} />
      </span>
      {agent.reason && <span class="reason">{agent.reason}</span>}
    </span>
  );
}

interface MomentProps {
  word: string;
  after?: string;
  at: number | null | undefined;
  now: number;
}

/** How long ago, with the exact moment on hover. */
function Moment({ word, after = "", at, now }: MomentProps) {
  if (at === null || at === undefined) return null;
  return (
    <time class="quiet" dateTime={new Date(at).toISOString()} title={exact(at)}>
      {word} {elapsed(at, now)}
      {after}
    </time>
  );
}
