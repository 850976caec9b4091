// The second file of the wasm: the page starts without it, waits for it where it has to, and says so when it cannot be
// had. A quick page is in one piece and has nothing of this.

import assert from "node:assert/strict";
import test from "node:test";

import { launch, run, screenshot, started, url } from "./harness.mjs";

const REST = "**/lazy/rest-*.wasm";
/** Something that nobody does in the first minute. */
const RARE = "kubectl api-resources --api-group=storage.k8s.io";

const state = (page) => page.evaluate(() => document.documentElement.dataset.rest);

async function inOnePiece() {
  const html = await (await fetch(url)).text();
  return !/name="kubarium-rest" content="lazy\//.test(html);
}

/** Opens a page in a context of its own, with its requests for the second file led to `handler`. */
async function withRest(t, handler) {
  const browser = await launch(t);
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    serviceWorkers: "block", // it would have the file
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.route(REST, handler);
  await page.goto(url, { waitUntil: "load" });
  await started(page);
  await page.waitForSelector("#terminal-input");
  return { page, errors };
}

test("the first picture needs no second file", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const asked = [];
  let letThrough;
  const gate = new Promise((resolve) => (letThrough = resolve));
  const { page, errors } = await withRest(t, async (route) => {
    const type = route.request().resourceType();
    asked.push(type);
    // The page stands still while it asks for what it cannot do without.
    if (type === "fetch") await gate;
    await route.continue();
  });
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
  assert.equal(asked.length, 1);
});

test("a command that needs the second file before it is there waits for it", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page, errors } = await withRest(t, async (route) => {
    // The one behind the page never comes; the one that somebody waits for does.
    if (route.request().resourceType() === "fetch") return;
    await route.continue();
  });
  await run(page, RARE, "storageclasses");
  assert.equal(await state(page), "there");
  assert.deepEqual(errors, []);
});

test("a second file that cannot be had is said, tried again, and then used", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  let broken = true;
  const { page, errors } = await withRest(t, (route) => (broken ? route.abort() : route.continue()));
  await page.waitForSelector("#rest-notice");
  assert.match(await page.innerText("#rest-notice"), /has not loaded yet/);
  await screenshot(page, "rest-missing");
  broken = false;
  await page.waitForSelector("#rest-notice", { state: "detached", timeout: 120_000 });
  await run(page, RARE, "storageclasses");
  assert.deepEqual(errors, []);
});

test("a page that cannot go on without the second file says so and offers to reload", { timeout: 300_000 }, async (t) => {
  if (await inOnePiece()) return t.skip("a quick page is in one piece");
  const { page } = await withRest(t, (route) => route.abort());
  await page.fill("#terminal-input", RARE);
  await page.press("#terminal-input", "Enter");
  await page.waitForSelector("#rest-notice button");
  assert.match(await page.innerText("#rest-notice"), /cannot go on without it/);
  await screenshot(page, "rest-gone");
});
