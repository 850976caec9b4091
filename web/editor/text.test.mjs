import assert from "node:assert/strict";
import test from "node:test";

import { normaliseLineEnds, smallestChange } from "./src/text.js";

const apply = (text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to);

test("the same text is no change", () => {
  assert.equal(smallestChange("a: 1\n", "a: 1\n"), null);
});

for (const [name, before, after, expected] of [
  ["a word in the middle", "image: nginx:1.27\n", "image: nginx:1.28\n", { from: 16, to: 17, insert: "8" }],
  ["appended", "ab", "abc", { from: 2, to: 2, insert: "c" }],
  ["removed from the front", "xab", "ab", { from: 0, to: 1, insert: "" }],
  ["a repeated letter", "aa", "aaa", { from: 2, to: 2, insert: "a" }],
  ["emptied", "abc", "", { from: 0, to: 3, insert: "" }],
  ["an emoji with a shared first half", "# 🐟", "# 🐠", { from: 2, to: 4, insert: "🐠" }],
  ["an emoji with a shared second half", "# \u{1f41f}!", "# \u{1f81f}!", { from: 2, to: 4, insert: "\u{1f81f}" }],
]) {
  test(`smallest change: ${name}`, () => {
    assert.deepEqual(smallestChange(before, after), expected);
    assert.equal(apply(before, expected), after);
  });
}

test("line ends become newlines", () => {
  assert.equal(normaliseLineEnds("a\r\nb\rc\n"), "a\nb\nc\n");
});
