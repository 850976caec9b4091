import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { gunzipSync } from "node:zlib";

import { tarball } from "./tar.mjs";

const files = [
  { path: "b.txt", content: Buffer.from("hello") },
  { path: `a/${"x".repeat(90)}/${"y".repeat(90)}.txt`, content: Buffer.alloc(512, "z") },
];

test("an archive is the same whenever it is made", () => {
  assert.deepEqual(tarball(files, "k"), tarball([...files].reverse(), "k"));
  assert.equal(gunzipSync(tarball(files, "k")).length % 512, 0);
  assert.throws(() => tarball([{ path: "x".repeat(101), content: Buffer.alloc(0) }], "k"), /too long/);
});

test("tar reads it", (t) => {
  const run = (...args) => spawnSync("tar", args, { input: tarball(files, "k"), encoding: "utf8" });
  if (run("--version").error) return t.skip("SKIPPED: tar is not installed");
  assert.deepEqual(run("-tzf", "-").stdout.trim().split("\n"), [`k/${files[1].path}`, "k/b.txt"]);
  assert.equal(run("-xzOf", "-", "k/b.txt").stdout, "hello");
  assert.equal(run("-xzOf", "-", `k/${files[1].path}`).stdout.length, 512);
});
