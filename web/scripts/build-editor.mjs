// Bundles the editor: `node web/scripts/build-editor.mjs` writes target/editor/, which Trunk ships as
// `editor/`. The file name carries a hash of its content, because Trunk does not hash copied folders;
// `finish-page.mjs` tells the page the name.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { editorOutput, web } from "./places.mjs";

/** Bytes of brotli that the editor may cost, loaded lazily. */
const BUDGET = 120 * 1024;

let esbuild;
try {
  esbuild = await import("esbuild");
} catch (error) {
  console.error(`editor: esbuild is missing, run \`npm ci\` in web/ (${error.message})`);
  process.exit(1);
}

const built = await esbuild
  .build({
    absWorkingDir: web,
    entryPoints: ["editor/src/index.js"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "warning",
  })
  .catch(() => process.exit(1));

const code = built.outputFiles[0].contents;
const name = `editor-${createHash("sha256").update(code).digest("hex").slice(0, 16)}.js`;
const size = brotliCompressSync(code).length;
if (size > BUDGET) {
  console.error(`editor: ${size} bytes of brotli are over the budget of ${BUDGET}`);
  process.exit(1);
}

await mkdir(editorOutput, { recursive: true });
const notices = "LICENSES.txt";
for (const old of await readdir(editorOutput)) {
  if (old !== name && old !== notices) await rm(join(editorOutput, old), { recursive: true });
}
await writeUnlessSame(join(editorOutput, name), code);
await writeUnlessSame(join(editorOutput, notices), await licences(built.metafile));

/** The licence texts of the packages inside the bundle, which their licences ask to be passed on. */
async function licences(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) packages.add(found[1]);
  }
  const parts = [];
  for (const name of [...packages].sort()) {
    const folder = join(web, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} ships no licence text`);
    parts.push(`${name} ${version}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`);
  }
  return Buffer.from(parts.join(`\n${"-".repeat(72)}\n\n`));
}

/** Leaves the file alone when nothing changed, so that watchers stay quiet. */
async function writeUnlessSame(path, content) {
  const present = await readFile(path).catch(() => null);
  if (!present?.equals(Buffer.from(content))) await writeFile(path, content);
}
