// How a JVM gets into the list, with this server's own address in the lines to copy.
import { useState } from "preact/hooks";
import { tunnelAddress } from "./api.ts";

const LIBRARY = "/opt/oxprobe/liboxprobe.so";

export function ConnectHelp({ empty = false }: { empty?: boolean }) {
  const address = tunnelAddress();
  const option = `-agentpath:${LIBRARY}=tunnel-url=${address},app-name=orders,token-file=/etc/oxprobe/token`;
  return (
    <section class={empty ? "card help" : "help"} aria-label="How to connect a JVM">
      {empty && (
        <>
          <h2>No agent has connected yet</h2>
          <p>This page shows them as they come; there is no need to reload.</p>
        </>
      )}
      <p>Start a Java application with one more option:</p>
      <Line text={`java ${option} -jar app.jar`} />
      <p>or, where only its environment can be changed, as in a pod:</p>
      <Line text={`JAVA_TOOL_OPTIONS="${option}"`} />
      <p>or reach one that runs already:</p>
      <Line text={`oxprobe attach PID -o tunnel-url=${address},app-name=orders,token-file=/etc/oxprobe/token`} />
      <p class="quiet">
        The token file holds the agent token that the server printed when it first started. An Arthas agent carries
        it in its address instead: <code>--tunnel-server '{address}?token=…'</code>
      </p>
    </section>
  );
}

function Line({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <div class="line">
      <code>{text}</code>
      {window.isSecureContext && (
        <button type="button" class="plain" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
      )}
    </div>
  );
}
