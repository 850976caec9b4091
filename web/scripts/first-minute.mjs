// Lives through the first minute of a visit in a page that notes which of its functions run, and writes what it noted.
// `cargo xtask profile-page` runs it.
//
// What stands here decides what is in the first file of the wasm. It is what the page does for every visitor before the
// second file is there, which is a second or two: it starts, the first cluster comes up and serves its visitors; and it
// starts again. What people do with it, and every command, comes from the second file.
//
// Visitors differ, and so does what runs for them: a slow machine misses frames and catches up, another language counts
// otherwise. A function that only they run would stop their page until the second file is there, and end it where that
// cannot be had.

import { writeFile } from "node:fs/promises";

import { chromium } from "playwright-core";

const WIDE = { width: 1440, height: 900 };

/** Who comes: what their browsers ask for, how much slower than this machine theirs is, and how long they stay each time. */
const VISITORS = [
  // A first visit, and a second one that finds what the first has kept.
  { seconds: [10, 3] },
  { slower: 2, seconds: [10] },
  { slower: 4, seconds: [10] },
  { slower: 8, seconds: [12] },
  { slower: 16, seconds: [10, 8], colorScheme: "dark" },
  { locale: "zh-CN", seconds: [6, 3] },
  { viewport: { width: 390, height: 844 }, reducedMotion: "reduce", seconds: [6] },
  { forcedColors: "active", seconds: [6] },
];

const [url, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
try {
  const problems = [];
  const seen = [];
  for (const { slower = 1, seconds, ...visitor } of VISITORS) {
    const context = await browser.newContext({ viewport: WIDE, ...visitor });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    page.on("pageerror", (error) => problems.push(error.message));
    await page.addInitScript(() => {
      addEventListener("TrunkApplicationStarted", (event) => {
        window.wasmExports = event.detail.wasm;
      });
    });
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });
    for (const stay of seconds) {
      await page.goto(url);
      // On a narrow screen the terminal is behind a tab.
      await page.waitForSelector("#terminal-input", { state: "attached" });
      await page.waitForTimeout(stay * 1000);
      const bytes = await page.evaluate(() => {
        const noted = new Uint8Array(window.wasmExports.seen.buffer);
        let text = "";
        for (const byte of noted) text += byte ? "1" : "0";
        return text;
      });
      [...bytes].forEach((bit, at) => (seen[at] = seen[at] === 1 || bit === "1" ? 1 : 0));
    }
    await context.close();
  }
  if (problems.length) throw new Error(problems.join("\n"));
  await writeFile(out, Uint8Array.from(seen));
} finally {
  await browser.close();
}
