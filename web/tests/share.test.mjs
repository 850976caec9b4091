// Links that carry a whole cluster: made, opened, refused; and one's own work, which they never touch.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, ready, run, screenshot, started, url } from "./harness.mjs";

/** Puts the cursor in front of the open file, and types. */
async function type(page, text) {
  await page.click(".cm-line >> nth=0");
  await page.keyboard.press("Control+Home");
  await page.keyboard.type(text);
}

const textOf = (page, label) => page.inputValue(`.k-copied label:has-text("${label}") textarea`);

async function link(page) {
  await page.click("header button:has-text('Share')");
  await page.waitForSelector("dialog[open] .k-copied");
  const made = await textOf(page, "Link");
  return made;
}

test("a link goes from one browser to another, and shows what it holds before it opens", { timeout: 300_000 }, async (t) => {
  const sender = await ready(t);
  await type(sender.page, "# größe 🐟\n");
  await run(sender.page, "kubectl create deployment shared --image=nginx:1.29", "deployment.apps/shared created");
  const made = await link(sender.page);
  assert.ok(made.startsWith(`${url}#s=1.`), made.slice(0, 80));
  assert.ok(made.length < 16_000, `${made.length} characters`);
  await screenshot(sender.page, "share-light-wide");
  await accessible(sender.page, "dialog[open]");
  await sender.page.click("[aria-label='Copy: Link']");
  assert.equal(await sender.page.evaluate(() => navigator.clipboard.readText()), made);
  await sender.page.click("text=Only the files");
  await sender.page.waitForFunction((old) => document.querySelector(".k-copied textarea")?.value !== old, made);
  assert.ok((await textOf(sender.page, "Link")).length < made.length / 2);
  assert.match(await textOf(sender.page, "own pages"), /<kubarium-playground view="split" height="520" link="#s=1\./);

  const receiver = await ready(t, { query: made.slice(url.length) });
  const { page } = receiver;
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /3 worker nodes/);
  assert.match(await dialog.innerText(), /web\.yaml/);
  assert.match(await dialog.innerText(), /Applied deployment shared/);
  await screenshot(page, "offer-light-wide");
  await accessible(page, "dialog[open]");
  assert.doesNotMatch(await page.innerText(".cm-content"), /größe/, "nothing happens before the click");
  await page.click("dialog[open] button:has-text('Open')");
  await page.waitForFunction(() => document.querySelector(".cm-content")?.textContent.includes("größe 🐟"));
  await page.waitForSelector(".k-progress", { state: "detached", timeout: 120_000 });
  assert.equal(new URL(page.url()).hash, "");
  await page.waitForSelector("[aria-label='Play']");
  await run(page, "kubectl get deployment shared -o name", "deployment.apps/shared", 60_000);
  await screenshot(page, "shared-open");

  // Back, forth, and over a reload: nobody's work is lost.
  await page.click(".k-back button");
  await page.waitForFunction(() => !document.querySelector(".cm-content")?.textContent.includes("größe"));
  await page.click(".k-back button:has-text('Show it again')");
  await page.waitForFunction(() => document.querySelector(".cm-content")?.textContent.includes("größe"));
  await page.waitForSelector(".k-progress", { state: "detached", timeout: 120_000 });
  await page.waitForTimeout(3000); // what is kept is written twice a second
  await page.reload();
  await started(page);
  await page.waitForFunction(() => document.querySelector(".cm-content")?.textContent.includes("größe"));
  await page.waitForSelector(".k-back button:has-text('Go back to it')");
});

test("one's own work stays when a link is left, cut or wrong", { timeout: 300_000 }, async (t) => {
  const { page } = await ready(t);
  await type(page, "# mine\n");
  const made = await link(page);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.waitForFunction(() => localStorage.getItem("kubarium.session")?.includes("# mine"));
  const mine = async () => assert.match(await page.innerText(".cm-content"), /# mine/);

  // Pasted into the address of a page that is open.
  await page.evaluate((hash) => (location.hash = hash), new URL(made).hash);
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  assert.equal(new URL(page.url()).hash, "");
  await mine();

  for (const [hash, words] of [
    [new URL(made).hash.slice(0, 400), /a part of it is missing/],
    ["#s=1.AAAA", /damaged|missing/],
    ["#s=7.AwA", /newer version/],
    ["#s=", /missing/],
  ]) {
    await page.evaluate((h) => (location.hash = h), hash);
    const notice = page.locator(".k-notice--bad").last();
    await notice.waitFor();
    assert.match(await notice.innerText(), words);
    await notice.locator("button").click();
    await page.waitForSelector(".k-notice--bad", { state: "detached" });
    await mine();
  }
  await page.goto(`${url}#section`);
  await mine();
});

test("a file carries what a link cannot, and is opened the same way", { timeout: 300_000 }, async (t) => {
  const { page } = await ready(t);
  await page.click("[aria-label='New file']");
  // Noise packs badly: a link would be too long.
  const noise = Array.from({ length: 4000 }, (_, i) => `# ${((i * 7919) ** 3 % 1e15).toString(36)}${((i * 104729) ** 3 % 1e15).toString(36)}`).join("\n");
  await page.click(".cm-content");
  await page.evaluate((text) => navigator.clipboard.writeText(text), noise);
  await page.keyboard.press("Control+v");
  await page.click("header button:has-text('Share')");
  await page.waitForSelector("dialog[open] :text('Save it as a file instead')");
  await screenshot(page, "share-too-large");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("dialog[open] button:has-text('Save as a file')")]);
  assert.equal(download.suggestedFilename(), "cluster.kubarium.json");
  await page.setInputFiles("dialog[open] input[type=file]", await download.path());
  await page.waitForSelector("dialog[open] :text('Open this shared cluster?')");
  await page.click("dialog[open] button:has-text('Not now')");
  await page.waitForSelector("dialog[open]", { state: "detached" });
});

for (const [scheme, size] of [
  ["dark", "wide"],
  ["light", "narrow"],
  ["dark", "narrow"],
]) {
  test(`the dialogs can be looked at and are accessible, ${scheme}, ${size}`, { timeout: 300_000 }, async (t) => {
    const { page } = await open(t, { scheme, size });
    await started(page);
    const made = await link(page);
    await screenshot(page, `share-${scheme}-${size}`);
    await accessible(page, "dialog[open]");
    await page.click("dialog[open] button:has-text('Close')");
    await page.evaluate((hash) => (location.hash = hash), new URL(made).hash);
    await page.waitForSelector("dialog[open]");
    await screenshot(page, `offer-${scheme}-${size}`);
    await page.click("dialog[open] button:has-text('Open')");
    await page.waitForSelector(".k-back");
    await page.waitForSelector(".k-progress", { state: "detached", timeout: 120_000 });
    await screenshot(page, `shared-${scheme}-${size}`);
    await accessible(page);
  });
}
