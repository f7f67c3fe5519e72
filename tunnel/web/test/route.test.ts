import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, parseRoute, type Route } from "../src/route.ts";

test("a route survives the address bar", () => {
  const routes: Route[] = [
    { view: "agents" },
    { view: "terminal", agentId: "orders_pod-1", number: 1 },
    { view: "terminal", agentId: "a b/c?&#%中文", number: 3 },
  ];
  for (const route of routes) assert.deepEqual(parseRoute(formatRoute(route)), route);
});

test("what is no route is the list", () => {
  for (const hash of ["", "#", "#/", "#/agent", "#/agent/", "#/nowhere/x"]) {
    assert.deepEqual(parseRoute(hash), { view: "agents" }, hash);
  }
});

test("a stray percent sign in a typed link is taken as it is", () => {
  assert.deepEqual(parseRoute("#/agent/50%"), { view: "terminal", agentId: "50%", number: 1 });
});

test("a senseless terminal number is the first", () => {
  for (const number of ["0", "-4", "x", "1e9", "99999999"]) {
    assert.deepEqual(parseRoute(`#/agent/a/${number}`), { view: "terminal", agentId: "a", number: 1 }, number);
  }
});
