import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { versionOf, workerOf } from "./version.mjs";

const file = (path, content = path) => ({ path, content: Buffer.from(content) });
const files = [
  file("main-1.js"),
  file("lazy/rest-1.wasm"),
  file("index.html"),
  file("editor/editor-1.js"),
  file("editor/LICENSES.txt"),
  file("schema/schema-1.json.gz"),
  file("licenses/rust.txt"),
  file("embed.js"),
  file("main-1.js.br"),
];

test("a version is what every visit loads, and what is loaded later", () => {
  const { version, whole, later } = versionOf(files);
  assert.match(version, /^[0-9a-f]{16}$/);
  assert.deepEqual(Object.keys(whole), ["./", "lazy/rest-1.wasm", "main-1.js"]);
  assert.match(whole["./"], /^sha256-[\w+/]{43}=$/);
  assert.deepEqual(Object.keys(later), ["editor/editor-1.js", "schema/schema-1.json.gz"]);
});

test("every change of a file is another version, and the order of files is not", () => {
  const { version } = versionOf(files);
  assert.equal(versionOf([...files].reverse()).version, version);
  const changed = files.map((f) => (f.path === "index.html" ? file("index.html", "other") : f));
  assert.notEqual(versionOf(changed).version, version);
  assert.notEqual(versionOf([...files, file("new.css")]).version, version);
});

test("the worker gets its version", async () => {
  const text = await readFile(new URL("../offline/worker.js", import.meta.url), "utf8");
  const done = workerOf(text, versionOf(files));
  assert.doesNotMatch(done, /BUILD-VERSION|FILES: ""|LAZY: ""/);
  assert.match(done, /"main-1\.js": "sha256-/);
  assert.throws(() => workerOf("nothing", versionOf(files)), /no single place/);
});
