import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_READ, readFrames, resizeFrame } from "../src/terminal/frames.ts";

function texts(data: string): string[] {
  return readFrames(data).map((frame) => {
    const { action, data: text, ...rest } = JSON.parse(frame) as { action: string; data: string };
    assert.equal(action, "read");
    assert.deepEqual(rest, {});
    return text;
  });
}

test("a key is one frame", () => {
  assert.deepEqual(texts("\r"), ["\r"]);
  assert.deepEqual(texts("\u0003"), ["\u0003"]);
});

test("nothing typed is no frame", () => {
  assert.deepEqual(texts(""), []);
});

test("a long paste goes out in pieces and arrives whole", () => {
  const paste = "0123456789".repeat(2000);
  const pieces = texts(paste);
  assert.equal(pieces.join(""), paste);
  assert.ok(pieces.every((piece) => piece.length <= LONGEST_READ));
  assert.equal(pieces.length, Math.ceil(paste.length / LONGEST_READ));
});

test("a character outside the basic plane is never cut in two", () => {
  const paste = `x${"😀".repeat(LONGEST_READ)}`;
  const pieces = texts(paste);
  assert.equal(pieces.join(""), paste);
  for (const piece of pieces.slice(0, -1)) assert.ok(!/[\ud800-\udbff]$/.test(piece));
});

test("a resize names columns and rows", () => {
  assert.deepEqual(JSON.parse(resizeFrame(100, 30)), { action: "resize", cols: 100, rows: 30 });
});
