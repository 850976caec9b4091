// The playground in other pages: a poster first, then a frame; several on a page; messages; strict policies.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";

import { root } from "../scripts/places.mjs";
import { accessible, open, screenshot, started, url } from "./harness.mjs";
import { frameOf, host, plain, policy, script } from "./hosts.mjs";

const POD = `
    apiVersion: v1
    kind: Pod
    metadata:
      name: hello
    spec:
      containers:
        - name: web
          image: nginx:1.29
`;

/** Opens a page of another site that embeds the playground. */
async function visit(t, body, { options, head, headers } = {}) {
  const base = await host(t, { "/": { html: plain(body, head), headers } });
  const opened = await open(t, options);
  await opened.page.goto(base);
  return opened;
}

const poster = (page, nth = 0) => page.locator("kubarium-playground").nth(nth);

const terminal = (frame, text) =>
  frame.waitForFunction((expected) => document.querySelector(".k-paper")?.textContent.includes(expected), text, {
    timeout: 120_000,
    polling: 100,
  });

test("two playgrounds under a strict policy: posters first, one frame by a click, one when it is seen", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(
    t,
    `<p>Before</p><kubarium-playground view="terminal" title="A pod">${POD}</kubarium-playground>
     <div>${"<br>".repeat(300)}</div>
     <kubarium-playground view="split" load="visible" run="kubectl get nodes" height="400"></kubarium-playground>${script}`,
    { headers: { "Content-Security-Policy": policy } },
  );
  await poster(page).getByRole("button").waitFor();
  assert.equal(page.frames().length, 1, "no frame before somebody asks");
  const text = await page.evaluate(() => document.querySelector("kubarium-playground").shadowRoot.querySelector("pre").textContent);
  assert.match(text, /^apiVersion: v1\nkind: Pod\nmetadata:\n {2}name: hello\n/, "the text loses its indentation");
  assert.match(text, /\$ kubectl apply -f manifest\.yaml$/);
  const href = await poster(page).getByRole("link").getAttribute("href");
  assert.ok(href.startsWith(`${url}#s=1.`), href);
  await screenshot(page, "embed-poster");
  await accessible(page, "kubarium-playground");

  await poster(page).getByRole("button").click();
  const first = await frameOf(page, 0);
  await terminal(first, "pod/hello created");
  assert.equal(await first.locator("[aria-label='Play']").count(), 1, "it starts paused");
  assert.equal(await first.locator("dialog[open]").count(), 0, "the poster has asked already");
  assert.equal(await first.locator(".k-header, .k-pane--editor, .k-pane--stage").count(), 0);
  assert.equal(await first.locator("a:has-text('Open in Kubarium')").getAttribute("href"), href);

  await poster(page, 1).scrollIntoViewIfNeeded();
  const second = await frameOf(page, 1);
  await second.locator("dialog[open] :text('kubectl get nodes')").waitFor();
  await second.locator("dialog[open] button:has-text('Open')").click();
  await second.locator(".k-pane--editor").waitFor();
  await second.locator(".k-pane--stage :text-is('worker-3')").waitFor();
  // Both frames at once. Landmarks of two playgrounds have the same names, as those of any two frames of one page may.
  await accessible(page, undefined, { practice: false });
});

test("an embedded page leaves alone what its visitor keeps, even on the same site", { timeout: 300_000 }, async (t) => {
  const { page } = await open(t, { query: "?embed=1&view=editor" });
  await started(page);
  await page.waitForSelector(".cm-content");
  await page.keyboard.press("Tab");
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  await page.waitForTimeout(1000);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
});

test("read only: the text cannot be changed, nothing is applied, time goes on", { timeout: 300_000 }, async (t) => {
  const { page } = await open(t, { query: "?embed=1&view=split&readonly=1" });
  await started(page);
  await page.waitForSelector(".cm-content[aria-readonly=true]");
  assert.equal(await page.locator("button:has-text('Apply'), [aria-label='New file']").count(), 0);
  await page.click(".cm-content");
  await page.keyboard.type("nonsense");
  await page.keyboard.press("Control+Enter");
  assert.doesNotMatch(await page.innerText(".cm-content"), /nonsense/);
  const clock = await page.innerText(".k-clock-now");
  await page.click("[aria-label='Play']");
  await page.waitForFunction((before) => document.querySelector(".k-clock-now").textContent !== before, clock);
});

test("a frame of a few lines shows pods in their tanks, and time in one row", { timeout: 300_000 }, async (t) => {
  const { page } = await open(t, { query: "?embed=1&view=cluster", size: { width: 700, height: 240 } });
  await started(page);
  await page.waitForSelector(".k-scene .k-tile--ready:not(.k-tile--system)");
  for (const [width, height] of [[700, 240], [500, 240], [300, 240], [700, 320], [300, 320], [320, 480]]) {
    const size = `${width} x ${height}`;
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(600);
    const seen = await page.evaluate(() => {
      const stage = document.querySelector(".k-stage").getBoundingClientRect();
      const inSight = (element) => {
        const { top, bottom, right } = element.getBoundingClientRect();
        return top >= stage.top && bottom <= stage.bottom && right <= stage.right;
      };
      const count = (selector) => [...document.querySelectorAll(selector)].filter(inSight).length;
      return {
        tanks: count(".k-tank .k-tank-name"),
        own: count(".k-scene > .k-tile:not(.k-tile--system)"),
        system: count(".k-scene > .k-tile--system"),
        transport: document.querySelector(".k-transport").offsetHeight,
        across: document.documentElement.scrollWidth <= innerWidth && document.querySelector(".k-stage").scrollWidth <= stage.width,
      };
    });
    assert.ok(seen.tanks >= 2 && seen.own >= 1 && seen.system >= 4, `${size}: ${JSON.stringify(seen)}`);
    assert.ok(seen.across && seen.transport <= 48, `${size}: ${JSON.stringify(seen)}`);
    await screenshot(page, `embed-low-${width}x${height}`);
  }
  await accessible(page);
});

test("in a sandbox without storage, and the link out of it", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(t, `<kubarium-playground view="cluster" sandbox="allow-scripts">${POD}</kubarium-playground>${script}`);
  await poster(page).getByRole("button").click();
  const frame = await frameOf(page);
  await frame.locator(".k-pane--stage :text-is('worker-1')").waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("kubarium-playground").shadowRoot.querySelector("iframe").sandbox.value), "allow-scripts");
});

test("a frame that loads by itself takes no focus from the page around, and its dialog has it once it is there", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(t, `<input aria-label="Search"><kubarium-playground load="visible" run="kubectl get nodes"></kubarium-playground>${script}`);
  await page.focus("input");
  const frame = await frameOf(page);
  const dialog = frame.getByRole("dialog");
  await dialog.waitFor();
  await page.keyboard.type("still here");
  assert.equal(await page.inputValue("input"), "still here");
  await screenshot(page, "embed-offer-waits");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await frame.waitForFunction(() => document.querySelector("dialog:modal")?.contains(document.activeElement));
  await dialog.getByRole("button", { name: "Open", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
});

test("who sets `load` as a property, as React 19 does, has set the attribute", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(t, `<main></main>${script}`);
  await page.evaluate(async () => {
    await customElements.whenDefined("kubarium-playground");
    const element = document.createElement("kubarium-playground");
    element.load = "visible";
    document.querySelector("main").append(element);
  });
  const frame = await frameOf(page);
  await frame.locator(".k-pane--stage :text-is('worker-1')").waitFor();
  assert.equal(await page.evaluate(() => typeof document.querySelector("kubarium-playground").load), "function");
});

test("the two speak: the page around hears, acts where it asked to, and others are not heard", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(
    t,
    `<kubarium-playground view="terminal" api></kubarium-playground>
     <kubarium-playground view="cluster"></kubarium-playground>${script}`,
  );
  await page.evaluate(() => {
    window.told = [[], []];
    document.querySelectorAll("kubarium-playground").forEach((element, n) => {
      for (const type of ["ready", "resize", "state", "event", "error"]) {
        element.addEventListener(`kubarium-${type}`, (event) => window.told[n].push(event.detail));
      }
      element.load(false);
    });
  });
  const [first, second] = [await frameOf(page, 0), await frameOf(page, 1)];
  const told = (n, find) => page.waitForFunction(([n, find]) => window.told[n].find(new Function("m", `return ${find}`)), [n, find]).then((handle) => handle.jsonValue());
  const send = (n, type, message) =>
    page.evaluate(([n, type, message]) => document.querySelectorAll("kubarium-playground")[n].send(type, message), [n, type, message]);

  assert.equal((await told(0, "m.type === 'ready'")).api, true);
  assert.equal((await told(0, "m.type === 'state'")).playing, false);
  assert.ok((await told(0, "m.type === 'resize'")).height >= 200);

  await send(0, "load", { files: [{ name: "pod.yaml", text: POD.replace(/^ {4}/gm, "") }], nodes: 2 });
  await send(0, "exec", { command: "kubectl apply -f pod.yaml", id: "one" });
  const answer = await told(0, "m.event === 'exec'");
  assert.deepEqual([answer.id, answer.output, answer.exitCode], ["one", "pod/hello created\n", 0]);
  assert.match((await told(0, "m.event === 'applied'")).text, /pod hello/);
  await send(0, "run", {});
  await told(0, "m.type === 'state' && m.playing && m.pods.ready === 1");
  await send(0, "pause", {});
  await send(0, "seek", { to: 1000 });
  await told(0, "m.type === 'state' && m.time === 1000 && !m.playing");
  await send(0, "seek", { to: "soon", id: "two" });
  assert.equal((await told(0, "m.type === 'error' && m.id === 'two'")).code, "invalid");

  // Who has not asked for the API may choose the colours, and nothing else.
  await send(1, "run", { id: "three" });
  assert.equal((await told(1, "m.type === 'error'")).code, "no-api");
  await send(1, "setTheme", { theme: "dark" });
  await second.waitForFunction(() => document.documentElement.dataset.theme === "dark", undefined, { polling: 100 });

  // The frame itself is not the page around it. (One beside it has no way to name it: both are in shadow trees.)
  const before = await first.innerText(".k-clock-now");
  assert.equal(await second.evaluate(() => parent.length), 0);
  await first.evaluate(() => window.postMessage({ kubarium: 1, type: "run", id: "intruder" }, "*"));
  await page.waitForTimeout(600);
  assert.equal(await first.innerText(".k-clock-now"), before);
  assert.equal(await page.evaluate(() => window.told.flat().some((m) => m.id === "intruder")), false);
  // Nor does the page believe a frame that says it is the other one.
  await second.evaluate(() => parent.postMessage({ kubarium: 1, type: "event", event: "forged" }, "*"));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.told[0].some((m) => m.event === "forged")), false);
});

test("a lesson beside its terminal: the page around hears of each goal", { timeout: 300_000 }, async (t) => {
  const { page } = await visit(t, `<kubarium-playground lesson="first-pod" view="terminal" speed="10" start="play"></kubarium-playground>${script}`);
  await page.evaluate(() => {
    window.goals = [];
    const element = document.querySelector("kubarium-playground");
    element.addEventListener("kubarium-goal", (event) => window.goals.push(event.detail));
    element.load();
  });
  const frame = await frameOf(page);
  const pane = frame.locator(".k-pane--learn");
  await pane.locator(".k-step-title:has-text('From a file to a running container')").waitFor();
  await pane.locator(".k-snippet button").first().click();
  await frame.waitForFunction(() => document.querySelector("#terminal-input").value.startsWith("kubectl apply"), undefined, { polling: 100 });
  await frame.locator("#terminal-input").press("Enter");
  await terminal(frame, "pod/hello created");
  const goal = await page.waitForFunction(() => window.goals.find((m) => m.goal === "The pod hello exists"));
  assert.deepEqual(await goal.evaluate(({ lesson, done }) => [lesson, done]), ["first-pod", true]);
  assert.equal(await page.evaluate(() => window.goals.filter((m) => m.goal === "The pod hello exists").length), 1, "told once");
  await screenshot(page, "embed-lesson");
  await accessible(page, "kubarium-playground");
  // Narrow, the lesson is a tab beside the terminal, where the command was typed.
  await page.setViewportSize({ width: 390, height: 700 });
  await frame.locator("#terminal-input").waitFor();
  await frame.locator(".k-panes button").first().click();
  await pane.waitFor();
  assert.equal(await frame.locator("#terminal-input").isVisible(), false);
  await screenshot(page, "embed-lesson-narrow");
});

for (const dark of [false, true]) {
  test(`it follows the page around without a flash, ${dark ? "dark" : "light"} first`, { timeout: 300_000 }, async (t) => {
    const style = "<style>body{background:#fff;color:#000}body.night{background:#181c20;color:#eee}</style>";
    const { page } = await visit(
      t,
      `<kubarium-playground view="split" height="480">${POD}</kubarium-playground>
       <script>if (${dark}) document.body.className = "night"</script>${script}`,
      // The reader's system says the opposite of the page.
      { head: style, options: { scheme: dark ? "light" : "dark" } },
    );
    await poster(page).getByRole("button").waitFor();
    await screenshot(page, `embed-poster-${dark ? "dark" : "light"}`);
    await poster(page).getByRole("button").click();
    const shown = page.waitForFunction(() => document.querySelector("kubarium-playground").shadowRoot.querySelector("iframe"));
    await shown;
    assert.match(await page.evaluate(() => getComputedStyle(document.querySelector("kubarium-playground").shadowRoot.querySelector("iframe")).opacity), /^[01]$/);
    const frame = await frameOf(page);
    const theme = () => frame.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), dark ? "dark" : "light");
    await frame.locator("[aria-label='Play']").click();
    await frame.waitForFunction(() => document.querySelector(".k-pane--stage")?.textContent.includes("hello"), undefined, { polling: 100 });
    await page.waitForTimeout(2500);
    await screenshot(page, `embed-split-${dark ? "dark" : "light"}-wide`);
    await page.setViewportSize({ width: 700, height: 600 });
    await screenshot(page, `embed-split-${dark ? "dark" : "light"}-middle`);
    await page.setViewportSize({ width: 390, height: 700 });
    await screenshot(page, `embed-split-${dark ? "dark" : "light"}-narrow`);
    await page.evaluate(() => document.body.classList.toggle("night"));
    await frame.waitForFunction((was) => document.documentElement.dataset.theme !== was, dark ? "dark" : "light", { polling: 100 });
    assert.equal(await theme(), dark ? "light" : "dark");
  });
}

for (const view of ["editor", "cluster", "terminal"]) {
  test(`${view} alone can be looked at and is accessible`, { timeout: 300_000 }, async (t) => {
    const { page } = await open(t, { query: `?embed=1&view=${view}&theme=dark` });
    await started(page);
    await page.setViewportSize({ width: 720, height: 520 });
    await page.waitForSelector(view === "editor" ? ".cm-content" : ".k-transport");
    await screenshot(page, `embed-${view}`);
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 520 });
    await screenshot(page, `embed-${view}-narrow`);
  });
}

test("the snippets of docs/embedding.md work as they stand", { timeout: 300_000 }, async (t) => {
  const text = await readFile(join(root, "docs/embedding.md"), "utf8");
  const snippets = [...text.matchAll(/```html plain\n([\s\S]*?)```/g)].map(([, code]) => code.replaceAll("https://example.org/kubarium/", url));
  assert.ok(snippets.length >= 2);
  const { page } = await visit(t, snippets.join("\n"));
  const count = await page.locator("kubarium-playground").count();
  assert.ok(count >= 2);
  for (let nth = 0; nth < count; nth += 1) {
    await poster(page, nth).scrollIntoViewIfNeeded();
    await page.evaluate((n) => document.querySelectorAll("kubarium-playground")[n].load(), nth);
    const frame = await frameOf(page, nth);
    await frame.locator(".k-transport").waitFor();
  }
  const bare = await (await page.waitForSelector("iframe[title='A Kubernetes terminal']")).contentFrame();
  await bare.waitForSelector("#terminal-input", { state: "attached" });
});
