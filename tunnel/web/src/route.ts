// The address bar says what is on screen, so that a terminal can be linked to: `#/` is the list of agents,
// `#/agent/<id>` a terminal, `#/agent/<id>/2` a second one to the same agent.

export type Route = { view: "agents" } | { view: "terminal"; agentId: string; number: number };

export function parseRoute(hash: string): Route {
  const [place, id, number] = hash.replace(/^#?\/?/, "").split("/");
  if (place !== "agent" || id === undefined || id === "") return { view: "agents" };
  const count = Number.parseInt(number ?? "1", 10);
  return { view: "terminal", agentId: decoded(id), number: count >= 1 && count < 1000 ? count : 1 };
}

export function formatRoute(route: Route): string {
  if (route.view === "agents") return "#/";
  const tail = route.number > 1 ? `/${route.number}` : "";
  return `#/agent/${encodeURIComponent(route.agentId)}${tail}`;
}

/** A link somebody typed may hold a stray `%`: then the text itself is meant. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
