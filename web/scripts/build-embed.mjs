// Builds what other pages load: `node web/scripts/build-embed.mjs` writes embed.js and its types to
// target/embed/, which Trunk ships beside the page. The names are an interface, so they carry no hash.

import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { embedOutput, web } from "./places.mjs";

/** Bytes of gzip that a page pays for a playground that nobody has started. */
const BUDGET = 4 * 1024;

const built = await build({
  absWorkingDir: web,
  entryPoints: ["embed/embed.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  write: false,
  logLevel: "warning",
}).catch(() => process.exit(1));
// The minifier leaves templates alone; of the style sheet in one, only the line ends are for people.
const code = built.outputFiles[0].text.replace(/`\n([^`]*)`/, (_, css) => `\`${css.replaceAll("\n", "")}\``);
const size = gzipSync(code, { level: 9 }).length;
if (size > BUDGET) {
  console.error(`embed: ${size} bytes of gzip are over the budget of ${BUDGET}`);
  process.exit(1);
}
await mkdir(embedOutput, { recursive: true });
await writeFile(join(embedOutput, "embed.js"), code);
await copyFile(join(web, "embed/embed.d.ts"), join(embedOutput, "embed.d.ts"));
