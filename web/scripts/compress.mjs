// Puts `.br` and `.gz` beside each file of a folder that gets smaller by it: `node web/scripts/compress.mjs FOLDER`.
// Servers send them as they are, compressed better than they would do it themselves.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const packed = /\.(br|gz|png|webp|woff2)$/;

export async function compress(folder, { quality = constants.BROTLI_MAX_QUALITY } = {}) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((e) => e.isFile() && !packed.test(e.name))) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const content = await readFile(path);
    const [br, gz] = await Promise.all([
      promisify(brotliCompress)(content, {
        params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
      }),
      promisify(gzip)(content, { level: Math.min(quality, 9) }),
    ]);
    if (br.length < content.length) await writeFile(`${path}.br`, br);
    if (gz.length < content.length) await writeFile(`${path}.gz`, gz);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compress(process.argv[2]);
