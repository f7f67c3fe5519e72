// When to try again after a connection broke. Full jitter: a server that comes back is not met by every
// browser at once.

const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const SHORTEST_MS = 200;

/** The pause before attempt number `attempt` (from 0), in ms; `random` is between 0 and 1. */
export function pause(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(SHORTEST_MS + random * (ceiling - SHORTEST_MS));
}
