// Lessons, as a learner takes them: by typing, by being shown, across a reload, and back to the own work.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, run, screenshot, started, url } from "./harness.mjs";

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
  // A choice is one line: its mark, and beside it its words.
  const marks = await page.$$eval(`${PANE} .k-choice`, (choices) =>
    choices.map((choice) => {
      const [mark, words] = [...choice.children].map((child) => child.getBoundingClientRect());
      return mark.right <= words.left && mark.top < words.bottom && words.top < mark.bottom;
    }),
  );
  assert.ok(marks.length > 1 && marks.every(Boolean), "the mark of a choice stands beside its words");
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

test("by keyboard, the focus goes along into a lesson, out of it, and back to where it came from", async (t) => {
  const { page } = await open(t);
  await started(page);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.ariaLabel);
  const arrive = (words) => page.waitForFunction((text) => document.activeElement.textContent.trim() === text, words);
  /** Presses Tab until the focus is on something that says so. */
  const tabTo = async (words) => {
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press("Tab");
      if ((await focused())?.startsWith(words)) return page.keyboard.press("Enter");
    }
    return assert.fail(`Tab does not lead to ${words}`);
  };
  await tabTo("Learn");
  await page.waitForSelector(`${PANE} >> text=Your first Pod`);
  await tabTo("Your first Pod");
  await arrive("Your first Pod");
  await tabTo("Leave");
  await page.waitForSelector(`${PANE} >> text=Write a lesson`);
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await page.focus("#learn-title");
  await tabTo("Write a lesson");
  await arrive("Write a lesson");
  await screenshot(page, "lesson-author-focus");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Back to the list of lessons");
  await page.keyboard.press("Enter");
  await page.waitForSelector(`${PANE} >> text=Your first Pod`);
  await page.focus("#learn-title");
  await tabTo("Close the lessons");
  await page.waitForSelector(PANE, { state: "detached" });
  assert.equal(await focused(), "Learn");
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

  // What is wrong leads to its line.
  await page.focus(".cm-content");
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\n  nonsense: 1");
  await page.click(`${PANE} .k-findings .k-line-link`);
  await page.waitForFunction(() => document.activeElement?.closest(".cm-editor"));
  await screenshot(page, "lesson-author-wrong");
  for (let i = 0; i < 14; i += 1) await page.keyboard.press("Backspace");

  // A link to it begins it, after a click, and gives the own work back.
  await page.click(`${PANE} button:has-text("Link…")`);
  await page.waitForSelector("dialog[open] textarea");
  await page.waitForFunction(() => document.querySelector("dialog[open] input[name=share-what]:checked")?.closest("label")?.textContent.includes("The lesson"));
  const link = await page.inputValue("dialog[open] textarea >> nth=0");
  await screenshot(page, "lesson-author-link");
  const { page: other } = await open(t, { query: `?lang=zh-CN${link.slice(link.indexOf("#"))}`, size: "narrow", scheme: "dark" });
  await started(other);
  await other.waitForSelector("dialog[open]:has-text('More of the same')");
  await accessible(other, "dialog[open]");
  await screenshot(other, "lesson-link-offer");
  await other.click("dialog[open] .k-button--primary");
  await step(other, "From one to three");
  await screenshot(other, "lesson-link-narrow-dark");
});

const picture = (page) => page.locator(`${PANE} .k-picture`);

/** Asks where it is that the picture is about, by keyboard, and waits until something is outlined. */
async function whereIsIt(page) {
  // What is said gives way to what is said next: all of it is kept.
  await page.evaluate(() => {
    window.said = [];
    const keep = () => window.said.push(...[...document.querySelectorAll(".k-unseen[role=status]")].map((e) => e.textContent));
    new MutationObserver(keep).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const button = page.locator(`${PANE} .k-picture-frame button`);
  await button.focus();
  await page.keyboard.press("Enter");
  const outlined = page.locator("[data-pointed]");
  await outlined.waitFor();
  return outlined;
}

const spoken = (page, text) =>
  page.waitForFunction((expected) => window.said.some((said) => said.includes(expected)), text).catch(async (error) => {
    throw new Error(`${error.message}\nsaid: ${JSON.stringify(await page.evaluate(() => [...new Set(window.said)]))}`);
  });

test("a picture shows what to look at, says it in words, and leads to the place", async (t) => {
  const { page } = await open(t, { query: "?lesson=rolling-update" });
  await started(page);
  await step(page, "Four pods, one template");
  await picture(page).waitFor();
  assert.equal(await picture(page).getAttribute("role"), "img");
  assert.match(await picture(page).getAttribute("aria-label"), /two ReplicaSets, A and B/);
  // The shapes are those of the stage, and stand still.
  assert.equal(await picture(page).locator(".k-tile--ready .k-glyph--ready").count(), 4);
  assert.equal(await picture(page).locator(".k-tile--starting.k-rev-1").count(), 1);
  assert.deepEqual(await picture(page).evaluate((e) => e.getAnimations({ subtree: true }).length), 0);
  await accessible(page);
  await screenshot(page, "lesson-picture-wide-light");

  // From another view and by keyboard, to the Deployment in the view that shows it.
  await page.click("#stage-tab-nodes");
  await page.waitForSelector(".k-tank");
  const outlined = await whereIsIt(page);
  await page.waitForSelector('.k-rollout[data-pointed]');
  assert.match(await outlined.getAttribute("id"), /^rollout-/);
  await spoken(page, "Deployment web is outlined: Rollout.");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent.trim()), "Where is it?");
  await screenshot(page, "lesson-picture-pointed");

  // Later steps have it folded.
  await page.click(`${PANE} button:has-text("Show me")`);
  await next(page);
  await step(page, "A new version");
  assert.equal(await picture(page).isVisible(), false);
  await page.click(`${PANE} summary`);
  await picture(page).waitFor();
});

test("narrow, the way to the place takes the focus along; what is not there yet is said", async (t) => {
  const { page } = await open(t, { size: "narrow", query: "?lesson=node-failure&lang=zh-CN", scheme: "dark", reducedMotion: true });
  await started(page);
  await picture(page).waitFor();
  assert.match(await picture(page).getAttribute("aria-label"), /沉默/);
  await accessible(page);
  await picture(page).scrollIntoViewIfNeeded();
  await screenshot(page, "lesson-picture-narrow-dark");
  await whereIsIt(page);
  await page.waitForSelector(".k-tank[data-pointed]:has-text('worker-1')");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "worker-1");
  assert.equal(await page.isVisible(PANE), false);

  await page.goto(new URL("?lesson=first-pod", url).href);
  await started(page);
  await picture(page).waitFor();
  await whereIsIt(page);
  await page.waitForSelector("#stage-panel[data-pointed]");
  await spoken(page, "pod/hello is not there yet. It will be here: Nodes.");
});

test("a picture about the dock opens its tab; in forced colours it is still there", async (t) => {
  const { page } = await open(t, { query: "?lesson=exam-cluster", forcedColors: true });
  await started(page);
  await picture(page).waitFor();
  await whereIsIt(page);
  await page.waitForSelector(".k-pane--dock[data-pointed] .k-events");
  await spoken(page, "Outlined: Events.");
  await screenshot(page, "lesson-picture-forced");
});

test("an embedded lesson has its picture, and leads to what the frame shows", async (t) => {
  const { page } = await open(t, { size: { width: 700, height: 620 }, query: "?embed=1&view=cluster&lesson=replicaset" });
  await started(page);
  await picture(page).waitFor();
  await accessible(page);
  await screenshot(page, "embed-picture");
  await whereIsIt(page);
  await page.waitForSelector("#stage-panel[data-pointed]");
  assert.equal(await page.locator('#stage-tab-ownership[aria-selected="true"]').count(), 1);

  await page.goto(new URL("?embed=1&view=terminal&lesson=replicaset", url).href);
  await started(page);
  await picture(page).waitFor();
  assert.equal(await page.locator(`${PANE} .k-picture-frame button`).count(), 0, "the frame has no stage");
});
