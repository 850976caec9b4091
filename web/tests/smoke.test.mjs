// The page starts where it was not built for: below a path, in an iframe, under its own strict policy.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, block, launch, open, started, url } from "./harness.mjs";

test("the page starts below a path, without errors and within its policy", async (t) => {
  assert.notEqual(new URL(url).pathname, "", "the page is served somewhere");
  const { page } = await open(t);
  await started(page);
  assert.match(await page.title(), /Kubarium/);
  assert.equal(await page.getAttribute("html", "lang"), "en");
});

test("the policy holds: an inline script that is not ours does not run", async (t) => {
  const { page, problems } = await open(t);
  await started(page);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.intruder = true";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => window.intruder), undefined);
  assert.ok(problems.some((problem) => problem.includes("script-src")), "the violation was reported");
  problems.length = 0;
});

test("the theme of the address is set before the page draws", async (t) => {
  const { page } = await open(t, { query: "?theme=dark" });
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
});

test("without scripts the page says what it needs", async (t) => {
  const browser = await launch(t);
  const context = await browser.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  assert.match(await page.innerText("main"), /JavaScript/);
});

test("a page that cannot load its wasm says so", async (t) => {
  const { page, problems } = await open(t);
  await block(page, "*.wasm");
  await page.reload();
  await page.waitForFunction(() => /could not start/.test(document.querySelector("[role=status]")?.textContent));
  assert.equal(await page.getAttribute("main", "aria-busy"), null);
  problems.length = 0;
});

test("the page starts in a sandboxed iframe, where storage is blocked", async (t) => {
  const { page } = await open(t);
  await page.evaluate((address) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.src = address;
    document.body.append(frame);
  }, url);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await started(frame);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing to complain about, ${scheme}`, async (t) => {
    const { page } = await open(t, { scheme });
    await started(page);
    await accessible(page);
  });
}
