// Last step of a build, run by Trunk on its staging folder: names the editor bundle in the page and
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
const editors = (await readdir(join(staging, "editor"))).filter((name) => name.endsWith(".js"));
if (editors.length !== 1) {
  console.error(`page: one editor bundle expected in ${staging}/editor, found ${editors.length}`);
  process.exit(1);
}
const sha256 = (text) => createHash("sha256").update(text).digest("base64");
await writeFile(page, finishPage(await readFile(page, "utf8"), editors[0], sha256));
