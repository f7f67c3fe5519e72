// Copies what is selected in a terminal.
import type { Terminal } from "@xterm/xterm";

/** Copies the selection. Where the page has no clipboard of its own (plain HTTP), the browser's old copy command does it. */
export function copySelection(terminal: Terminal): void {
  const text = terminal.getSelection();
  if (text === "") return;
  if (!window.isSecureContext) {
    document.execCommand("copy");
    return;
  }
  navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
}
