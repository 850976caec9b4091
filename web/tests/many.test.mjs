// Hundreds of pods: a canvas draws them, in the part of the stage that is in sight.

import assert from "node:assert/strict";
import test from "node:test";

import { ready, run, screenshot } from "./harness.mjs";

/** Waits until so many pods are ready, and no other is there. */
async function settled(page, pods) {
  const summary = `${pods} pods: ${pods} ready`;
  await page.waitForFunction((text) => document.querySelector("header").textContent.includes(text), summary, { timeout: 240_000 });
}

/** The place of a pixel that is drawn and in sight, in the page. */
function drawnInSight() {
  const canvas = document.querySelector(".k-dots");
  const stage = document.querySelector(".k-stage").getBoundingClientRect();
  const place = canvas.getBoundingClientRect();
  const scale = canvas.width / place.width;
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] === 0) continue;
    const at = (i - 3) / 4;
    const [x, y] = [place.x + ((at % width) + 2) / scale, place.y + (Math.floor(at / width) + 2) / scale];
    if (y > stage.top + 20 && y < stage.bottom - 20 && document.elementFromPoint(x, y) === canvas) return { x, y };
  }
  return undefined;
}

test("hundreds of pods are drawn where one scrolls to, can be chosen, and are tiles again when they are fewer", async (t) => {
  const { page } = await ready(t, { query: "?nodes=12" });
  await run(page, "kubectl scale deployment web --replicas=420", "scaled");
  await settled(page, 420);
  for (const [name, top] of [["below", 100_000], ["above", 0]]) {
    await page.evaluate((y) => document.querySelector(".k-stage").scrollTo(0, y), top);
    await page.waitForFunction(drawnInSight);
    const covers = await page.evaluate(() => {
      const [canvas, stage] = [".k-dots", ".k-stage"].map((s) => document.querySelector(s).getBoundingClientRect());
      const scene = document.querySelector(".k-scene").getBoundingClientRect();
      return canvas.top <= Math.max(stage.top, scene.top) + 1 && canvas.bottom >= Math.min(stage.bottom, scene.bottom) - 1;
    });
    assert.ok(covers, `all that is in sight is drawn, ${name}`);
    await screenshot(page, `many-${name}`);
    const { x, y } = await page.evaluate(drawnInSight);
    await page.mouse.click(x, y);
    await page.waitForSelector(".k-page[data-inspecting='true']");
    assert.match(await page.innerText(".k-pane--inspector"), /web-/);
    await page.keyboard.press("Escape");
  }
  // So are those of a rollout.
  await page.click("#stage-tab-rollout");
  await page.waitForSelector(".k-set-dots > .k-dots");
  await page.waitForFunction(drawnInSight);
  assert.equal(await page.locator(".k-set button.k-tile").count(), 0);
  await screenshot(page, "many-rollout");
  const dot = await page.evaluate(drawnInSight);
  await page.mouse.click(dot.x, dot.y);
  await page.waitForSelector(".k-page[data-inspecting='true']");
  assert.match(await page.innerText(".k-pane--inspector"), /web-/);
  await page.keyboard.press("Escape");
  await page.click("#stage-tab-nodes");
  await run(page, "kubectl scale deployment web --replicas=100", "scaled");
  await settled(page, 100);
  await page.waitForSelector(".k-dots", { state: "detached" });
  const tiles = page.locator(".k-scene > .k-tile:not(.k-tile--system)");
  await page.waitForFunction(() => document.querySelectorAll(".k-scene > .k-tile:not(.k-tile--system)").length === 100);
  await page.focus(".k-scene > .k-tile[tabindex='0']");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.evaluate(() => document.activeElement.id), /^tile-/);
  // One comes back to them from another view: they get their elements some at a time.
  await page.click("#stage-tab-rollout");
  await page.waitForSelector(".k-rollouts");
  await page.click("#stage-tab-nodes");
  await page.waitForFunction(() => document.querySelectorAll(".k-scene > .k-tile:not(.k-tile--system)").length === 100);
  assert.equal(await tiles.count(), 100);
});

test("tanks and tiles stay what they are while pods come and go, and a tank holds its tiles while it moves", async (t) => {
  // One tank below the other: what makes one of them higher moves those below it.
  const { page } = await ready(t, { size: { width: 960, height: 900 } });
  await page.waitForSelector(".k-scene > .k-tile--system");
  await page.evaluate(() => {
    const scene = document.querySelector(".k-scene");
    const seen = { gone: [], worst: 0, where: "", frames: 0, moving: 0 };
    window.seen = seen;
    const observer = new MutationObserver((changes) => {
      const nodes = changes.flatMap((change) => [...change.removedNodes]);
      seen.gone.push(...nodes.filter((n) => n.matches?.(".k-tray, .k-tank, .k-tile--system")).map((n) => n.className));
    });
    observer.observe(scene, { childList: true });
    // The tank in which a tile is to stand, by the places to which both are on their way.
    const to = (element) => {
      const own = new DOMMatrix(element.style.transform);
      const [, down = "0"] = element.style.translate.split(" ");
      return { x: own.e, y: own.f + parseFloat(down) };
    };
    const holds = (tank, place) => {
      const [{ x, y }, { width, height }] = [to(tank), tank.style];
      return place.x >= x && place.x < x + parseFloat(width) && place.y >= y && place.y < y + parseFloat(height);
    };
    // All that moves has one clock, so that it is no matter which frames a slow machine shows.
    const frame = () => {
      const tanks = [...scene.querySelectorAll(":scope > .k-tank")];
      for (const tile of scene.querySelectorAll(":scope > .k-tile--system")) {
        const place = to(tile);
        const tank = tanks.find((one) => holds(one, place));
        if (!tank) continue;
        const [inner, outer] = [tile, tank].map((element) => element.getBoundingClientRect());
        if (Math.abs(outer.height - parseFloat(tank.style.height)) > 1) seen.moving += 1;
        const out = Math.max(inner.bottom - outer.bottom, outer.top - inner.top);
        if (out > seen.worst) [seen.worst, seen.where] = [out, `${tile.className}, ${tank.getAttribute("style")}`];
      }
      seen.frames += 1;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await settled(page, 3);
  await run(page, "kubectl scale deployment web --replicas=100", "scaled");
  await page.focus(".k-scene > .k-tile--system");
  const focused = await page.evaluate(() => document.activeElement.id);
  await settled(page, 100);
  assert.equal(await page.evaluate(() => document.activeElement.id), focused, "the focus stays");
  await run(page, "kubectl set image deployment/web nginx=nginx:1.29", "image updated");
  await page.waitForSelector(".k-scene > .k-tile--terminating");
  await settled(page, 100);
  await page.waitForTimeout(500);
  const { gone, worst, where, frames, moving } = await page.evaluate(() => window.seen);
  t.diagnostic(`${frames} frames, ${moving} of a tile in a tank that grew or shrank`);
  assert.deepEqual(gone, [], "they are not made anew");
  assert.ok(worst <= 1, `a tile hangs ${worst} px out of its tank: ${where}`);
});
