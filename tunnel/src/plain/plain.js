// The plain terminal: log in, pick an agent, type. It knows line breaks, carriage returns,
// backspace and "erase the rest of the line"; colours and everything else are dropped.
"use strict";
const $ = (id) => document.getElementById(id);
const say = (text) => { $("message").textContent = text; };
let socket = null;

async function list() {
  const answer = await fetch("/api/agents");
  $("login").hidden = answer.ok;
  $("agents").hidden = !answer.ok;
  if (!answer.ok) return;
  say("");
  $("list").replaceChildren(...(await answer.json()).applications.flatMap((app) => app.agents.map((agent) => {
    const item = document.createElement("li");
    const open = document.createElement("button");
    open.textContent = agent.id;
    open.onclick = () => connect(agent.id);
    item.append(open, ` ${agent.state}${agent.reason ? ` (${agent.reason})` : ""}, ${agent.kind} on ${agent.host}`);
    return item;
  })));
}

$("login").onsubmit = async (event) => {
  event.preventDefault();
  const form = new FormData($("login"));
  const answer = await fetch("/api/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: form.get("user"), password: form.get("password") }),
  });
  if (answer.ok) await list(); else say((await answer.json()).error);
};
$("refresh").onclick = list;
$("logout").onclick = async () => { await fetch("/api/logout", { method: "POST" }); await list(); };

function connect(id) {
  if (socket) socket.close();
  const screen = new Screen($("terminal"));
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const ws = new WebSocket(`${scheme}://${location.host}/ws?method=connectArthas&id=${encodeURIComponent(id)}`);
  socket = ws;
  ws.onopen = () => ws.send(JSON.stringify({ action: "resize", cols: 120, rows: 40 }));
  ws.onmessage = (event) => screen.write(event.data);
  ws.onclose = (event) => screen.write(`\r\n-- closed: ${event.reason || event.code} --\r\n`);
  const keepAlive = setInterval(() => ws.readyState === 1 ? type("") : clearInterval(keepAlive), 30000);
  $("terminal").hidden = false;
  $("terminal").focus();
}

const type = (data) => { if (socket && socket.readyState === 1) socket.send(JSON.stringify({ action: "read", data })); };
const keys = {
  Enter: "\r", Backspace: "\x7f", Tab: "\t", Escape: "\x1b", ArrowUp: "\x1b[A", ArrowDown: "\x1b[B",
  ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F", Delete: "\x1b[3~",
};
$("terminal").onkeydown = (event) => {
  let data = keys[event.key];
  if (event.ctrlKey && /^[a-z]$/.test(event.key) && !(event.key === "c" && String(getSelection())) && event.key !== "v") {
    data = String.fromCharCode(event.key.charCodeAt(0) - 96);
  } else if (!event.ctrlKey && !event.metaKey && event.key.length === 1) {
    data = event.key;
  }
  if (data !== undefined) { event.preventDefault(); type(data); }
};
$("terminal").onpaste = (event) => type(event.clipboardData.getData("text").replace(/\r?\n/g, "\r"));

class Screen {
  constructor(element) { this.element = element; this.lines = [""]; this.column = 0; this.rest = ""; }
  write(text) {
    text = this.rest + text;
    this.rest = "";
    const pieces = /\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07]*\x07|\x1b[^[\]]|\x1b[^]*$|[^]/gu;
    for (const [all, numbers, command] of text.matchAll(pieces)) {
      let line = this.lines.at(-1);
      if (command) {
        const count = parseInt(numbers) || 1;
        if (command === "K" || command === "J") line = line.slice(0, this.column);
        if (command === "C") this.column += count;
        if (command === "D") this.column = Math.max(0, this.column - count);
        if (command === "G") this.column = count - 1;
        if (command === "J" && numbers === "2") { this.lines = [""]; line = ""; this.column = 0; }
      } else if (all === "\r") this.column = 0;
      else if (all === "\n") { this.lines.push(""); this.column = 0; continue; }
      else if (all === "\b") this.column = Math.max(0, this.column - 1);
      else if (all[0] === "\x1b") { if (text.endsWith(all)) this.rest = all.slice(0, 64); continue; }
      else if (all >= " " || all === "\t") {
        line = line.padEnd(this.column);
        line = line.slice(0, this.column) + all + line.slice(this.column + all.length);
        this.column += all.length;
      }
      this.lines[this.lines.length - 1] = line;
    }
    this.lines.splice(0, this.lines.length - 2000);
    this.element.textContent = this.lines.join("\n") + "\u258f";
    this.element.scrollTop = this.element.scrollHeight;
  }
}

list();
