// The real processes of the test: the tunnel server, and Java programs with an agent in them.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { arthas, binary, fixtures, java, shop } from "./place.js";

const run = promisify(execFile);

/** Longest wait for anything, in ms. */
export const PATIENCE = 30_000;

/** Asks again until `ask` gives something, and gives that. */
export async function eventually(what, ask) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A process whose lines can be waited for; what it says is kept for the day it fails. */
class Running {
  constructor(command, args, options = {}) {
    this.output = "";
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.ended = new Promise((resolve) => this.child.on("exit", (code, signal) => resolve(signal ?? code)));
    process.once("exit", () => this.child.kill("SIGKILL"));
    this.child.on("error", (error) => {
      this.output += `${error}\n`;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
      });
    }
  }

  /** Waits until it said something, and gives the match. */
  said(what, pattern) {
    return eventually(what, () => {
      const match = pattern.exec(this.output);
      if (match === null && this.child.exitCode !== null) {
        throw new Error(`ended with ${this.child.exitCode} before ${what}:\n${this.output}`);
      }
      return match;
    });
  }

  end(signal = "SIGKILL") {
    this.child.kill(signal);
    return this.ended;
  }
}

/** A real `oxprobe-tunnel`, with a data folder of its own. */
export class Tunnel {
  static async start() {
    const tunnel = new Tunnel();
    tunnel.data = mkdtempSync(join(tmpdir(), "oxprobe-browser-"));
    tunnel.port = await freePort();
    tunnel.url = `http://127.0.0.1:${tunnel.port}/`;
    await tunnel.restart();
    [, tunnel.password] = await tunnel.process.said("the admin password", /password: *(\S+)/);
    [, tunnel.token] = await tunnel.process.said("the agent token", /agent token: *(\S+)/);
    tunnel.tokenFile = join(tunnel.data, "token-of-the-test");
    writeFileSync(tunnel.tokenFile, `${tunnel.token}\n`, { mode: 0o600 });
    return tunnel;
  }

  /** Starts it, again with the same port and data. */
  async restart() {
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data-dir", this.data];
    this.process = new Running(binary("oxprobe-tunnel"), args);
    await eventually("the tunnel to listen", () => {
      if (this.process.child.exitCode !== null) throw new Error(`the tunnel ended:\n${this.process.output}`);
      return listens(this.port);
    });
  }

  end(signal) {
    return this.process.end(signal);
  }

  async close() {
    await this.end();
    rmSync(this.data, { recursive: true, force: true });
  }

  get agentAddress() {
    return `ws://127.0.0.1:${this.port}/ws`;
  }
}

/** The demo application in a real JVM. */
export class Demo {
  /** With the agent from the start. */
  static withAgent(version, options) {
    return Demo.start(version, [`-agentpath:${binary("liboxprobe.so")}=${options}`]);
  }

  static start(version, vmArguments = []) {
    return Demo.run(version, [...vmArguments, "-Xmx128m", "-cp", fixtures(), "demo.MathGame"]);
  }

  /** The shop on Spring Boot 2 or 3. It gets requests from the moment it is ready. */
  static shop(line, version) {
    return Demo.run(version, ["-Xmx256m", "-cp", shop(line), "shop.Application"]);
  }

  static async run(version, words) {
    const demo = new Demo();
    const env = { ...process.env };
    for (const name of ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"]) delete env[name];
    demo.version = version;
    demo.process = new Running(java(version), ["-XX:+UseSerialGC", ...words], { env });
    await demo.process.said("the demo application to be ready", /^ready\b/m);
    return demo;
  }

  get pid() {
    return this.process.child.pid;
  }

  /** Puts our agent into it. */
  async attach(options) {
    const env = { ...process.env, OXPROBE_AGENT: binary("liboxprobe.so") };
    await run(binary("oxprobe"), ["attach", String(this.pid), "-o", options], { env, timeout: PATIENCE });
  }

  /** Puts the Arthas agent into it. */
  async attachArthas(tunnelAddress, app) {
    const ports = ["--telnet-port", String(await freePort()), "--http-port", String(await freePort())];
    const names = ["--tunnel-server", tunnelAddress, "--app-name", app];
    const boot = ["-jar", join(arthas(), "arthas-boot.jar"), "--arthas-home", arthas(), "--attach-only"];
    await run(java(this.version), [...boot, ...ports, ...names, String(this.pid)], { timeout: PATIENCE });
  }

  end() {
    return this.process.end();
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
