import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../src/api.ts";
import { filtered } from "../src/filter.ts";

function agent(id: string, more: Partial<Agent> = {}): Agent {
  return { id, app: "orders", state: "connected", kind: "oxprobe", host: "node-a", jvm: "17.0.9", ...more };
}

const fleet = [
  { name: "orders", agents: [agent("orders_10"), agent("orders_2"), agent("orders_1", { state: "lost" })] },
  { name: "billing", agents: [agent("billing_1", { app: "billing", kind: "arthas", host: "node-b", jvm: "8" })] },
];
const ids = (text: string) => filtered(fleet, text).map(({ name, agents }) => [name, ...agents.map(({ id }) => id)]);

test("without a filter everything is there, in order, the lost ones last", () => {
  assert.deepEqual(ids(""), [
    ["billing", "billing_1"],
    ["orders", "orders_2", "orders_10", "orders_1"],
  ]);
});

test("every word has to occur, in any field and any case", () => {
  assert.deepEqual(ids("NODE-B arthas"), [["billing", "billing_1"]]);
  assert.deepEqual(ids("java 8"), [["billing", "billing_1"]]);
  assert.deepEqual(ids("lost"), [["orders", "orders_1"]]);
  assert.deepEqual(ids("node-a arthas"), []);
});
