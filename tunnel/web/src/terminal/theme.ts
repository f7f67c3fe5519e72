// The terminal's colours in the dark and in the light, chosen by what the system asks for.
import type { ITheme } from "@xterm/xterm";

const DARK: ITheme = {
  background: "#14181b",
  foreground: "#d5dbdb",
  cursor: "#63c7b5",
  cursorAccent: "#14181b",
  selectionBackground: "#2f5c58",
  black: "#2b3135",
  red: "#ea7f7a",
  green: "#7cc88f",
  yellow: "#dcb76a",
  blue: "#7fb0ea",
  magenta: "#c79be0",
  cyan: "#63c7c4",
  white: "#d5dbdb",
  brightBlack: "#75808a",
  brightRed: "#f59c97",
  brightGreen: "#9adcaa",
  brightYellow: "#ebcd8d",
  brightBlue: "#a1c7f3",
  brightMagenta: "#d9b7ec",
  brightCyan: "#8fdcd9",
  brightWhite: "#f4f7f7",
};

const LIGHT: ITheme = {
  background: "#fdfdfc",
  foreground: "#23292c",
  cursor: "#176b61",
  cursorAccent: "#fdfdfc",
  selectionBackground: "#bfe0da",
  black: "#23292c",
  red: "#b3332d",
  green: "#2a7a3f",
  yellow: "#8a6100",
  blue: "#1f5fa8",
  magenta: "#8140a0",
  cyan: "#0f7173",
  white: "#6b7378",
  brightBlack: "#737c82",
  brightRed: "#c8423b",
  brightGreen: "#338a4b",
  brightYellow: "#9a6e05",
  brightBlue: "#2c70bd",
  brightMagenta: "#9350b2",
  brightCyan: "#157f81",
  brightWhite: "#3d4549",
};

const asksForDark = matchMedia("(prefers-color-scheme: dark)");

export function theme(): ITheme {
  return asksForDark.matches ? DARK : LIGHT;
}

/** Calls `listener` whenever the system changes between dark and light; the returned function ends that. */
export function onThemeChange(listener: () => void): () => void {
  asksForDark.addEventListener("change", listener);
  return () => asksForDark.removeEventListener("change", listener);
}
