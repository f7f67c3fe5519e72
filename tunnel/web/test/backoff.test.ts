import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../src/terminal/backoff.ts";

test("a pause is never zero and never above ten seconds", () => {
  for (let attempt = 0; attempt < 2000; attempt += 1) {
    assert.ok(pause(attempt, 0) >= 200);
    assert.ok(pause(attempt, 0.999) <= 10_000);
  }
});

test("the ceiling of the pause grows with each attempt", () => {
  const ceilings = [0, 1, 2, 3, 4].map((attempt) => pause(attempt, 1));
  assert.deepEqual(ceilings, [500, 1000, 2000, 4000, 8000]);
});
