import assert from "node:assert/strict";
import test from "node:test";

import { fitDiagnostics, fitRange } from "./src/positions.js";

test("ranges are put in order and inside the text", () => {
  assert.deepEqual(fitRange(7, 3, 5), { from: 3, to: 5 });
  assert.deepEqual(fitRange(-1, undefined, 5), { from: 0, to: 0 });
  assert.deepEqual(fitRange(1.9, Infinity, 5), { from: 1, to: 5 });
});

test("an empty diagnostic underlines the word it touches", () => {
  const [found] = fitDiagnostics([{ from: 4, to: 4, severity: "error", message: "m" }], "a: nginx\n");
  assert.deepEqual(found, { from: 3, to: 8, severity: "error", message: "m" });
});

test("an empty diagnostic between words underlines one character", () => {
  const [found] = fitDiagnostics([{ from: 2, to: 2, message: "m" }], "a: {}");
  assert.deepEqual(found, { from: 2, to: 3, severity: "error", message: "m" });
});

test("at the end of a line it underlines the character before", () => {
  const [found] = fitDiagnostics([{ from: 2, to: 2, severity: "warning", message: "m" }], "a:\nb");
  assert.deepEqual(found, { from: 1, to: 2, severity: "warning", message: "m" });
});

test("diagnostics of a longer text stay inside, in order", () => {
  const found = fitDiagnostics(
    [
      { from: 90, to: 99, severity: "fatal", message: "late" },
      { from: 0, to: 1, severity: "info", message: "early" },
    ],
    "ab",
  );
  assert.deepEqual(
    found.map(({ from, to, severity, message }) => [from, to, severity, message]),
    [
      [0, 1, "info", "early"],
      [0, 2, "error", "late"],
    ],
  );
});

test("an empty text keeps its diagnostic without a range", () => {
  assert.deepEqual(fitDiagnostics([{ from: 3, to: 4, message: "m" }], ""), [
    { from: 0, to: 0, severity: "error", message: "m" },
  ]);
});
