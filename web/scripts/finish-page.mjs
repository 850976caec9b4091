// Last step of a build, run by Trunk on its staging folder: names the editor bundle and the schema in the page and
// allows Trunk's inline loader, by its hash and nothing else, in the content security policy.

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { finishPage } from "./page.mjs";

const staging = process.env.TRUNK_STAGING_DIR;
if (!staging) {
  console.error("page: TRUNK_STAGING_DIR is not set; this script is run by Trunk");
  process.exit(1);
}
const page = join(staging, "index.html");
const editor = await only("editor", ".js");
const schema = await only("schema", ".json.gz");
const sha256 = (text) => createHash("sha256").update(text).digest("base64");
await writeFile(page, finishPage(await readFile(page, "utf8"), editor, schema, sha256));

/** The one file of a folder with an ending. */
async function only(folder, ending) {
  const names = (await readdir(join(staging, folder))).filter((name) => name.endsWith(ending));
  if (names.length === 1) return names[0];
  console.error(`page: one *${ending} expected in ${staging}/${folder}, found ${names.length}`);
  process.exit(1);
}
