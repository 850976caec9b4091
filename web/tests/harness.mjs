// What every journey through the page needs: a browser, a page that is watched for errors, axe, and
// screenshots to look at.
//
// `cargo xtask test browser` serves the built page below a path and names it in KUBARIUM_URL. To work
// on one journey, point it at a running `cargo xtask serve`:
//
//   KUBARIUM_URL=http://127.0.0.1:8080/ node --test web/tests/smoke.test.mjs

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

import { target } from "../scripts/places.mjs";

/** Where the page is, with a slash at its end. */
export const url = process.env.KUBARIUM_URL ?? missingUrl();

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Wide and narrow, as a laptop and a phone have it. */
export const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

/** How long a journey waits for something to appear: long enough for a machine that builds something meanwhile. */
const PATIENCE = 60_000;

/** Starts Chromium; it is closed when the test (`t` of node:test, or its hooks) has ended. */
export async function launch(t) {
  const browser = await chromium.launch({ executablePath: executable(), args: FLAGS });
  t.after(() => browser.close());
  return browser;
}

/**
 * Opens the page in a fresh profile and returns `{ page, context, problems }`.
 *
 * `problems` collects console errors, exceptions, failed requests and violations of the content
 * security policy. When the test ends it must be empty; a journey that provokes an error on purpose
 * takes it out.
 *
 * @param {object} [options]
 * @param {"light" | "dark"} [options.scheme]
 * @param {"wide" | "narrow" | { width: number, height: number }} [options.size]
 * @param {boolean} [options.reducedMotion]
 * @param {boolean} [options.forcedColors]
 * @param {string} [options.locale] what the browser asks for
 * @param {boolean} [options.offline] with the service worker, which answers before a test's own routes do
 * @param {string} [options.url] another place where the page is served
 * @param {string} [options.query] with its question mark, and a hash if need be
 * @param {import("playwright-core").Browser} [options.browser] to share one browser between pages
 */
export async function open(t, options = {}) {
  const { scheme = "light", size = "wide", reducedMotion = false, forcedColors = false, query = "" } = options;
  const browser = options.browser ?? (await launch(t));
  const context = await browser.newContext({
    colorScheme: scheme,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    forcedColors: forcedColors ? "active" : "none",
    locale: options.locale ?? "en-US",
    viewport: sizes[size] ?? size,
    serviceWorkers: options.offline ? "allow" : "block",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems = [];
  watch(page, problems);
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`content security policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
    });
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, [], "the page had errors");
  });
  await page.goto((options.url ?? url) + query, { waitUntil: "load" });
  return { page, context, problems };
}

function watch(page, problems) {
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // A reload or a closed page gives up what it was loading.
    if (why !== "net::ERR_ABORTED") problems.push(`request: ${request.url()} ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`response: ${response.url()} ${response.status()}`);
  });
}

/** Resolves when the wasm has started, in a page or a frame, whatever it then shows. */
export async function started(page) {
  // By timer, not by frame: an iframe that is scrolled out of sight draws no frames.
  await page.waitForFunction(() => Boolean(window.wasmBindings), undefined, { polling: 50 });
}

/** Opens the page and waits until the lazy editor has taken the textarea's place. */
export async function ready(t, options) {
  const opened = await open(t, options);
  await started(opened.page);
  await opened.page.waitForSelector(".cm-content");
  return opened;
}

/** Types a command and waits until the terminal holds `expected`. */
export async function run(page, command, expected, timeout) {
  await page.fill("#terminal-input", command);
  await page.press("#terminal-input", "Enter");
  await page.waitForFunction((text) => document.querySelector(".k-paper")?.textContent.includes(text), expected, { timeout });
}

/** Asserts that axe finds nothing, in the page or in the part that `selector` names; without `practice`, by WCAG alone. */
export async function accessible(page, selector, { practice = true } = {}) {
  // What fades in has its colours when it is there.
  await page.evaluate(() => {
    const ends = document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity);
    return Promise.race([
      Promise.allSettled(ends.map((a) => a.finished)),
      new Promise((resolve) => setTimeout(resolve, 2000)),
    ]);
  });
  const builder = new AxeBuilder({ page }).withTags([
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    ...(practice ? ["best-practice"] : []),
  ]);
  if (selector) builder.include(selector);
  const { violations } = await builder.analyze();
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary}`).join("\n")}`,
  );
  assert.deepEqual(found, [], `axe found:\n${found.join("\n")}`);
}

/**
 * Lets nothing come from addresses like `pattern`, with stars in it. The browser blocks them itself: a route of
 * the test's own, which each request has to pass, has held back a whole page on a busy machine. Resolves to what
 * lets everything through again.
 */
export async function block(page, pattern) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setBlockedURLs", { urls: [pattern] });
  return () => session.send("Network.setBlockedURLs", { urls: [] });
}

/** Saves `<name>.png` to target/screenshots, for people to look at. Returns its path. */
export async function screenshot(page, name) {
  const folder = process.env.KUBARIUM_SCREENSHOTS ?? join(target, "screenshots");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

/**
 * Runs `act` and reports how smoothly the page drew meanwhile: `{ frames, worst, longTasks }`, the
 * longest gap between two frames and the tasks over 50 ms in milliseconds.
 */
export async function frames(page, act) {
  await page.evaluate(() => {
    const record = { frames: 0, worst: 0, longTasks: [], running: true };
    window.frameRecord = record;
    let last = performance.now();
    const frame = (now) => {
      record.frames += 1;
      record.worst = Math.max(record.worst, now - last);
      last = now;
      if (record.running) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    record.observer = new PerformanceObserver((list) => {
      record.longTasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)));
    });
    record.observer.observe({ entryTypes: ["longtask"] });
  });
  await act();
  return page.evaluate(() => {
    const record = window.frameRecord;
    record.running = false;
    record.observer.disconnect();
    return { frames: record.frames, worst: record.worst, longTasks: record.longTasks };
  });
}

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (!found) throw new Error("no Chromium on PATH: set CHROMIUM, or run `cargo xtask test browser`");
  return found;
}

function missingUrl() {
  throw new Error("KUBARIUM_URL is not set: run `cargo xtask test browser`, or point it at a served page");
}
