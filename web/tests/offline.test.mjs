// A second visit without a network, whole versions only, and no worker where none belongs.

import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import test from "node:test";

import { versionOf, workerOf } from "../scripts/version.mjs";
import { web } from "../scripts/places.mjs";
import { open, started, url } from "./harness.mjs";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

/** A copy of the page at a server that can be changed, and switched off. */
async function site(t, mount = "/tank/") {
  const folder = await mkdtemp(join(tmpdir(), "kubarium-offline-"));
  t.after(() => rm(folder, { recursive: true }));
  const source = process.env.KUBARIUM_PAGE;
  if (!source) throw new Error("KUBARIUM_PAGE names the folder of the page: run `cargo xtask test browser`");
  await cp(source, folder, { recursive: true });
  const state = { on: true, mount, folder, asked: [], before: () => {} };
  const server = createServer(async (request, response) => {
    if (!state.on) return request.socket.destroy();
    const { pathname } = new URL(request.url, "http://x");
    state.asked.push(pathname);
    await state.before(pathname);
    const path = pathname.startsWith(state.mount) ? pathname.slice(state.mount.length) || "index.html" : "none";
    const content = await readFile(join(folder, path)).catch(() => null);
    response.writeHead(content ? 200 : 404, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", "Access-Control-Allow-Origin": "*" });
    response.end(content ?? "not here");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  state.base = `http://127.0.0.1:${server.address().port}${mount}`;
  return state;
}

/** Publishes another version: an edited page, with the worker that belongs to it. */
async function publish(folder, edit) {
  const index = join(folder, "index.html");
  await writeFile(index, edit(await readFile(index, "utf8")));
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = [];
  for (const entry of names.filter((e) => e.isFile() && e.name !== "worker.js")) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    files.push({ path: path.slice(folder.length + 1).replaceAll("\\", "/"), content: await readFile(path) });
  }
  const worker = await readFile(join(web, "offline/worker.js"), "utf8");
  await writeFile(join(folder, "worker.js"), workerOf(worker, versionOf(files)));
}

const active = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    while (registration.active?.state !== "activated") await new Promise((resolve) => setTimeout(resolve, 50));
    return (await caches.keys()).sort();
  });

/** Waits until something holds in the page. (`waitForFunction` does not wait for promises.) */
async function until(page, holds, given) {
  const end = Date.now() + 120_000;
  while (!(await page.evaluate(holds, given))) {
    if (Date.now() > end) throw new Error(`this never held: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const editorKept = async () => {
  const cache = await caches.open((await caches.keys())[0]);
  return (await cache.keys()).some((request) => request.url.includes("/editor/"));
};

test("a second visit needs no network, and the editor that was used is there", { timeout: 300_000 }, async (t) => {
  const server = await site(t);
  const { page, problems } = await open(t, { offline: true });
  await page.goto(server.base);
  await started(page);
  assert.equal((await active(page)).length, 1);
  await page.waitForSelector(".cm-content");
  // What the first visit had loaded before there was a worker is kept too.
  await until(page, editorKept);
  server.on = false;
  await page.reload();
  await started(page);
  await page.waitForSelector(".cm-content");
  await page.fill("#terminal-input", "kubectl get nodes");
  await page.press("#terminal-input", "Enter");
  await page.waitForFunction(() => document.querySelector(".k-paper")?.textContent.includes("worker-3"));
  problems.length = 0;
});

test("a file that was on its way when the worker came is kept too", { timeout: 300_000 }, async (t) => {
  const server = await site(t);
  let askedFor;
  let letThrough;
  const editorAskedFor = new Promise((resolve) => (askedFor = resolve));
  const gate = new Promise((resolve) => (letThrough = resolve));
  server.before = (path) => {
    if (path.endsWith("worker.js")) return editorAskedFor;
    if (!path.includes("/editor/")) return;
    askedFor();
    return gate;
  };
  const { page } = await open(t, { offline: true });
  await page.goto(server.base, { waitUntil: "commit" });
  await started(page);
  assert.equal((await active(page)).length, 1);
  // The worker has the page before the editor comes.
  await until(page, () => navigator.serviceWorker.controller !== null);
  letThrough();
  await page.waitForSelector(".cm-content");
  await until(page, editorKept);
});

test("a new version is kept whole or not at all, and takes the old one's place", { timeout: 300_000 }, async (t) => {
  const server = await site(t);
  const { page, problems } = await open(t, { offline: true });
  await page.goto(server.base);
  await started(page);
  const [first] = await active(page);
  // The page itself writes its title, in its language.
  const mark = (number) => (html) => html.replace(/(name="description"\s+content=")[^"]*/, `$1Version ${number}`);
  const shown = () => page.getAttribute("meta[name=description]", "content");

  // Half published: the worker names files that are not there in that form.
  await publish(server.folder, mark(2));
  const half = await readFile(join(server.folder, "index.html"), "utf8");
  await writeFile(join(server.folder, "index.html"), mark("half")(half));
  server.asked.length = 0;
  await page.reload();
  await started(page);
  // Once for the page, and once for the worker that wants to keep it.
  for (const end = Date.now() + 120_000; server.asked.filter((path) => path === server.mount).length < 2; ) {
    assert.ok(Date.now() < end, "the new worker was not tried");
    await page.waitForTimeout(50);
  }
  // The browser may try more than once; each time nothing of a half version is kept.
  const nothingKept = async (first) => {
    const { installing } = await navigator.serviceWorker.getRegistration();
    return !installing && (await caches.keys()).join() === first;
  };
  await until(page, nothingKept, first);
  server.on = false;
  await page.reload();
  await started(page);
  assert.doesNotMatch(await shown(), /Version/, "offline, the whole old one is shown");

  // All of it: online it is shown at once, offline from then on.
  server.on = true;
  await publish(server.folder, mark(3));
  await page.reload();
  await started(page);
  assert.equal(await shown(), "Version 3");
  await until(page, async (old) => (await navigator.serviceWorker.getRegistration())?.waiting || !(await caches.keys()).includes(old), first);
  await page.reload();
  await started(page);
  await until(page, async (old) => (await caches.keys()).length === 1 && !(await caches.keys()).includes(old), first);
  server.on = false;
  await page.reload();
  await started(page);
  assert.equal(await shown(), "Version 3");
  problems.length = 0;
});

test("the worker minds its own files: an API server beside the page is not its business", { timeout: 300_000 }, async (t) => {
  // As `kubectl proxy --www=dist` serves it: the page below /static/, the API beside it.
  const server = await site(t, "/static/");
  const { page, problems } = await open(t, { offline: true });
  await page.goto(server.base);
  await active(page);
  await page.reload();
  await started(page);
  const ask = (path) => page.evaluate((p) => fetch(p).then((response) => response.status), path);
  server.asked.length = 0;
  for (const path of ["/api/v1/pods", "/static/none.json", "/static/api/v1?watch=1"]) assert.equal(await ask(path), 404);
  // The page itself asks for the version of the server beside it.
  const asked = server.asked.filter((path) => path !== "/version");
  assert.deepEqual(asked, ["/api/v1/pods", "/static/none.json", "/static/api/v1"]);
  const kept = await page.evaluate(async () => (await (await caches.open((await caches.keys())[0])).keys()).map((r) => new URL(r.url).pathname));
  assert.ok(kept.every((path) => path.startsWith("/static/") && !path.includes("api")), kept.join());
  problems.length = 0;
});

test("an embedded page registers no worker", { timeout: 300_000 }, async (t) => {
  const { page } = await open(t, { offline: true, query: "?embed=1" });
  await started(page);
  await page.waitForTimeout(1000);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
});

test("the page can be installed: its manifest and icons are there", { timeout: 300_000 }, async (t) => {
  const { page } = await open(t, { offline: true });
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector("link[rel=manifest]").href;
    const manifest = await (await fetch(link)).json();
    const icons = await Promise.all(manifest.icons.map(async (icon) => (await fetch(new URL(icon.src, link))).ok));
    return { start: new URL(manifest.start_url, link).href, scope: new URL(manifest.scope, link).href, icons };
  });
  assert.deepEqual(manifest, { start: url, scope: url, icons: [true, true, true, true] });
});
