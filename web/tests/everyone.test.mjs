// The page for everyone: by keyboard alone, on a small screen, enlarged, without motion, in the colours
// of the system, and read aloud.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, run, screenshot, started } from "./harness.mjs";

const VIEWS = ["nodes", "rollout", "traffic", "ownership"];

/** Opens the page and waits until its pods are ready and the editor is there. */
async function alive(t, options) {
  const opened = await open(t, options);
  await started(opened.page);
  await opened.page.waitForSelector(".cm-content", { state: "attached" });
  await opened.page.waitForSelector(".k-tile--ready:not(.k-tile--system)", { state: "attached", timeout: 120_000 });
  return opened;
}

/** What has the focus: where it is, what it is called, and whether that can be seen. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const areas = { header: "header", editor: ".k-pane--editor", stage: ".k-pane--stage", transport: ".k-transport", dock: ".k-pane--dock", inspector: ".k-pane--inspector" };
    const area = Object.keys(areas).find((name) => element.closest(areas[name])) ?? "between";
    const inside = (el) => el.matches(".cm-content") || el.id === "terminal-input";
    return {
      area,
      id: element.id,
      role: element.getAttribute("role") ?? element.tagName.toLowerCase(),
      name: element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40),
      ringed: inside(element) || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1),
      seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
    };
  });

/** Walks the page with the Tab key, once round. */
async function walk(page) {
  const stops = [];
  // From the beginning: without the focus, the Tab key goes on where it was last.
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  for (let i = 0; i < 120; i += 1) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    // Some browsers go on from the end to the beginning at once.
    if (!stop || (stops.length > 5 && stop.area === stops[0].area && stop.name === stops[0].name)) return stops;
    stops.push(stop);
  }
  throw new Error(`the Tab key never leaves the page: ${stops.slice(-5).map((s) => s.name).join(", ")}`);
}

test("the Tab key goes round the page, in its order, and the focus is always seen", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  await page.click("[aria-label^='Pause']");
  const stops = await walk(page);
  for (const stop of stops) {
    assert.ok(stop.seen, `the focus is out of sight at ${stop.role} "${stop.name}" in ${stop.area}`);
    assert.ok(stop.ringed, `nothing shows the focus at ${stop.role} "${stop.name}" in ${stop.area}`);
  }
  const areas = stops.map((stop) => stop.area).filter((area, i, all) => area !== "between" && area !== all[i - 1]);
  assert.deepEqual(areas, ["header", "editor", "stage", "transport", "dock"]);
  assert.equal(stops.filter((stop) => stop.area === "stage" && stop.id.startsWith("tile-")).length, 1, "all tiles are one stop");
  for (const role of ["slider", "separator", "tab", "select"]) {
    assert.ok(stops.some((stop) => stop.role === role), `a ${role} can be reached`);
  }
});

test("everything is done by keyboard: tiles, inspector, splitters, scrubber, tabs, dialog", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  await page.click("[aria-label^='Pause']");
  const at = async () => (await focused(page))?.id;

  // From tile to tile, into the inspector, and back to where one was.
  await page.focus(".k-scene > .k-tile[tabindex='0']");
  const first = await at();
  const seen = new Set([first]);
  for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowRight"]) {
    await page.keyboard.press(key);
    seen.add(await at());
  }
  assert.ok(seen.size > 1 && [...seen].every((id) => id.startsWith("tile-")), `arrows lead to other tiles: ${[...seen]}`);
  const last = await at();
  await page.keyboard.press("Enter");
  await page.waitForSelector(".k-pane--inspector .k-facts");
  await page.focus("#inspector-tab-summary");
  await page.keyboard.press("End");
  assert.equal(await at(), "inspector-tab-yaml");
  await page.focus(`#${last}`);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".k-pane--inspector", { state: "hidden" });
  assert.equal(await at(), last, "the focus stays with the tile");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".k-pane--inspector .k-facts");
  await page.focus("#inspector-tab-summary");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".k-pane--inspector", { state: "hidden" });
  assert.equal(await at(), last, "the focus comes back to the tile");

  // In the other views, too.
  await page.focus("#stage-tab-nodes");
  await page.keyboard.press("ArrowRight");
  assert.equal(await at(), "stage-tab-rollout");
  await page.focus(".k-set-tiles .k-tile[tabindex='0']");
  await page.keyboard.press("ArrowRight");
  assert.match(await at(), /^rollout-tile-/);
  assert.equal(await page.locator(".k-set-tiles .k-tile[tabindex='0']").count(), 1, "a workload's tiles are one stop");
  await page.focus("#stage-tab-rollout");
  await page.keyboard.press("ArrowRight");
  await page.focus(".k-traffic > .k-tile[tabindex='0']");
  const end = await at();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await at(), end);

  // Splitters and scrubber have their values.
  for (const [selector, key] of [[".k-splitter--vertical", "ArrowRight"], [".k-splitter--horizontal", "ArrowUp"]]) {
    const value = () => page.getAttribute(selector, "aria-valuenow");
    const before = await value();
    await page.focus(selector);
    await page.keyboard.press(key);
    await page.waitForFunction(([s, v]) => document.querySelector(s).getAttribute("aria-valuenow") !== v, [selector, before]);
  }
  await page.focus("[role=slider]");
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("[role=slider]").getAttribute("aria-valuenow") === "0");
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector("[role=slider]").getAttribute("aria-valuenow") !== "0");

  // The dialog keeps the focus, and gives it back.
  const reset = page.locator("header button", { hasText: "Reset" });
  await reset.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  for (let i = 0; i < 6; i += 1) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("dialog")));
    assert.ok(inside, "the Tab key stays in the dialog");
  }
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  assert.equal((await focused(page)).name, "Reset");
});

for (const scheme of ["light", "dark"]) {
  for (const lang of ["en", "zh-CN"]) {
    test(`axe has nothing to say about any view, with the inspector and the dialog, ${scheme}, ${lang}`, { timeout: 240_000 }, async (t) => {
      const { page } = await alive(t, { scheme, query: `?lang=${lang}` });
      await page.click(".k-transport .k-button--round");
      await page.click(".k-pane--stage > .k-bar .k-button");
      await page.click(".k-scene > .k-tile:not(.k-tile--system)");
      await page.waitForSelector(".k-facts");
      for (const view of VIEWS) {
        await page.click(`#stage-tab-${view}`);
        await accessible(page);
        await screenshot(page, `everyone-${view}-${scheme}-${lang}`);
      }
      for (const part of ["why", "events", "logs", "yaml"]) {
        await page.click(`#inspector-tab-${part}`);
        await accessible(page, ".k-pane--inspector");
      }
      for (const tab of ["events", "requests", "logs"]) {
        await page.click(`#dock-tab-${tab}`);
        await accessible(page, ".k-pane--dock");
      }
      await page.locator("header button").last().click();
      await page.waitForSelector("dialog[open]");
      await accessible(page, "dialog[open]");
      await screenshot(page, `everyone-dialog-${scheme}-${lang}`);
    });
  }
}

/** What sticks out of the page, or is cut off without a way to see it. */
const lost = (page) =>
  page.evaluate(() => {
    const found = [];
    const root = document.scrollingElement;
    if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} wide`);
    for (const element of document.querySelectorAll("button, select, input, textarea, [role=tab], h1, h2")) {
      const box = element.getBoundingClientRect();
      if (!box.width || getComputedStyle(element).visibility === "hidden") continue;
      // What a pane scrolls can be reached.
      if (element.closest(".k-stage, .k-dock-body, .k-inspector-body, .k-tabs, .k-marks, .k-unseen, .cm-editor, .k-strip")) continue;
      if (box.right > innerWidth + 1 || box.left < -1) found.push(`${element.tagName} "${element.textContent.trim() || element.getAttribute("aria-label")}" ${Math.round(box.left)}..${Math.round(box.right)}`);
    }
    return found;
  });

const SMALL = [
  ["320 pixels wide", { width: 320, height: 640 }],
  ["a laptop at 200 %", { width: 720, height: 450 }],
  ["a laptop at 400 %", { width: 360, height: 225 }],
];
for (const [words, size] of SMALL) {
  for (const lang of ["en", "zh-CN"]) {
    test(`nothing is lost and the page does not scroll sideways: ${words}, ${lang}`, { timeout: 300_000 }, async (t) => {
      const { page } = await alive(t, { size, query: `?lang=${lang}` });
      const name = `${size.width}-${lang}`;
      const panes = page.locator(".k-panes button");
      for (let i = 0; i < (await panes.count()); i += 1) {
        await panes.nth(i).click();
        assert.deepEqual(await lost(page), [], `pane ${i}`);
        assert.ok(await page.isVisible(".k-transport .k-button--round"), "time stays in reach");
        await screenshot(page, `small-pane-${i}-${name}`);
      }
      await panes.nth(1).click();
      const cut = await page.$$eval("[id^='stage-tab-']", (tabs) =>
        tabs
          .filter((tab) => tab.getBoundingClientRect().right > tab.parentElement.getBoundingClientRect().right + 1)
          .map((tab) => tab.textContent),
      );
      assert.deepEqual(cut, [], "every view is named in full");
      for (const view of VIEWS) {
        await page.click(`#stage-tab-${view}`);
        assert.deepEqual(await lost(page), [], view);
        await screenshot(page, `small-${view}-${name}`);
      }
      await page.click("#stage-tab-nodes");
      await page.click(".k-tank-name .k-link");
      await page.waitForSelector(".k-facts");
      assert.deepEqual(await lost(page), [], "inspector");
      await screenshot(page, `small-inspector-${name}`);
      await accessible(page);
    });
  }
}

test("keys are listed, and those of one character can be turned off for good", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  const playing = () => page.locator(".k-page").getAttribute("data-playing");
  const loose = () =>
    page.evaluate(() => {
      document.activeElement?.blur();
    });
  await loose();
  await page.keyboard.press("k");
  assert.equal(await playing(), "false");
  await page.keyboard.press("k");
  assert.equal(await playing(), "true");

  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await dialog.waitFor();
  await accessible(page, "dialog[open]");
  await screenshot(page, "keys");
  const one = dialog.getByRole("checkbox");
  assert.equal(await one.isChecked(), true);
  await one.focus();
  await page.keyboard.press("Space");
  assert.equal(await one.isChecked(), false);
  assert.equal(await playing(), "true", "the Space key was for the box");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });

  for (const visit of ["this", "the next"]) {
    await loose();
    for (const key of ["k", "Space", "?"]) await page.keyboard.press(key);
    assert.equal(await playing(), "true", `${visit} visit`);
    assert.equal(await dialog.count(), 0);
    if (visit === "this") {
      await page.reload();
      await started(page);
    }
  }
  // The button is still there, and so is the way back.
  await page.getByRole("button", { name: "Keys of the keyboard" }).click();
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Close" }).click();
  await loose();
  await page.keyboard.press("k");
  assert.equal(await playing(), "false");
});

test("on the smallest screen a long name makes nothing wider, and dialogs hold what is in them", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t, { size: { width: 320, height: 640 } });
  await page.locator(".k-panes button").last().click();
  const name = "a".repeat(63);
  await run(page, `kubectl create deployment ${name} --image=nginx:1.29 --replicas=3`, "created");
  await page.locator(".k-panes button").nth(1).click();
  await page.click("#stage-tab-rollout");
  const tiles = page.locator(`.k-rollout:has-text("${name}") .k-set-tiles .k-tile`);
  await tiles.nth(2).waitFor();
  for (const text of await tiles.locator(".k-tile-name").allTextContents()) assert.match(text, /^[a-z0-9]{5}$/, "what tells it from its siblings");
  const stage = await page.$eval(".k-stage", (element) => [element.scrollWidth, element.clientWidth]);
  assert.ok(stage[0] <= stage[1], `the view Rollout is ${stage[0]} wide in ${stage[1]}`);
  await screenshot(page, "small-rollout-long");
  for (const dialog of ["Export", "Share"]) {
    await page.getByRole("button", { name: dialog }).click();
    await page.waitForSelector("dialog[open]");
    const bad = await page.$eval("dialog[open]", (element) => {
      const frame = element.getBoundingClientRect();
      return [...element.querySelectorAll("button, label.k-button, textarea")]
        .filter((inner) => {
          const box = inner.getBoundingClientRect();
          const words = inner.matches("textarea") || inner.innerText.trim() || inner.querySelector("svg");
          return box.left < frame.left || box.right > frame.right || !words;
        })
        .map((inner) => inner.getAttribute("aria-label") ?? inner.textContent);
    });
    assert.deepEqual(bad, [], dialog);
    await screenshot(page, `small-dialog-${dialog.toLowerCase()}`);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  }
});

test("with reduced motion nothing moves, and the facts are the same", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t, { reducedMotion: true });
  await page.click("#stage-tab-traffic");
  await page.waitForFunction(() => /\d %/.test(document.querySelector(".k-traffic").textContent));
  const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running" && a.effect.getComputedTiming().duration > 1).length);
  assert.equal(moving, 0);
  const drawn = await page.evaluate(() => {
    const canvas = document.querySelector("canvas.k-flows");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  });
  assert.ok(!drawn, "no dots run along the wires");
});

test("in the system's colours a tile still says its phase", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t, { forcedColors: true });
  await screenshot(page, "forced-nodes");
  // Shapes that are backgrounds would be gone.
  for (const selector of [".k-health-shape", ".k-fill-level", ".k-track-head", ".k-mark-shape"]) {
    const [colour, ground] = await page.$eval(selector, (element) => [
      getComputedStyle(element).backgroundColor,
      getComputedStyle(document.body).backgroundColor,
    ]);
    assert.notEqual(colour, ground, selector);
    assert.doesNotMatch(colour, /rgba\(.*, 0\)/, selector);
  }
  for (const view of VIEWS.slice(1)) {
    await page.click(`#stage-tab-${view}`);
    await screenshot(page, `forced-${view}`);
  }
  await accessible(page);
});

test("what can be hit is at least 24 pixels wide and high", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  const small = new Set();
  const measure = async () => {
    const found = await page.evaluate(() =>
      [...document.querySelectorAll("button, select, input, [role=tab], [role=slider], [role=separator]")]
        .filter((element) => !element.closest(".k-unseen") && element.getClientRects().length > 0)
        // In a sentence or a table a line's height is the size; a checkbox has its label.
        .filter((element) => !element.closest("p, td, li, dd") && element.type !== "checkbox")
        .map((element) => {
          const box = element.getBoundingClientRect();
          const grip = getComputedStyle(element, "::before");
          const wide = Math.max(box.width, element.matches("[role=separator]") ? parseFloat(grip.width) : 0);
          const high = Math.max(box.height, element.matches("[role=separator]") ? parseFloat(grip.height) : 0);
          return [element.getAttribute("aria-label") ?? element.textContent.trim(), wide, high];
        })
        .filter(([, wide, high]) => wide < 24 || high < 24)
        .map(([name, wide, high]) => `${name}: ${Math.round(wide)}×${Math.round(high)}`),
    );
    for (const one of found) small.add(one);
  };
  for (const view of VIEWS) {
    await page.click(`#stage-tab-${view}`);
    await measure();
  }
  await page.click("#stage-tab-nodes");
  await page.click(".k-tank-name .k-link");
  await page.waitForSelector(".k-facts");
  await measure();
  assert.deepEqual([...small], []);
});

test("what happens is said in words, and not in a torrent", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  await page.evaluate(() => {
    window.said = [];
    const region = document.querySelector("[role=status][aria-live=polite]");
    new MutationObserver(() => window.said.push([performance.now(), region.textContent])).observe(region, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  await page.fill("#terminal-input", "kubectl set image deploy/web nginx=nginx:1.29");
  await page.press("#terminal-input", "Enter");
  await page.waitForFunction(() => window.said.some(([, text]) => text.includes("web: 3 of 3 ready, revision 2")), undefined, { timeout: 120_000 });
  const said = await page.evaluate(() => window.said);
  const gaps = said.slice(1).map(([at], i) => at - said[i][0]).filter((gap) => gap > 50);
  assert.ok(gaps.every((gap) => gap > 1000), `at a pace that can be listened to: ${gaps}`);
});
