// Prints the size of every file under a folder: path, raw, gzip and brotli bytes, tab-separated.
// `cargo xtask build` reads it; Node has both compressors built in.

import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const content = await readFile(path);
  const gzip = gzipSync(content, { level: 9 }).length;
  const brotli = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  }).length;
  console.log([relative(folder, path).split(sep).join("/"), content.length, gzip, brotli].join("\t"));
}
