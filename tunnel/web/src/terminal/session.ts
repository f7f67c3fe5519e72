// One terminal: the screen, the connection behind it, and the element both live in. It outlives what is drawn
// around it, so that going to the list and back, or signing in again, keeps its text.
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import type { Reach } from "../fleet.ts";
import type { Store } from "../store.ts";
import { copySelection } from "./clipboard.ts";
import { Link, type LinkStatus } from "./link.ts";
import { onThemeChange, theme } from "./theme.ts";

const SCROLLBACK_LINES = 10_000;
const FONTS =
  'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace';

export class TerminalSession {
  readonly agentId: string;
  /** Counts the terminals to one agent, from 1. */
  readonly number: number;
  readonly key: string;
  readonly element = document.createElement("div");
  readonly status: Store<LinkStatus>;
  /** Called when a key asks for the terminal before (-1) or after (1) this one. */
  onStep: (by: number) => void = () => {};
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #link: Link;
  readonly #observer: ResizeObserver;
  readonly #endTheme: () => void;
  #begun = false;
  /** The cursor is known to stand at the beginning of a line: the agent wrote nothing since ours. */
  #untouched = true;

  constructor(agentId: string, number: number, reach: (id: string) => Promise<Reach>) {
    this.agentId = agentId;
    this.number = number;
    this.key = `${agentId}/${number}`;
    this.element.className = "screen";
    this.#terminal = new Terminal({
      allowProposedApi: true, // the Unicode 11 widths are behind this switch
      cursorBlink: true,
      fontFamily: FONTS,
      fontSize: 13,
      lineHeight: 1.2,
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK_LINES,
      theme: theme(),
    });
    this.#link = new Link(agentId, {
      output: (data) => {
        this.#untouched = false;
        this.#terminal.write(data);
      },
      notice: (text) => this.#notice(text),
      size: () => ({ cols: this.#terminal.cols, rows: this.#terminal.rows }),
      reach: () => reach(agentId),
    });
    this.status = this.#link.status;
    this.#observer = new ResizeObserver(() => requestAnimationFrame(() => this.#refit()));
    this.#endTheme = onThemeChange(() => {
      this.#terminal.options.theme = theme();
    });
  }

  get title(): string {
    return this.number > 1 ? `${this.agentId} (${this.number})` : this.agentId;
  }

  /** The terminal is on screen: measures it, connects the first time, takes the keyboard. */
  show(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#begin();
    }
    this.#refit();
    this.#terminal.focus();
  }

  retryNow(): void {
    this.#link.retryNow();
    this.#terminal.focus();
  }

  signedIn(): void {
    this.#link.signedIn();
  }

  dispose(): void {
    this.#link.dispose();
    this.#observer.disconnect();
    this.#endTheme();
    this.#terminal.dispose();
    this.element.remove();
  }

  #begin(): void {
    const terminal = this.#terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(new Unicode11Addon());
    terminal.unicode.activeVersion = "11";
    terminal.loadAddon(new WebLinksAddon((_, uri) => window.open(uri, "_blank", "noopener,noreferrer")));
    terminal.open(this.element);
    terminal.textarea?.setAttribute("aria-label", `Terminal of ${this.title}`);
    terminal.attachCustomKeyEventHandler((event) => this.#ownKey(event));
    terminal.onData((data) => this.#link.send(data));
    terminal.onResize(({ cols, rows }) => this.#link.resize(cols, rows));
    this.#observer.observe(this.element);
    this.#refit();
    this.#link.restart();
  }

  /** Keys that are the console's own; false keeps them from the agent. */
  #ownKey(event: KeyboardEvent): boolean {
    if (event.isComposing) return true;
    const copyOrPaste = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
    if (copyOrPaste && event.code === "KeyC") {
      event.preventDefault();
      if (event.type === "keydown") copySelection(this.#terminal);
      return false;
    }
    // The browser itself turns this key into a paste, which needs no permission.
    if (copyOrPaste && event.code === "KeyV") return false;
    if (event.altKey && !event.ctrlKey && (event.code === "PageUp" || event.code === "PageDown")) {
      event.preventDefault();
      if (event.type === "keydown") this.onStep(event.code === "PageUp" ? -1 : 1);
      return false;
    }
    return true;
  }

  #refit(): void {
    if (this.#begun && this.element.offsetParent !== null) this.#fit.fit();
  }

  /** A dim line among the agent's own. A full-screen program that was cut off must not swallow it. */
  #notice(text: string): void {
    const leaveFullScreen = this.#terminal.buffer.active.type === "alternate" ? "\x1b[?1049l" : "";
    const newLine = this.#untouched ? "" : "\r\n";
    this.#untouched = true;
    this.#terminal.write(`${leaveFullScreen}\x1b[0m\x1b[?25h${newLine}\x1b[2m── ${text} ──\x1b[0m\r\n`);
  }
}
