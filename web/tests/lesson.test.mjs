// Lessons, as a learner takes them: by typing, by being shown, across a reload, and back to the own work.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, run, screenshot, started } from "./harness.mjs";

const PANE = ".k-pane--learn";
/** How long a step may take: the page runs in real time, at ten times its speed. */
const STEP = 120_000;

const title = (page) => page.innerText(`${PANE} .k-step-title`);

/** Waits for a step, by its heading. */
async function step(page, heading) {
  await page.waitForFunction(
    ([pane, text]) => document.querySelector(`${pane} .k-step-title`)?.textContent.includes(text),
    [PANE, heading],
    { timeout: STEP },
  );
}

/** Answers the question of the step with the right choice, if it has one. */
async function answer(page, text) {
  await page.click(`${PANE} .k-choice:has-text("${text}")`);
  await page.waitForSelector(`${PANE} .k-outcome`);
}

async function next(page, label = "Next") {
  await page.waitForSelector(`${PANE} button:has-text("${label}"):enabled`, { timeout: STEP });
  await page.click(`${PANE} button:has-text("${label}")`);
}

test("a lesson is taken by typing, survives a reload, and gives the own work back", async (t) => {
  const { page } = await open(t, { query: "?speed=10" });
  await started(page);
  await page.click('button:has-text("Learn")');
  await page.waitForSelector(`${PANE} .k-lesson-row:has-text("Your first Pod")`);
  await accessible(page, PANE);
  await screenshot(page, "lessons-wide-light");
  await page.click(`${PANE} .k-lesson-row:has-text("Your first Pod")`);
  await step(page, "From a file to a running container");
  assert.equal(await page.isEnabled(`${PANE} button:has-text("Next")`), false);
  await accessible(page);
  await screenshot(page, "lesson-wide-light");

  // A command of the text goes into the terminal, and does not run by itself.
  await page.click(`${PANE} .k-snippet button`);
  assert.equal(await page.inputValue("#terminal-input"), "kubectl apply -f pod.yaml");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "terminal-input");
  await page.keyboard.press("Enter");
  await page.waitForSelector(`${PANE} .k-goal[data-state="met"]`, { timeout: STEP });
  // The goals count when the question was answered.
  await answer(page, "has no node yet");
  await next(page);
  await step(page, "A container ends");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "lesson-step");

  await run(page, 'kubectl run worker --image=busybox:1.37 -- sh -c "sleep 3; exit 1"', "pod/worker created");
  await page.reload();
  await started(page);
  await step(page, "A container ends");
  await page.waitForFunction(() => !document.querySelector("[role=progressbar]"));
  await run(page, "kubectl get pods", "worker");
  await answer(page, "its container is started again");
  await next(page);
  await step(page, "A name that is not there");

  await page.click(`${PANE} button:has-text("Leave")`);
  await page.waitForSelector(`${PANE} .k-lesson-row:has-text("Step 3 of 5")`);
  await page.waitForSelector('.k-file:has-text("web.yaml")');
  await page.waitForFunction(() => document.querySelector(".k-header-summary")?.textContent.includes("3"));
  await run(page, "kubectl get deploy", "web");
});

test("a lesson is shown to its end, step by step", async (t) => {
  const { page } = await open(t, { query: "?lesson=rolling-update&speed=10", scheme: "dark" });
  await started(page);
  await step(page, "Four pods, one template");
  const steps = [
    ["Four pods, one template", null],
    ["A new version, one pod at a time", "Always at least four"],
    ["A version that never gets ready", "Nothing"],
    ["Take it back", null],
  ];
  for (const [i, [heading, choice]] of steps.entries()) {
    await step(page, heading);
    if (choice) await answer(page, choice);
    await page.click(`${PANE} button:has-text("Show me")`);
    const last = i === steps.length - 1;
    if (i === 1) {
      await page.waitForSelector(`${PANE} .k-goal[data-state="met"]`);
      await screenshot(page, "lesson-wide-dark");
    }
    await next(page, last ? "Finish" : "Next");
  }
  await page.waitForSelector(`${PANE} .k-step-title:has-text("Lesson done")`);
  await accessible(page);
  assert.match(await title(page), /done/);
  await page.click(`${PANE} button:has-text("Back to my cluster")`);
  await page.waitForSelector(`${PANE} .k-lesson-row:has-text("Done")`);
});

test("a broken goal says to begin again, and the step can be", async (t) => {
  const { page } = await open(t, { query: "?lesson=rolling-update&speed=10" });
  await started(page);
  await step(page, "Four pods");
  await page.click(`${PANE} button:has-text("Show me")`);
  await next(page);
  await step(page, "A new version");
  await answer(page, "Always at least four");
  await run(page, "kubectl scale deploy/web --replicas=2", "scaled");
  await page.waitForSelector(`${PANE} .k-goal[data-state="failed"]`, { timeout: STEP });
  await page.click(`${PANE} button:has-text("Begin the step again")`);
  await page.waitForSelector(`${PANE} .k-goal[data-state="failed"]`, { state: "detached" });
  await run(page, "clear; kubectl get deploy web", "4/4");
});

test("narrow, the lesson is a tab, and all is done by keyboard", async (t) => {
  const { page } = await open(t, { size: "narrow", query: "?lesson=first-pod", scheme: "dark" });
  await started(page);
  await step(page, "From a file");
  await accessible(page);
  await screenshot(page, "lesson-narrow-dark");
  await page.focus("#lesson-step");
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    const words = await page.evaluate(() => document.activeElement?.textContent ?? "");
    if (words.includes("has no node yet")) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector(`${PANE} .k-outcome`);
  assert.match(await page.innerText(`${PANE} .k-outcome`), /Yes/);
});

test("a lesson that is written is checked beside its text", async (t) => {
  const { page } = await open(t);
  await started(page);
  await page.click('button:has-text("Learn")');
  await page.click(`${PANE} button:has-text("Write a lesson")`);
  await page.waitForSelector(`${PANE} .k-preview:has-text("From one to three")`);
  await page.click(`${PANE} button:has-text("Check")`);
  await page.waitForSelector(`${PANE} .k-outcome:has-text("good")`, { timeout: STEP });
  await accessible(page, PANE);
  await screenshot(page, "lesson-author");
});
