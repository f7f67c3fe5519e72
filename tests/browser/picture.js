// Takes the picture of the README anew: node picture.js FILE. Two applications, and a dashboard of one of them.
import { chromium } from "playwright-core";
import { browser as browserPath } from "./place.js";
import { Demo, Tunnel } from "./process.js";
import { Screen } from "./screen.js";

const file = process.argv[2] ?? "console.png";
const tunnel = await Tunnel.start();
const options = (app) => `tunnel-url=${tunnel.agentAddress},token-file=${tunnel.tokenFile},app-name=${app}`;
const demos = [await Demo.withAgent(17, options("orders")), await Demo.withAgent(25, options("billing"))];
const browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1240, height: 1000 }, colorScheme: "dark", deviceScaleFactor: 1.5 });
const screen = new Screen(page);
await page.goto(tunnel.url);
await page.fill("[name=password]", tunnel.password);
await page.click("button[type=submit]");
for (const app of ["billing", "orders"]) {
  await page.click("nav >> text=Agents");
  await page.click(`section[aria-label=${app}] a.open`);
  await screen.prompt();
}
await screen.clear();
await screen.type("dashboard -i 2000\r");
await screen.until("a frame with the busy thread's share", (text) => /busy-1 .* [1-9]\d*\.\d+ /.test(text));

// The window is made as high as one frame, so that nothing of the one before stands above it.
const rows = (await screen.rows()).join("\n").trimEnd().split("\n");
const frame = rows.length - rows.findLastIndex((row) => row.startsWith("ID "));
const height = await page.$eval(".pane:not([hidden]) .xterm-rows > div", (row) => row.getBoundingClientRect().height);
const spare = await page.$eval(".pane:not([hidden]) .place", (place) => innerHeight - place.clientHeight);
await page.setViewportSize({ width: 1240, height: Math.ceil(spare + 8 + (frame + 1.5) * height) });
await screen.until("one frame alone", (text) => text.startsWith("ID "));
await page.screenshot({ path: file });

await browser.close();
await Promise.all(demos.map((demo) => demo.end()));
await tunnel.close();
