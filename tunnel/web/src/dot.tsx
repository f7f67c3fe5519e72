// A dot for a state. It never stands alone: words beside it, or for screen readers, say the same.
import { type Store, useStore } from "./store.ts";
import type { LinkStatus } from "./terminal/link.ts";

export type Tone = "good" | "busy" | "bad" | "off";

export function Dot({ tone }: { tone: Tone }) {
  return <span class={`dot ${tone}`} aria-hidden="true" />;
}

const TONES: Record<LinkStatus["state"], Tone> = { connecting: "busy", open: "good", waiting: "bad", ended: "off" };
const WORDS: Record<LinkStatus["state"], string> = {
  connecting: "connecting",
  open: "connected",
  waiting: "not connected",
  ended: "ended",
};

export function LinkDot({ status }: { status: Store<LinkStatus> }) {
  const { state } = useStore(status);
  return (
    <>
      <Dot tone={TONES[state]} />
      <span class="unseen">{WORDS[state]}: </span>
    </>
  );
}

export function LinkState({ status }: { status: LinkStatus }) {
  return (
    <span class="state" role="status">
      <Dot tone={TONES[status.state]} />
      {words(status)}
    </span>
  );
}

function words(status: LinkStatus): string {
  switch (status.state) {
    case "connecting":
      return "connecting…";
    case "open":
      return "connected";
    case "waiting":
      return `${status.reason} · trying again`;
    case "ended":
      return "session ended · press Enter to open a new one";
  }
}
