// Editor, terminal and inspector, as a person uses them: by keyboard and by mouse.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, ready, run, screenshot } from "./harness.mjs";
import { late } from "./hosts.mjs";

/** Marks a word of the editor with a double click, and types another over it. */
async function replace(page, from, to) {
  await page.dblclick(`.cm-line span:text-is("${from}")`);
  await page.keyboard.type(to);
}

test("a wrong word is underlined with the API server's message, and Apply answers", async (t) => {
  const { page } = await ready(t);
  await replace(page, "replicas", "replicass");
  await page.waitForSelector(".cm-lintRange-error");
  assert.equal(await page.innerText(".cm-lintRange-error"), "replicass");
  assert.match(await page.innerText(".k-problems"), /unknown field "spec\.replicass"/);
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".k-answer--bad");
  assert.match(await page.innerText(".k-answers"), /strict decoding error/);
  assert.match(await page.innerText(".cm-content"), /replicass/, "what was typed is still there");
  await page.click(".k-problem");
  await page.keyboard.type("replicas");
  await page.waitForSelector(".k-problems", { state: "detached" });
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".k-answer--good");
  assert.match(await page.innerText(".k-answers"), /deployment\.apps\/web (configured|unchanged)/);
});

test("what is typed before the editor has loaded is kept, with the cursor and undo", async (t) => {
  let letThrough;
  const gate = new Promise((resolve) => (letThrough = resolve));
  const url = await late(t, (path) => (/\/editor[^/]*\.js$/.test(path) ? gate : undefined));
  const { page } = await open(t, { url });
  await page.waitForSelector("textarea.k-code");
  await page.focus("textarea.k-code");
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("# größe 🐟 ");
  letThrough();
  await page.waitForSelector(".cm-content");
  await page.keyboard.type("more");
  assert.match(await page.innerText(".cm-line"), /^# größe 🐟 more/);
  for (let i = 0; i < 20; i += 1) await page.keyboard.press("Control+z");
  assert.doesNotMatch(await page.innerText(".cm-line"), /größe/);
});

test("files are made, renamed, deleted and brought back by keyboard", async (t) => {
  const { page } = await ready(t);
  await page.click("[aria-label='New file']");
  await page.waitForSelector("[role=tab]:has-text('manifest.yaml')");
  await page.focus("[role=tab]:has-text('manifest.yaml')");
  await page.keyboard.press("F2");
  await page.keyboard.type("shop");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=tab]:has-text('shop.yaml')");
  await page.click("[aria-label='Delete this file']");
  await page.waitForSelector("[role=tab]:has-text('shop.yaml')", { state: "detached" });
  await page.click("text=bring shop.yaml back");
  await page.waitForSelector("[role=tab][aria-selected=true]:has-text('shop.yaml')");
});

test("the tab of the open file is in sight, however many there are, and nothing else moves for it", async (t) => {
  const { page } = await ready(t);
  const inSight = () =>
    page.$eval(".k-files [role=tab][aria-selected=true]", (tab) => {
      const [own, row] = [tab.getBoundingClientRect(), tab.parentElement.getBoundingClientRect()];
      return own.left >= row.left - 1 && own.right <= row.right + 1;
    });
  for (let n = 0; n < 5; n += 1) {
    await page.click("[aria-label='New file']");
    await page.waitForFunction((count) => document.querySelectorAll(".k-files [role=tab]").length === count, 3 + n);
    assert.ok(await inSight(), `file ${n}`);
  }
  await page.$eval("#terminal-input", (input) => input.focus());
  await page.click("[role=tab]:has-text('web.yaml')");
  assert.ok(await inSight());
  assert.deepEqual(await page.evaluate(() => [scrollX, scrollY]), [0, 0]);
});

test("the terminal runs kubectl, remembers, stops, and can be left with Tab", async (t) => {
  const { page } = await ready(t);
  await run(page, "kubectl get deployments", "web");
  await run(page, "kubectl get nothing", "error: the server doesn't have a resource type");
  assert.ok(await page.isVisible(".k-line--error"), "errors look different");
  await page.press("#terminal-input", "ArrowUp");
  await page.press("#terminal-input", "ArrowUp");
  assert.equal(await page.inputValue("#terminal-input"), "kubectl get deployments");
  await page.press("#terminal-input", "Escape");
  await page.fill("#terminal-input", "sleep 3600");
  await page.press("#terminal-input", "Enter");
  await page.waitForSelector(".k-terminal-status");
  await page.press("#terminal-input", "Control+c");
  await page.waitForSelector(".k-terminal-status", { state: "detached" });
  await run(page, "echo one\necho two", "two");
  await page.focus("#terminal-input");
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement.id), "terminal-input");
});

test("a pod tells why it is where it is, back to the line that asked for it", async (t) => {
  const { page } = await ready(t);
  await page.click("[role=tab]:has-text('Events')");
  await page.click(".k-events .k-object-link:has-text('Pod web-')");
  await page.click("#inspector-tab-why");
  const story = page.locator(".k-story");
  await story.waitFor();
  const text = await story.innerText();
  for (const part of ["kubectl", "deployment-controller", "ReplicaSet web-", "kube-scheduler", "Refused", "control-plane", "chosen"]) {
    assert.ok(text.includes(part), `the story names ${part}: ${text}`);
  }
  await screenshot(page, "inspector-why");
  await accessible(page, ".k-pane--inspector");
  await page.click(".k-story .k-object-link:has-text('web.yaml, line')");
  assert.equal(await page.evaluate(() => getSelection().toString()), "web");
  // In the editor, Escape is the editor's; anywhere else it closes the inspector.
  await page.focus("#inspector-tab-why");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".k-pane--inspector", { state: "hidden" });
});

for (const scheme of ["light", "dark"]) {
  test(`the panels are accessible and can be looked at, ${scheme}`, async (t) => {
    const { page } = await ready(t, { scheme });
    for (const tab of ["Events", "Requests", "Logs", "Terminal"]) {
      await page.click(`#dock-tab-${tab.toLowerCase()}`);
      await screenshot(page, `dock-${tab.toLowerCase()}-${scheme}`);
      await accessible(page, ".k-pane--dock");
    }
    await accessible(page, ".k-pane--editor");
  });
}
