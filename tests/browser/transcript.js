// Takes docs/spring.png anew and prints the transcripts of docs/spring.md: node transcript.js FOLDER. Each line of Spring
// Boot on its JDK.
import { join } from "node:path";
import { ShopConsole } from "./shop.js";

const folder = process.argv[2] ?? ".";
const MONITOR = "monitor -c 3 -n 1 -E shop\\.(Order.*|PriceList) ordersOf|priced|findByCustomer|of";
const TRACE =
  "trace -n 1 shop.OrderController ordersOf 'throwExp == null' " +
  "-p shop.OrderService -p shop.OrderRepository -p shop.PriceList -p org.h2.jdbc.JdbcPreparedStatement";
const LINES = [
  MONITOR,
  TRACE,
  "trace -n 1 shop.OrderService priced 'throwExp != null'",
  "reset",
];

for (const [line, version] of [[2, 8], [3, 21]]) {
  const open = await ShopConsole.open(line, version);
  for (const command of LINES) {
    process.stdout.write(`${await open.screen.run(command)}\n\n`);
    if (line === 3 && command === TRACE) {
      await open.page.setViewportSize({ width: 1480, height: 710 });
      await open.page.screenshot({ path: join(folder, "spring.png") });
      await open.page.setViewportSize({ width: 1480, height: 1100 });
    }
  }
  await open.close();
}
