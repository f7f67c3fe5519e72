// The console's entry: puts the application into the page.
import { render } from "preact";
import { App } from "./app.tsx";
import { Console } from "./console.ts";
import "@xterm/xterm/css/xterm.css";
import "./style.css";

const root = document.getElementById("app");
if (root) {
  const console = new Console();
  render(<App console={console} />, root);
  void console.begin();
}
