// What the browser says on a terminal's WebSocket: the console frames of the Arthas tunnel protocol.

/** Longest text of one `read` frame, in UTF-16 units: a big paste goes out in pieces the server's limits allow. */
export const LONGEST_READ = 4096;

export function resizeFrame(cols: number, rows: number): string {
  return JSON.stringify({ action: "resize", cols, rows });
}

/** The frames that carry `data`, in order. A character is never cut in two. */
export function readFrames(data: string): string[] {
  const frames: string[] = [];
  let start = 0;
  while (start < data.length) {
    let end = Math.min(start + LONGEST_READ, data.length);
    if (end < data.length && isHighSurrogate(data.charCodeAt(end - 1))) end -= 1;
    frames.push(JSON.stringify({ action: "read", data: data.slice(start, end) }));
    start = end;
  }
  return frames;
}

/** Says nothing, but keeps proxies in between from closing an idle connection. */
export const KEEP_ALIVE_FRAME = JSON.stringify({ action: "read", data: "" });

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
