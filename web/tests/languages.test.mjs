// The page in every language: chosen by address, by an earlier choice or by the browser; changed while
// everything goes on; and with nothing left in English that the page itself says.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, block, open, screenshot, started } from "./harness.mjs";

const CHINESE = "zh-CN";

/** Opens the page and waits until its pods are there. */
async function alive(t, options) {
  const opened = await open(t, options);
  await started(opened.page);
  await opened.page.waitForSelector(".cm-content");
  await opened.page.waitForSelector(".k-tile--ready:not(.k-tile--system)", { timeout: 120_000 });
  return opened;
}

const language = (page) => page.getAttribute("html", "lang");
const choose = (page, tag) => page.selectOption(".k-language", tag);
const speaks = (page, tag) => page.waitForFunction((lang) => document.documentElement.lang === lang, tag);

test("the address comes first, then an earlier choice, then the browser", async (t) => {
  const { page } = await open(t, { locale: "zh-SG" });
  await started(page);
  await page.waitForSelector("header button");
  assert.equal(await language(page), CHINESE, "the browser asks for Chinese of another region");
  assert.match(await page.title(), /集群/);
  await choose(page, "en");
  await speaks(page, "en");
  await page.reload();
  await started(page);
  await page.waitForSelector("header button");
  assert.equal(await language(page), "en", "the choice is remembered");
  assert.match(await page.innerText("header"), /Reset/);
  const address = new URL(page.url());
  address.search = "?lang=zh-cn";
  await page.goto(address.href);
  await started(page);
  await page.waitForSelector("header button");
  assert.match(await page.innerText("header"), /重置/);
});

test("a language that cannot be loaded leaves the page in English", async (t) => {
  const { page, problems } = await open(t);
  await block(page, "*/locales/*.json");
  await page.goto(`${page.url()}?lang=${CHINESE}`);
  await started(page);
  await page.waitForSelector("header button");
  assert.match(await page.innerText("header"), /Reset/);
  assert.equal(await language(page), "en");
  problems.length = 0;
});

test("another language in the middle of a rollout changes the words and nothing else", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t);
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  await page.click("#stage-tab-rollout");
  await page.click(".k-rollout-name .k-link");
  await page.waitForSelector(".k-facts");
  await page.click("#inspector-tab-why");
  await page.waitForSelector(".k-beat");
  await page.click('.cm-line:has-text("image: nginx:")');
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("9");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".k-answer--good");
  await page.keyboard.type(" # 我");
  await page.fill("#terminal-input", "kubectl get pods # half typed");
  await page.waitForSelector(".k-state--progressing");
  await choose(page, CHINESE);
  await speaks(page, CHINESE);
  await page.waitForSelector("#stage-tab-rollout:text-is('上线')");

  assert.ok(await page.evaluate(() => window.sameDocument), "the page was not loaded again");
  assert.equal(await page.inputValue("#terminal-input"), "kubectl get pods # half typed");
  assert.match(await page.innerText(".cm-content"), /image: nginx:1\.29 # 我/);
  assert.equal(await page.getAttribute(".cm-content", "aria-label"), "清单");
  assert.equal(await page.getAttribute("#inspector-tab-why", "aria-selected"), "true");
  assert.match(await page.innerText(".k-story"), /你（通过 kubectl）/);
  assert.match(await page.innerText(".k-answers"), /deployment\.apps\/web configured/, "kubectl's words stay");
  const heard = () => /web：3\/3 就绪，修订版本 2/.test(document.querySelector("[role=status][aria-live]").textContent);
  await page.waitForFunction(heard, undefined, { timeout: 120_000 });
  await page.waitForSelector(".k-state--complete", { timeout: 120_000 });
  assert.match(await page.innerText(".k-state--complete"), /已完成/);

  await choose(page, "en");
  await speaks(page, "en");
  await page.waitForSelector("#stage-tab-rollout:text-is('Rollout')");
  await page.click(".cm-content");
  await page.keyboard.press("Control+z");
  assert.doesNotMatch(await page.innerText(".cm-content"), /# 我/, "undo still knows what was typed");
});

/** What a Chinese page says in Latin letters: names, and the terms of Kubernetes. */
const ALLOWED = [
  // before the names in them: addresses
  /\b(https?|tcp|udp):\/\/\S+/gi,
  /\bGET :\d+\/\S*/g,
  // taints, what kubectl answers, and how quantities are written
  /\bnode-role\.kubernetes\.io\/[\w:-]+/g,
  /\b[a-z.]+\/[\w-]* (created|configured|unchanged)\b/g,
  /\b(cpu \d+m|memory \d+Mi)\b/g,
  // what people call things
  /\b(Kubarium|Kubernetes|English|YAML|API|IP|CPU|DNS|Ctrl|Esc|Enter|F2|QoS|cordon|uncordon)\b/g,
  // tools, components, objects by their names
  /\b(kube|web|traffic|worker|control-plane|coredns|local-path|default|shopper|visitors)[\w.-]*/g,
  /\b(kubectl( [a-z]+)*|kubelet|etcd|apiserver|nginx:[\w.]+|busybox[\w.:]*)/g,
  /\b(nginx|[a-z]+-controller)\b/g,
  // kinds, and what their fields say
  /\b(Pod|deployment|service|Deployment|ReplicaSet|Service|EndpointSlice|Endpoints|Node|Traffic|Event|Lease|Image|Job|Namespace|ConfigMap|Secret|ServiceAccount|selector|ownerReference)s?\b/g,
  /\b(Ready|NotReady|Unknown|Running|Pending|Succeeded|Failed|Completed|Terminating|ContainerCreating|PodInitializing|RollingUpdate|Recreate|NoSchedule|NoExecute|Burstable|BestEffort|Guaranteed|ClusterIP|Always|None|TCP|UDP)\b/g,
  // units
  /\b(B|KiB|MiB|GiB|TiB|ms)\b/g,
];

/** Everything that the page shows or reads out, but for what comes from Kubernetes or from people. */
function spoken(page) {
  return page.evaluate(() => {
    const foreign = [
      "[lang]:not(html)", "code", "pre", ".cm-content", ".cm-gutters", ".k-paper .k-line", ".k-log-lines",
      ".k-mono", ".k-answers li span:not(.k-unseen)", ".k-file", ".k-chips", ".k-letter", ".k-tank-name",
      ".k-tile-name", ".k-object-link", ".k-event-reason", ".k-events td", ".k-requests td", ".k-conditions",
      ".k-container-detail", ".k-beat-detail", ".k-refused", ".k-score", ".k-strip-writes", "option", ".k-title",
    ].join(",");
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
      if (!element || element.closest(foreign) || element.closest("script, style")) continue;
      if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent);
      else for (const name of ["aria-label", "title", "placeholder", "aria-valuetext"]) found.push(node.getAttribute(name) ?? "");
    }
    return found.map((text) => text.trim()).filter(Boolean);
  });
}

test("the Chinese page says nothing in English, and axe agrees with it", { timeout: 300_000 }, async (t) => {
  const { page } = await alive(t, { query: `?lang=${CHINESE}` });
  const left = new Set();
  const read = async (where) => {
    for (const text of await spoken(page)) {
      const rest = ALLOWED.reduce((words, pattern) => words.replace(pattern, " "), text);
      if (/[A-Za-z]{3,}/.test(rest)) left.add(`${where}: ${text}`);
    }
  };
  await page.click("[aria-label='控制平面']");
  for (const view of ["nodes", "rollout", "traffic", "ownership"]) {
    await page.click(`#stage-tab-${view}`);
    await page.waitForTimeout(100);
    await read(view);
    await screenshot(page, `chinese-${view}`);
  }
  for (const tab of ["terminal", "events", "requests", "logs"]) {
    await page.click(`#dock-tab-${tab}`);
    await read(tab);
    await screenshot(page, `chinese-dock-${tab}`);
  }
  await page.click("#dock-tab-events");
  await page.click(".k-events .k-object-link:has-text('Pod web-')");
  for (const part of ["summary", "why", "events", "logs", "yaml"]) {
    await page.click(`#inspector-tab-${part}`);
    await page.waitForTimeout(100);
    await read(`inspector ${part}`);
    await screenshot(page, `chinese-inspector-${part}`);
  }
  await accessible(page);
  await page.click("header button:has-text('重置')");
  await page.waitForSelector("dialog[open]");
  await read("dialog");
  await accessible(page, "dialog[open]");
  assert.deepEqual([...left].sort(), [], "these are still in English");
});
