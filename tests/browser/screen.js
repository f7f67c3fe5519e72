// The terminal on screen, as a person sees it: rows of text, keys, and waiting for what should appear.
import { PATIENCE } from "./process.js";

const ROWS = ".pane:not([hidden]) .xterm-rows > div";
/** A shell that waits for a command. */
const PROMPT = /^\[(arthas|oxprobe)@\d+\]\$$/;

export class Screen {
  constructor(page) {
    this.page = page;
  }

  /** What is visible, a row each, without the blanks at the end. */
  rows() {
    return this.page.$$eval(ROWS, (rows) => rows.map((row) => row.textContent.replace(/\u00a0/g, " ").trimEnd()));
  }

  /** All of it, without the empty rows above and below. */
  async text() {
    return (await this.rows()).join("\n").trimEnd().replace(/^\n+/, "");
  }

  /** The row the cursor is in: the last one that is not empty. */
  async lastRow() {
    return (await this.text()).split("\n").at(-1);
  }

  /** Waits until `test` holds for the visible text, and gives the text. */
  async until(what, test) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const text = await this.text();
      if (test(text)) return text;
      if (Date.now() > deadline) throw new Error(`waited ${PATIENCE / 1000} s for ${what}; on screen is:\n${text}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Waits until keys go to the terminal and the shell waits for a command. */
  async prompt() {
    await this.page.waitForSelector(".pane:not([hidden]) .xterm-helper-textarea:focus");
    return this.until("the prompt", (text) => PROMPT.test(text.split("\n").at(-1)));
  }

  /** Empties the screen. */
  async clear() {
    await this.prompt();
    await this.type("cls\r");
    await this.until("an empty screen", (text) => PROMPT.test(text));
  }

  /** Empties the screen, runs a line, and gives what stands there when the prompt is back. */
  async run(line) {
    await this.clear();
    await this.type(`${line}\r`);
    // Nothing but a prompt is the empty screen still: the line has not even been echoed.
    return this.until(`the end of ${line}`, (text) => text.includes("\n") && PROMPT.test(text.split("\n").at(-1)));
  }

  /** Selects the first row that matches, by a triple click. */
  async selectRow(pattern) {
    const number = (await this.rows()).findIndex((row) => pattern.test(row));
    const box = await this.page.locator(ROWS).nth(number).boundingBox();
    await this.page.mouse.click(box.x + 20, box.y + box.height / 2, { clickCount: 3 });
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  press(key) {
    return this.page.keyboard.press(key);
  }
}
