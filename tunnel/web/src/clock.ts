// Times as people read them: "3 min ago" at a glance, the exact moment on hover.

const STEPS: readonly [limit: number, size: number, unit: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [Number.POSITIVE_INFINITY, 86_400, "d"],
];

/** How long before `now` the moment was, both in ms: `12 s`, `3 min`, `5 h`, `9 d`. A clock ahead of ours counts as 0. */
export function elapsed(moment: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - moment) / 1000));
  for (const [limit, size, unit] of STEPS) {
    if (seconds < limit) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return "";
}

/** The moment in the browser's own zone: `2026-03-04 15:06:07`. */
export function exact(moment: number): string {
  const date = new Date(moment);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
