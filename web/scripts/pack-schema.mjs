// Packs the schema of the API, which comes on the input, into target/schema/, which Trunk ships as `schema/`.
// The file name carries a hash of its content; `finish-page.mjs` tells the page the name.

import { createHash } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

import { schemaOutput } from "./places.mjs";

const text = await buffer(process.stdin);
JSON.parse(text.toString("utf8"));
const name = `schema-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.json.gz`;
await mkdir(schemaOutput, { recursive: true });
const present = await readdir(schemaOutput);
for (const old of present) {
  if (old !== name) await rm(join(schemaOutput, old), { recursive: true });
}
if (!present.includes(name)) await writeFile(join(schemaOutput, name), gzipSync(text, { level: 9 }));
