import assert from "node:assert/strict";
import { test } from "node:test";
import { elapsed, exact } from "../src/clock.ts";

test("elapsed time uses the largest unit that fits", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_599_000, "59 min"],
    [3_600_000, "1 h"],
    [86_399_000, "23 h"],
    [86_400_000 * 9, "9 d"],
  ];
  for (const [ago, text] of cases) assert.equal(elapsed(1e12 - ago, 1e12), text);
});

test("a server whose clock is ahead does not make time negative", () => {
  assert.equal(elapsed(1e12 + 5000, 1e12), "0 s");
});

test("the exact moment has two digits everywhere", () => {
  assert.equal(exact(new Date(2026, 2, 4, 5, 6, 7).getTime()), "2026-03-04 05:06:07");
});
