// Which agents the filter box leaves: each word typed must occur somewhere in what the list shows of an agent.
import type { Agent, Application } from "./api.ts";

/** The applications with the agents that match; applications without any are left out. */
export function filtered(applications: readonly Application[], text: string): Application[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return applications
    .map((application) => ({
      name: application.name,
      agents: application.agents.filter((agent) => matches(agent, words)).sort(byStateThenId),
    }))
    .filter((application) => application.agents.length > 0)
    .sort((a, b) => a.name.localeCompare(b.name));
}

function matches(agent: Agent, words: readonly string[]): boolean {
  const fields = [agent.id, agent.app, agent.state, agent.kind, agent.version, agent.host, agent.address];
  const java = agent.jvm ? `java ${agent.jvm}` : "";
  const text = [...fields, java, agent.pid ?? ""].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function byStateThenId(a: Agent, b: Agent): number {
  if (a.state !== b.state) return a.state === "connected" ? -1 : 1;
  return a.id.localeCompare(b.id, undefined, { numeric: true });
}
