// The console as a person uses it: a real browser, a real tunnel server, real JVMs with real agents. The steps
// build on each other, so the first that fails ends the rest.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { chromium } from "playwright-core";
import { browser as browserPath, pictures } from "./place.js";
import { Demo, eventually, PATIENCE, Tunnel } from "./process.js";
import { Screen } from "./screen.js";

let tunnel;
let browser;
let page;
let screen;
/** The demo application that had the agent from the start, and the one it came into later. */
let started;
let attached;
const requested = new Set();
const complaints = [];
const resizes = [];
let failed = false;

/** A step; skipped once an earlier one failed, since nothing is then as it should be. */
function step(name, body) {
  test(name, { timeout: 3 * PATIENCE }, async (t) => {
    if (failed) return t.skip("an earlier step failed");
    failed = true;
    await body();
    failed = false;
  });
}

step("a tunnel, two JVMs with agents, and a browser start", async () => {
  tunnel = await Tunnel.start();
  const options = (app) => `tunnel-url=${tunnel.agentAddress},token-file=${tunnel.tokenFile},app-name=${app}`;
  started = await Demo.withAgent(17, options("orders"));
  attached = await Demo.start(25);
  await attached.attach(options("billing"));
  browser = await chromium.launch({
    executablePath: browserPath(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  const context = await browser.newContext({
    viewport: { width: 1240, height: 860 },
    colorScheme: "dark",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("request", (request) => requested.add(new URL(request.url()).origin));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  page.on("dialog", (dialog) => dialog.accept());
  page.on("websocket", (socket) => {
    requested.add(new URL(socket.url()).origin.replace("ws", "http"));
    socket.on("framesent", ({ payload }) => {
      const frame = JSON.parse(String(payload));
      if (frame.action === "resize") resizes.push(frame);
    });
  });
  screen = new Screen(page);
});

after(async () => {
  await browser?.close();
  await started?.end();
  await attached?.end();
  await tunnel?.close();
});

afterEach(async (t) => {
  if (!failed || page === undefined) return;
  const file = join(pictures(), "failed.png");
  await page.screenshot({ path: file }).catch(() => {});
  console.error(`failed: ${t.name}; the page is in ${file}; the tunnel said:\n${tunnel?.process.output}`);
});

step("the server sends the built console, not its plain page", async () => {
  const answer = await page.goto(tunnel.url);
  assert.equal(answer.status(), 200);
  assert.equal(await page.getAttribute("meta[name=oxprobe]", "content"), "console");
  const policy = answer.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'self'/);
  assert.match(policy, /frame-ancestors 'none'/);
});

step("a wrong password is refused with a sentence", async () => {
  await signIn("not the password");
  await page.waitForSelector("[role=alert]:not(:empty)");
  assert.match(await page.innerText("[role=alert]"), /\w+ \w+/);
});

step("after signing in, both agents are listed with what they run on", async () => {
  await signIn(tunnel.password);
  for (const [app, demo] of [["orders", started], ["billing", attached]]) {
    const row = page.locator(`section[aria-label="${app}"] tbody tr`);
    await row.locator("text=connected").waitFor();
    const text = await row.innerText();
    assert.match(text, new RegExp(`${app}_`));
    assert.match(text, new RegExp(`pid ${demo.pid}\\b`));
    assert.match(text, new RegExp(`\\b${demo.version}\\b`));
    assert.match(text, /oxprobe \d+\.\d+\.\d+/);
  }
  await picture("agents");
});

step("the filter leaves what matches, and the keyboard opens it", async () => {
  await page.keyboard.press("/");
  await page.keyboard.type("orders");
  await page.locator("section[aria-label=billing]").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await screen.prompt();
  assert.match(await page.title(), /^orders_.* · oxprobe$/);
  assert.match(await screen.lastRow(), new RegExp(`@${started.pid}\\]`));
});

step("dashboard -n 1 shows threads and memory once", async () => {
  const text = await screen.run("dashboard -n 1");
  // A frame is as high as the terminal, so the prompt below it may have pushed its first rows out.
  assert.match(text, /\bbusy-1\b/);
  assert.match(text, /^heap\b/im);
  assert.match(text, /^java\b.*\b17\.\d/m);
});

step("thread -n 3 names the busy thread and its frames", async () => {
  const text = await screen.run("thread -n 3");
  assert.match(text, /"?busy-1"?.*cpuUsage/i);
  assert.match(text, /demo\.MathGame/);
});

step("Tab completes a command", async () => {
  await screen.clear();
  await screen.type("das");
  await screen.press("Tab");
  await screen.until("dashboard to be completed", (text) => /\]\$ dashboard$/.test(text));
  await screen.press("Control+C");
  await screen.prompt();
});

step("a running dashboard shows who uses the processor, until Ctrl-C", async () => {
  await screen.clear();
  await screen.type("dashboard -i 500\r");
  await screen.until("a frame with the busy thread's share", (text) => /busy-1 .* [1-9]\d*\.\d+ /.test(text));
  await picture("dashboard");
  await screen.press("Control+C");
  await screen.prompt();
  assert.match(await screen.run("version"), /^\d+\.\d+\.\d+/m);
});

step("a narrower window reaches the agent, which draws narrower", async () => {
  const wide = await columnOf("STATE");
  const before = resizes.at(-1).cols;
  await page.setViewportSize({ width: 900, height: 860 });
  await eventually("the terminal to say its new size", () => resizes.at(-1).cols < before);
  const narrow = await columnOf("STATE");
  assert.ok(narrow < wide, `STATE stands in column ${narrow}, before in ${wide}`);
  await page.setViewportSize({ width: 1240, height: 860 });
  await eventually("the terminal to say its old size", () => resizes.at(-1).cols === before);
  assert.equal(await columnOf("STATE"), wide);
});

step("Chinese from an input method arrives, and the cursor knows its width", async () => {
  await screen.clear();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Input.imeSetComposition", { text: "zhong", selectionStart: 5, selectionEnd: 5 });
  await devtools.send("Input.insertText", { text: "中文" });
  await screen.until("the echo", (text) => /\]\$ 中文$/.test(text));
  // One step left, and a letter between the two: right only if both sides agree that each takes two columns.
  await screen.press("ArrowLeft");
  await screen.type("x");
  await screen.until("the letter between", (text) => /\]\$ 中x文$/.test(text));
  await screen.press("Enter");
  const text = await screen.prompt();
  assert.match(text, /中x文: /, "the shell names the unknown command");
});

step("what is selected can be copied, and pasted", async () => {
  await screen.clear();
  await screen.type("version");
  await screen.until("the echo", (text) => /\]\$ version$/.test(text));
  await screen.selectRow(/version$/);
  await screen.press("Control+Shift+C");
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  assert.match(await eventually("the clipboard", copied), /\]\$ version\s*$/);
  await screen.press("Control+C");
  await page.evaluate(() => navigator.clipboard.writeText("session"));
  await screen.clear();
  await screen.press("Control+Shift+V");
  await screen.until("the pasted word", (text) => /\]\$ session$/.test(text));
  await screen.press("Enter");
  await screen.until("its output", (text) => text.includes(String(started.pid)) && text.includes("JAVA_PID"));
});

step("keys typed before the terminal is there are not lost", async () => {
  const id = await page.locator("nav .tab-title").innerText();
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/agent/${encodeURIComponent(id)}/2`);
  await page.waitForSelector(".pane:not([hidden]) .xterm-helper-textarea:focus");
  await screen.type("version\r");
  await screen.until("the version", (text) => /^\d+\.\d+\.\d+/m.test(text));
  await screen.prompt();
  await page.click("nav .tab.with-close[data-current=true] .close");
  await screen.prompt();
});

for (const signal of ["SIGKILL", "SIGTERM"]) {
  step(`the tunnel ends by ${signal} and comes back: so do terminal and agents, by themselves`, async () => {
    await screen.run("sysprop java.version");
    await tunnel.end(signal);
    await screen.until("the remark about the loss", (text) => /── .*trying again ──/.test(text));
    assert.match(await screen.text(), /java\.version/, "the text is kept");
    await tunnel.restart();
    await signInIfAsked();
    await screen.until("the remark about the return", (text) => /── connected again ──/.test(text));
    const text = await screen.prompt();
    assert.match(text, /java\.version[^]*trying again[^]*connected again/, "all in one text");
    await screen.run("version");
    await page.click("nav >> text=Agents");
    for (const app of ["orders", "billing"]) {
      await page.locator(`section[aria-label=${app}] tbody tr >> text=connected`).waitFor();
    }
    await page.click("nav .tab-title");
  });
}

step("an agent whose JVM ends is listed as lost, with the reason", async () => {
  await page.click("nav >> text=Agents");
  await attached.end();
  const row = page.locator("section[aria-label=billing] tbody tr[data-state=lost]");
  await row.waitFor();
  assert.match(await row.innerText(), /lost\s+\d+ s ago/);
  assert.match(await row.locator(".reason").innerText(), /\w+/);
});

step("an Arthas agent registers with its token and works in the same console", async () => {
  attached = await Demo.start(17);
  await attached.attachArthas(`${tunnel.agentAddress}?token=${tunnel.token}`, "legacy");
  const row = page.locator("section[aria-label=legacy] tbody tr");
  await row.locator("text=Arthas 4.1.5").waitFor();
  await row.locator("a").click();
  await screen.prompt();
  assert.match(await screen.run("thread -n 3"), /busy-1/);
  assert.match(await screen.run("version"), /4\.1\.5/);
  await screen.type("quit\r");
  await screen.until("the end of the session", (text) => /session ended · press Enter/.test(text));
  await screen.press("Enter");
  await screen.prompt();
});

step("signing out ends the session, and a deep link survives signing in", async () => {
  const link = page.url();
  await page.click("text=Sign out");
  await page.waitForSelector("[name=password]");
  await page.goto("about:blank");
  await page.goto(link);
  await signIn(tunnel.password);
  await screen.prompt();
  assert.equal(page.url(), link);
});

step("the page asked nobody but its server, and broke no rule of its policy", () => {
  assert.deepEqual([...requested].sort(), [new URL(tunnel.url).origin]);
  assert.deepEqual(complaints, []);
});

async function signIn(password) {
  await page.fill("[name=user]", "admin");
  await page.fill("[name=password]", password);
  await page.click("button[type=submit]");
}

/** A server that keeps sessions in memory asks again after a restart; the terminal must come back all the same. */
async function signInIfAsked() {
  const form = page.waitForSelector("[name=password]").then(() => true);
  const back = screen.until("the return", (text) => /── connected again ──/.test(text)).then(() => false);
  if (await Promise.any([form, back])) await signIn(tunnel.password);
}

/** The column in which a heading of `thread` begins: the table is as wide as the terminal. */
async function columnOf(heading) {
  const text = await screen.run("thread");
  const row = text.split("\n").find((line) => /\bNAME\b/.test(line) && line.includes(heading));
  assert.ok(row, `no heading ${heading} in:\n${text}`);
  return row.indexOf(heading);
}

function picture(name) {
  return page.screenshot({ path: join(pictures(), `${name}.png`) });
}
