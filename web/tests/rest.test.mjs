// The second file of the wasm: the page starts without it, waits for it where it has to, and says so when it cannot be
// had. A quick page is in one piece and has nothing of this.

import assert from "node:assert/strict";
import test from "node:test";

import { block, launch, run, screenshot, started, url } from "./harness.mjs";
import { late } from "./hosts.mjs";

/** Something that nobody does in the first minute. */
const RARE = "kubectl api-resources --api-group=storage.k8s.io";

const state = (page) => page.evaluate(() => document.documentElement.dataset.rest);

async function inOnePiece() {
  const html = await (await fetch(url)).text();
  return !/name="kubarium-rest" content="lazy\//.test(html);
}

/** Opens an empty page in a context of its own, whose errors are collected. */
async function empty(t) {
  const browser = await launch(t);
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    serviceWorkers: "block", // it would have the file
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  return { page, errors };
}

async function load(page, address) {
  await page.goto(address, { waitUntil: "load" });
  await started(page);
  await page.waitForSelector("#terminal-input");
}

/** Serves the page with the second file held until `gate`, but to a page that stands still until it has it. */
async function behindGate(t, page, gate) {
  // To a server, the two ways to ask are alike.
  await page.addInitScript(() => {
    const { open } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (...how) {
      open.apply(this, how);
      this.setRequestHeader("Stands-Still", "yes");
    };
  });
  const asked = [];
  const address = await late(t, (path, headers) => {
    if (!/\/lazy\/rest-[^/]*\.wasm$/.test(path)) return undefined;
    const still = "stands-still" in headers;
    asked.push(still ? "at once" : "behind");
    return still ? undefined : gate;
  });
  return { address, asked };
}

test("the first picture needs no second file", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page, errors } = await empty(t);
  let letThrough;
  const gate = new Promise((resolve) => (letThrough = resolve));
  const { address, asked } = await behindGate(t, page, gate);
  await load(page, address);
  await page.waitForSelector(".k-pane--stage :text-is('worker-1')");
  await page.waitForTimeout(3000);
  assert.equal(
    await state(page),
    undefined,
    "the first seconds run functions that are not in the first file: run `cargo xtask profile-page`",
  );
  letThrough();
  await page.waitForFunction(() => document.documentElement.dataset.rest === "there");
  await run(page, RARE, "storageclasses");
  assert.deepEqual(errors, []);
  assert.deepEqual(asked, ["behind"]);
});

test("a command that needs the second file before it is there waits for it", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page, errors } = await empty(t);
  const { address, asked } = await behindGate(t, page, new Promise(() => {}));
  await load(page, address);
  await run(page, RARE, "storageclasses");
  assert.equal(await state(page), "there");
  assert.deepEqual(errors, []);
  assert.deepEqual(asked, ["behind", "at once"]);
});

test("a second file that cannot be had is said, tried again, and then used", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page, errors } = await empty(t);
  const letThrough = await block(page, "*/lazy/rest-*.wasm");
  await load(page, url);
  await page.waitForSelector("#rest-notice");
  assert.match(await page.innerText("#rest-notice"), /has not loaded yet/);
  await screenshot(page, "rest-missing");
  await letThrough();
  await page.waitForSelector("#rest-notice", { state: "detached", timeout: 120_000 });
  await run(page, RARE, "storageclasses");
  assert.deepEqual(errors, []);
});

test("a page that cannot go on without the second file says so and offers to reload", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page } = await empty(t);
  await block(page, "*/lazy/rest-*.wasm");
  await load(page, url);
  await page.fill("#terminal-input", RARE);
  await page.press("#terminal-input", "Enter");
  await page.waitForSelector("#rest-notice button");
  assert.match(await page.innerText("#rest-notice"), /cannot go on without it/);
  await screenshot(page, "rest-gone");
});
