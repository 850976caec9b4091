// The page beside a real API server: `kubectl proxy --www=` in front of kubarium-server, which the page
// cannot tell from any other.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { target } from "../scripts/places.mjs";
import { accessible, open, screenshot, started } from "./harness.mjs";

const server = join(target, "debug", "kubarium-server");
const folder = process.env.KUBARIUM_PAGE;

function missing() {
  if (!folder) return "KUBARIUM_PAGE does not name the built page";
  if (!existsSync(server)) return "no kubarium-server: cargo build -p kubarium-server";
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
  } catch {
    return "no kubectl";
  }
  return false;
}

/** Starts a program that ends with the test. */
function run(t, program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => child.kill());
  return child;
}

/** A cluster behind a proxy: where the page is, and a kubectl for it. */
async function cluster(t) {
  const config = join(await mkdtemp(join(tmpdir(), "kubarium-real-")), "kubeconfig");
  const api = run(t, server, ["--listen=127.0.0.1:0", `--kubeconfig=${config}`, "--nodes=2", "--quiet"]);
  for (let i = 0; i < 600 && !existsSync(config); i += 1) await pause(100);
  const kubectl = (...args) => execFileSync("kubectl", [`--kubeconfig=${config}`, ...args], { encoding: "utf8" });
  const proxy = run(t, "kubectl", [`--kubeconfig=${config}`, "proxy", "--port=0", `--www=${folder}`]);
  const port = await new Promise((resolve) => {
    proxy.stdout.on("data", (text) => {
      const found = /127\.0\.0\.1:(\d+)/.exec(text);
      if (found) resolve(found[1]);
    });
  });
  return { kubectl, api, url: `http://127.0.0.1:${port}/static/` };
}

async function type(page, command, expected) {
  await page.fill("#terminal-input", command);
  await page.press("#terminal-input", "Enter");
  await page.waitForFunction(
    (text) => document.querySelector(".k-paper")?.textContent.includes(text),
    expected,
    { timeout: 120_000 },
  );
}

const tile = (page, name) => page.waitForSelector(`[aria-label*="${name}"]`, { timeout: 120_000, state: "attached" });

test("a real cluster is shown live, read by kubectl, and changed only when that is allowed", { skip: missing() }, async (t) => {
  const { kubectl, url } = await cluster(t);
  const { page, problems } = await open(t, { url });
  await started(page);
  await page.waitForSelector(".k-real");
  assert.match(await page.innerText(".k-real"), /Real cluster, v1\.36/);
  assert.equal(await page.locator(".k-transport").count(), 0);
  assert.equal(await page.locator("[aria-label='Reset']").count(), 0);
  await tile(page, "coredns");
  kubectl("run", "newcomer", "--image=nginx:1.28");
  await tile(page, "newcomer");
  await type(page, "kubectl get nodes", "worker-2");
  await accessible(page);
  await screenshot(page, "real-light");
  await type(page, "kubectl delete pod newcomer", "only reads");
  assert.match(kubectl("get", "pods"), /newcomer/);
  await page.check(".k-real input");
  await type(page, "kubectl create deployment shop --image=nginx:1.28", "deployment.apps/shop created");
  await tile(page, "shop-");
  assert.match(kubectl("get", "deployments"), /shop/);
  await type(page, "kubectl delete pod newcomer", 'pod "newcomer" deleted');
  await page.waitForFunction(() => !document.querySelector('[aria-label*="newcomer"]'), undefined, { timeout: 120_000 });
  // The command has stopped its watch; what the browser still has to say of it reaches nobody.
  await type(page, "kubectl get deployments", "UP-TO-DATE");
  // Before the server ends, and breaks off what is still watched.
  await page.context().close();
  // A deletion is waited for by asking until the pod is not found, and browsers note that without saying where:
  // any other answer of the kind is still told by its own line.
  const expected = [/^response: \S+\/pods\/newcomer(\?\S*)? 404$/, /^console: Failed to load resource: .*\b404\b/];
  const wrong = problems.filter((problem) => !expected.some((of) => of.test(problem)));
  problems.splice(0, problems.length, ...wrong);
});

test("it fits a phone in the dark, and can be turned back into a simulation", { skip: missing() }, async (t) => {
  const { url } = await cluster(t);
  const { page } = await open(t, { url, size: "narrow", scheme: "dark" });
  await started(page);
  await page.waitForSelector(".k-real");
  await tile(page, "coredns");
  await screenshot(page, "real-dark-narrow");
  await accessible(page);
  await page.click(".k-real a");
  await page.waitForSelector(".k-transport");
});

test("where no API server answers behind the proxy, a simulation says that it is one", { skip: missing() }, async (t) => {
  const { url, api } = await cluster(t);
  const gone = new Promise((resolve) => api.once("exit", resolve));
  api.kill();
  await gone;
  const { page, problems } = await open(t, { url });
  await started(page);
  await page.waitForSelector(".k-transport");
  await page.waitForSelector("text=The API server behind this address does not answer");
  assert.equal(await page.locator(".k-real").count(), 0);
  await screenshot(page, "real-silent");
  const expected = [/^response: \S+\/version 5\d\d$/, /^console: Failed to load resource: .*\b5\d\d\b/];
  problems.splice(0, problems.length, ...problems.filter((problem) => !expected.some((of) => of.test(problem))));
});
