// What the page costs in a browser: how soon it can be used, and the frames while a thousand pods are
// created and rolled to another image.
//
//   cargo xtask build && node web/bench/frames.mjs [--nodes 30] [--pods 1000] [--view nodes] [--trace]
//                                                 [--beside FOLDER] [--rounds 1]
//
// Not a test: what it measures depends on the machine and on what else that does, so the load stands
// beside the figures. `--beside` measures another page in turn with this one, so that what else runs burdens both
// alike. `--trace` also says what the longest tasks were spent on.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { loadavg } from "node:os";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

import { root } from "../scripts/places.mjs";

const { values: options } = parseArgs({
  options: {
    nodes: { type: "string", default: "30" },
    pods: { type: "string", default: "1000" },
    view: { type: "string", default: "nodes" },
    seconds: { type: "string", default: "20" },
    dist: { type: "string", default: join(root, "dist") },
    beside: { type: "string" },
    rounds: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** Serves a folder on a free port. */
function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": "max-age=600",
    });
    return createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Counts frames and long tasks from now on; returns what was counted when it is called again. */
async function during(page, seconds, act) {
  await page.evaluate(() => {
    const seen = { frames: 0, tasks: [], gaps: [], from: performance.now(), last: performance.now() };
    window.benchSeen = seen;
    seen.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.tasks.push(Math.round(entry.duration));
    });
    seen.observer.observe({ entryTypes: ["longtask"] });
    const frame = (now) => {
      seen.frames += 1;
      seen.gaps.push(now - seen.last);
      seen.last = now;
      if (!seen.over) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await act();
  await page.waitForTimeout(seconds * 1000);
  return page.evaluate(() => {
    const seen = window.benchSeen;
    seen.over = true;
    seen.observer.disconnect();
    const span = (performance.now() - seen.from) / 1000;
    const gaps = seen.gaps.sort((a, b) => a - b);
    return {
      fps: seen.frames / span,
      tasks: seen.tasks.sort((a, b) => b - a),
      gap95: gaps[Math.floor(gaps.length * 0.95)] ?? 0,
      memory: performance.memory?.usedJSHeapSize ?? 0,
      wasm: window.benchMemory?.buffer.byteLength ?? 0,
      summary: document.querySelector("header")?.textContent.match(/\d+ pods?:[^A-Z]*/)?.[0] ?? "",
    };
  });
}

function report(what, seen) {
  const load = loadavg()[0].toFixed(1);
  const over = seen.tasks.filter((ms) => ms > 50);
  console.log(
    `| ${what} | ${seen.fps.toFixed(1)} | ${over.length} | ${over[0] ?? "-"} ms | ${seen.gap95.toFixed(0)} ms | ${load} |`,
  );
  console.error(`  ${seen.summary} tasks: ${over.slice(0, 12).join(", ")} heap ${(seen.memory / 1e6).toFixed(0)} MB, wasm ${(seen.wasm / 1e6).toFixed(0)} MB`);
}

/** Types a command at the terminal. */
async function type(page, command) {
  await page.fill("#terminal-input", command);
  await page.press("#terminal-input", "Enter");
}

/** What the longest tasks of a trace were spent on, in milliseconds, each event without those inside it. */
function explain(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const events = traceEvents.filter((e) => e.ph === "X" && e.dur);
  const tasks = events.filter((e) => /RunTask$/.test(e.name) && e.dur > 50_000);
  const top = tasks.sort((a, b) => b.dur - a.dur).slice(0, 10);
  for (const task of top) {
    const inside = events
      .filter((e) => e.tid === task.tid && e.pid === task.pid && e !== task)
      .filter((e) => e.ts >= task.ts && e.ts + e.dur <= task.ts + task.dur + 1)
      .sort((a, b) => a.ts - b.ts || b.dur - a.dur);
    const own = new Map();
    const open = [];
    const add = (name, us) => own.set(name, (own.get(name) ?? 0) + us);
    for (const e of inside) {
      while (open.length && open.at(-1).ts + open.at(-1).dur <= e.ts) open.pop();
      if (open.length) add(open.at(-1).name, -e.dur);
      add(e.name, e.dur);
      open.push(e);
    }
    const parts = [...own].filter(([, us]) => us > 3000).sort((a, b) => b[1] - a[1]);
    const words = parts.map(([name, us]) => `${name} ${(us / 1000).toFixed(0)}`).join(", ");
    const cpu = task.tdur ? `, ${(task.tdur / 1000).toFixed(0)} ms of CPU` : "";
    console.error(`  ${(task.dur / 1000).toFixed(0)} ms${cpu}: ${words}`);
  }
}

/** Opens the page of a folder, and creates and rolls its pods. */
async function measure(folder) {
  const server = await serve(folder);
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: process.env.KUBARIUM_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"],
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`exception: ${error.message}`));
  await page.addInitScript(() => {
    // The page keeps the memory of its wasm to itself.
    const seen = (result) => {
      const parts = Object.values((result.instance ?? result).exports);
      window.benchMemory ??= parts.find((part) => part instanceof WebAssembly.Memory);
      return result;
    };
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const before = WebAssembly[name];
      WebAssembly[name] = (...parts) => before.apply(WebAssembly, parts).then(seen);
    }
  });

  // From the address to a page that answers: the second visit finds everything in the cache.
  const query = `?nodes=${options.nodes}&view=${options.view}`;
  console.log(`\n${folder}`);
  for (const visit of ["cold", "warm"]) {
    await page.goto("about:blank");
    const before = Date.now();
    await page.goto(url + query, { waitUntil: "commit" });
    await page.waitForFunction(() => document.querySelector("#terminal-input"), undefined, { polling: 20 });
    console.log(`load to interactive, ${visit}: ${Date.now() - before} ms, load ${loadavg()[0].toFixed(1)}`);
    if (visit === "cold") await page.evaluate(() => localStorage.clear());
  }
  await page.waitForTimeout(3000);

  const seconds = Number(options.seconds);
  console.log("\n| what | frames per second | tasks over 50 ms | longest | 95 % of frames within | load |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
  report("nothing happens", await during(page, 5, async () => {}));
  for (const [what, command] of [
    [`${options.pods} pods created`, `kubectl scale deployment web --replicas=${options.pods}`],
    [`${options.pods} pods rolled`, "kubectl set image deployment/web nginx=nginx:1.27"],
  ]) {
    if (options.trace) await browser.startTracing(page, { categories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "v8"] });
    const seen = await during(page, seconds, () => type(page, command));
    report(what, seen);
    if (options.trace) explain(await browser.stopTracing());
  }
  await browser.close();
  server.close();
}

for (let round = 0; round < Number(options.rounds); round += 1) {
  if (options.beside) await measure(options.beside);
  await measure(options.dist);
}
