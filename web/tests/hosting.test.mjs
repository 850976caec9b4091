// The page as nginx serves it with the lines of docs/hosting.md.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { compress } from "../scripts/compress.mjs";
import { root } from "../scripts/places.mjs";
import { open, started } from "./harness.mjs";
import { program } from "./programs.mjs";
import { plain } from "./hosts.mjs";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function nginx(t, binary) {
  const folder = await mkdtemp(join(tmpdir(), "kubarium-nginx-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const site = join(folder, "site");
  await cp(process.env.KUBARIUM_PAGE, join(site, "tank"), { recursive: true });
  // Quick and poor: that it is sent is what counts.
  await compress(join(site, "tank"), { quality: 1 });
  // A page of the same site that puts it into a sandbox.
  await writeFile(join(site, "docs.html"), plain('<iframe sandbox="allow-scripts" src="tank/?embed=1" title="Playground"></iframe>'));
  const docs = await readFile(join(root, "docs/hosting.md"), "utf8");
  const [, lines] = /```nginx\n([\s\S]*?)```/.exec(docs);
  const port = await freePort();
  const http = lines.replace("listen 80;", `listen 127.0.0.1:${port};`).replace("/srv/kubarium", site);
  assert.notEqual(http, lines);
  await mkdir(join(folder, "temp"));
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/temp/${name};`);
  // As root, its workers would be somebody who may not look into a temporary folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const config = `${user} pid ${folder}/pid; error_log ${folder}/error.log; daemon off; events {} http { access_log off; ${temp.join(" ")} ${http} }`;
  await writeFile(join(folder, "nginx.conf"), config);
  execFileSync(binary, ["-t", "-q", "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  const child = spawn(binary, ["-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(() => {
    child.kill("SIGTERM");
    return ended;
  });
  const base = `http://127.0.0.1:${port}/`;
  for (let i = 0; i < 100 && !(await fetch(base).catch(() => null)); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return { base, site };
}

test("nginx, with the lines of docs/hosting.md, sends what the page needs", { timeout: 300_000 }, async (t) => {
  const binary = await program(t, "nginx", "/usr/sbin/nginx");
  if (!binary) return;
  const { base, site } = await nginx(t, binary);
  const names = await readdir(join(site, "tank"));
  const wasm = names.find((name) => name.endsWith("_bg.wasm"));
  const head = async (path, encoding = "gzip, br") => {
    const response = await fetch(base + path, { headers: { "Accept-Encoding": encoding } });
    await response.arrayBuffer();
    assert.equal(response.status, 200, path);
    return Object.fromEntries(response.headers);
  };
  for (const [path, type, forever] of [
    [`tank/${wasm}`, "application/wasm", true],
    [`tank/${names.find((name) => /^style-.*\.css$/.test(name))}`, "text/css; charset=utf-8", true],
    ["tank/", "text/html; charset=utf-8", false],
    ["tank/worker.js", "text/javascript; charset=utf-8", false],
    ["tank/embed.js", "text/javascript; charset=utf-8", false],
    ["tank/installed/kubarium.webmanifest", "application/manifest+json", false],
  ]) {
    const headers = await head(path);
    assert.equal(headers["content-type"], type, path);
    assert.equal(headers["content-encoding"], "gzip", path);
    assert.equal(headers["cache-control"], forever ? "public, max-age=31536000, immutable" : "no-cache", path);
    assert.equal(headers["access-control-allow-origin"], "*", path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.match(headers.vary ?? "", /Accept-Encoding/, path);
  }
  const [schema] = (await readdir(join(site, "tank/schema"))).filter((name) => name.endsWith(".json.gz"));
  assert.equal((await head(`tank/schema/${schema}`))["cache-control"], "public, max-age=31536000, immutable");
  assert.equal((await head(`tank/${wasm}`, "identity"))["content-encoding"], undefined);
  assert.equal((await fetch(`${base}tank/none.js`)).status, 404);

  // And a browser is fine with it: the page, its explanations, and a sandbox beside it.
  const { page } = await open(t);
  await page.goto(`${base}tank/`);
  await started(page);
  await page.fill("#terminal-input", "kubectl explain pod.spec.nodeName");
  await page.press("#terminal-input", "Enter");
  await page.waitForFunction(() => document.querySelector(".k-paper")?.textContent.includes("FIELD: nodeName"));
  await page.goto(`${base}docs.html`);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await started(frame);
});
