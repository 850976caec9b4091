// Last step of a build, run by Trunk on its staging folder: divides the wasm, bundles scripts and styles, names the files
// that are loaded later in the page, puts the catalogues of languages beside it, allows Trunk's inline loader, by its
// hash and nothing else, in the content security policy, and writes the service worker, which knows every file of this
// version.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { bundlePage } from "./bundle-page.mjs";
import { finishPage, localesOf } from "./page.mjs";
import { root, web } from "./places.mjs";
import { splitPage } from "./split-page.mjs";
import { versionOf, workerOf } from "./version.mjs";

const staging = process.env.TRUNK_STAGING_DIR;
if (!staging) {
  console.error("page: TRUNK_STAGING_DIR is not set; this script is run by Trunk");
  process.exit(1);
}
const page = join(staging, "index.html");
const editor = await only("editor", ".js");
const schema = await only("schema", ".json.gz");
const sha256 = (text) => createHash("sha256").update(text).digest("base64");
const locales = await translate();
const { html, rest } = await splitPage(staging, await readFile(page, "utf8"), process.env).catch((error) => {
  console.error(`page: the wasm was not divided: ${error.message}`);
  process.exit(1);
});
// A quick page stays as it is written.
const bundled = !process.env.KUBARIUM_SPLIT
  ? html
  : await bundlePage(staging, html).catch((error) => {
      console.error(`page: scripts and styles were not bundled: ${error.message}`);
      process.exit(1);
    });
await writeFile(page, finishPage(bundled, { editor, schema, rest, locales, sha256 }));

/** Puts the catalogues beside the page, under names that carry a hash, and lists them. */
async function translate() {
  const folder = join(root, "static", "locales");
  const tags = (await readdir(folder)).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
  const all = localesOf(tags, (tag) => readFileSync(join(folder, `${tag}.json`), "utf8"), hash);
  await mkdir(join(staging, "locales"), { recursive: true });
  for (const { entry, text } of all) if (entry[2]) await writeFile(join(staging, entry[2]), text);
  return all.map(({ entry }) => entry);
}

const entries = await readdir(staging, { recursive: true, withFileTypes: true });
const files = entries
  .filter((entry) => entry.isFile())
  .map(async (entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    return { path: relative(staging, path).split(sep).join("/"), content: await readFile(path) };
  });
const worker = await readFile(join(web, "offline/worker.js"), "utf8");
await writeFile(join(staging, "worker.js"), workerOf(worker, versionOf(await Promise.all(files))));

/** The one file of a folder with an ending. */
async function only(folder, ending) {
  const names = (await readdir(join(staging, folder))).filter((name) => name.endsWith(ending));
  if (names.length === 1) return names[0];
  console.error(`page: one *${ending} expected in ${staging}/${folder}, found ${names.length}`);
  process.exit(1);
}
