// Lives through the first minute of a visit in a page that notes which of its functions run, and writes what it noted.
// `cargo xtask profile-page` runs it.
//
// What stands here decides what is in the first file of the wasm. It is what the page does for every visitor before the
// second file is there, which is a second or two: it starts, the first cluster comes up and serves its visitors; and it
// starts again. What people do with it, and every command, comes from the second file.

import { writeFile } from "node:fs/promises";

import { chromium } from "playwright-core";

const [url, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.addInitScript(() => {
    addEventListener("TrunkApplicationStarted", (event) => {
      window.wasmExports = event.detail.wasm;
    });
  });
  const seen = [];
  const note = async () => {
    const bytes = await page.evaluate(() => {
      const noted = new Uint8Array(window.wasmExports.seen.buffer);
      let text = "";
      for (const byte of noted) text += byte ? "1" : "0";
      return text;
    });
    [...bytes].forEach((bit, at) => (seen[at] = seen[at] === 1 || bit === "1" ? 1 : 0));
  };

  // A first visit, and a second one that finds what the first has kept.
  for (const visit of ["first", "second"]) {
    await page.goto(url);
    await page.waitForSelector("#terminal-input");
    await page.waitForTimeout(visit === "first" ? 10_000 : 3000);
    await note();
  }
  if (problems.length) throw new Error(problems.join("\n"));
  await writeFile(out, Uint8Array.from(seen));
} finally {
  await browser.close();
}
