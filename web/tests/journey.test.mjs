// The journey of somebody who has never seen the page: apply, roll, break, heal, rewind, reload.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, run, screenshot, started } from "./harness.mjs";

/** Opens the page and waits until the example's pods are ready. */
async function alive(t, options) {
  const opened = await open(t, options);
  await started(opened.page);
  await opened.page.waitForSelector(".cm-content");
  await summary(opened.page, "3 pods: 3 ready");
  return opened;
}

/** Waits until the header says how the pods are. */
async function summary(page, text) {
  await page.waitForFunction(
    (expected) => document.querySelector("header")?.textContent.includes(expected),
    text,
    { timeout: 120_000 },
  );
}

/** Replaces the tag of the image in the editor, and applies by keyboard. */
async function applyTag(page, from, to) {
  await page.click(`.cm-line:has-text("image: nginx:${from}")`);
  await page.keyboard.press("End");
  for (const _ of from) await page.keyboard.press("Backspace");
  await page.keyboard.type(to);
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".k-answer--good");
}

const tab = (page, name) => page.click(`.k-pane--stage [role=tab]:has-text('${name}')`);

test("a stranger rolls a Deployment, breaks it, heals it, and looks back", { timeout: 240_000 }, async (t) => {
  const { page } = await alive(t);

  // It opens on something alive, with nothing in the way.
  for (const node of ["control-plane", "worker-1", "worker-2", "worker-3"]) {
    await page.waitForSelector(`.k-pane--stage :text-is("${node}")`);
  }
  assert.equal(await page.locator("dialog[open]").count(), 0, "no dialog in the way");
  await screenshot(page, "journey-1-open");
  await run(page, "kubectl get pods -n kube-system", "kube-apiserver-control-plane", 60_000);
  await run(page, "kubectl get ns", "kube-node-lease", 60_000);
  await run(page, "kubectl get endpointslices", "web-", 60_000);
  await run(page, "curl -s -o /dev/null -w '%{http_code}' http://web/; echo", "200", 60_000);

  // A rollout: two revisions, a floor and a ceiling, and nobody hurt for long.
  await tab(page, "Rollout");
  await applyTag(page, "1.28", "1.29");
  await page.waitForSelector(".k-pane--stage :text('nginx:1.29')");
  await page.waitForSelector(".k-pane--stage :text('ceiling 4')");
  await page.waitForSelector(".k-pane--stage :text('floor 3')");
  await screenshot(page, "journey-2-rolling");
  await run(page, "kubectl rollout status deploy/web", 'deployment "web" successfully rolled out', 60_000);
  await tab(page, "Traffic");
  await screenshot(page, "journey-3-traffic");
  await accessible(page, ".k-pane--stage");

  // An image that does not exist: the rollout stalls, and undo heals it.
  await tab(page, "Nodes");
  await applyTag(page, "1.29", "nosuch");
  await page.waitForSelector(".k-pane--stage :text('ImagePullBackOff')", { timeout: 120_000 });
  await screenshot(page, "journey-4-stuck");
  await run(page, "kubectl get pods", "ImagePullBackOff", 60_000);
  await run(page, "kubectl rollout undo deploy/web", "deployment.apps/web rolled back", 60_000);
  await summary(page, "3 pods: 3 ready");

  // Time stands still, goes by steps, and back; nothing breaks at either end.
  await page.click("[aria-label^='Pause']");
  const clock = () => page.innerText(".k-transport");
  const still = await clock();
  for (let i = 0; i < 60 && (await clock()) === still; i += 1) {
    await page.click("[aria-label='Step to the next change']");
  }
  assert.notEqual(await clock(), still, "steps move the clock");
  await page.focus("[role=slider][aria-label='Moment of the history']");
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("[role=slider]").getAttribute("aria-valuenow") === "0");
  await screenshot(page, "journey-5-beginning");
  await page.keyboard.press("End");
  await page.click("[aria-label='Return to the present']").catch(() => {});
  await summary(page, "3 pods: 3 ready");

  // A reload keeps the files and the cluster; Reset asks first.
  await page.reload();
  await started(page);
  await page.waitForSelector(".cm-content");
  await summary(page, "3 pods: 3 ready");
  assert.match(await page.innerText(".cm-content"), /nginx:nosuch/, "what was typed is still there");
  await page.click("button:has-text('Reset')");
  await page.waitForSelector("dialog[open]");
  await accessible(page, "dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" }).catch(() => {});
  assert.match(await page.innerText(".cm-content"), /nginx:nosuch/);
});

for (const scheme of ["light", "dark"]) {
  for (const size of ["wide", "narrow"]) {
    test(`every view can be looked at and is accessible, ${scheme}, ${size}`, { timeout: 300_000 }, async (t) => {
      const { page } = await open(t, { scheme, size });
      await started(page);
      await summary(page, "3 ready");
      if (size === "narrow") await page.click(".k-panes >> text=Stage").catch(() => {});
      for (const view of ["Nodes", "Rollout", "Traffic", "Ownership"]) {
        await tab(page, view);
        await screenshot(page, `view-${view.toLowerCase()}-${scheme}-${size}`);
      }
      await accessible(page);
    });
  }
}
