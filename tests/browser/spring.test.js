// A request of a Spring Boot application, seen from its controller down to JDBC: through the tunnel, in a browser. The
// application has requests all the time; what it must answer stands in tests/spring.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pictures } from "./place.js";
import { PATIENCE } from "./process.js";
import { ShopConsole } from "./shop.js";

/** So many orders has every customer who has any: the rows of data.sql. */
const ORDERS = 10;

let open;

before(async () => {
  open = await ShopConsole.open(3, 21);
});

after(() => open?.close());

function step(name, line, check) {
  test(name, { timeout: 2 * PATIENCE }, async () => {
    try {
      check(await open.screen.run(line));
    } catch (error) {
      await open.page.screenshot({ path: join(pictures(), "spring-failed.png") });
      throw error;
    }
  });
}

step("monitor counts the requests, and those that ended by an exception", "monitor -c 3 -n 1 shop.OrderController ordersOf", (text) => {
  const row = text.split("\n").find((one) => /^\d{4}-.* shop\.OrderController .*\bordersOf\b/.test(one));
  assert.ok(row, text);
  const [total, success, fail] = row.split(/\bordersOf\b/)[1].trim().split(/\s+/).map(Number);
  assert.ok(total > 20, row);
  assert.equal(success + fail, total, row);
  assert.ok(fail >= 1 && fail < total / 5, `of twenty customers one is unknown: ${row}`);
});

step(
  "trace shows a request from the controller through Spring's subclasses to the driver",
  "trace -n 1 shop.OrderController ordersOf 'throwExp == null' " +
    "-p shop.OrderService -p shop.OrderRepository -p shop.PriceList -p org.h2.jdbc.JdbcPreparedStatement",
  (text) => {
    const way = ["OrderController:ordersOf", "OrderService:priced", "OrderRepository:findByCustomer"];
    assert.match(text, new RegExp([...way, "JdbcPreparedStatement:executeQuery"].join("[^]*")));
    assert.match(text, new RegExp(`count=${ORDERS}\\] *shop\\.PriceList:of\\(\\)`), "the query in a loop");
  },
);

step(
  "trace with a condition shows the request that failed, and where",
  "trace -n 1 shop.OrderService priced 'throwExp != null'",
  (text) => {
    assert.match(text, /OrderService:priced\(\)/);
    assert.match(text, /throw:java\.util\.NoSuchElementException/i);
  },
);

step("stack names who asks the database", "stack -n 1 shop.PriceList of", (text) => {
  assert.match(text, /shop\.OrderService\$\$\w+\$\$\w+\.priced\(.*\)\n.*shop\.OrderController\.ordersOf\(OrderController\.java:\d+\)/);
});

step("reset puts every class back", "reset", (text) => {
  assert.match(text, /class count: [1-9]/);
});
