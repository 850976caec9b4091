// Writes an archive: tar (POSIX ustar) in gzip, the same bytes for the same files.

import { gzipSync } from "node:zlib";

/**
 * @param {{ path: string, content: Buffer }[]} files
 * @param {string} folder what they unpack into
 */
export function tarball(files, folder) {
  const blocks = [];
  for (const { path, content } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    blocks.push(header(`${folder}/${path}`, content.length), content, Buffer.alloc(-content.length & 511));
  }
  blocks.push(Buffer.alloc(1024));
  return gzipSync(Buffer.concat(blocks), { level: 9 });
}

function header(path, size) {
  const block = Buffer.alloc(512);
  // A long path stands in two fields, cut at a slash.
  let name = path;
  let prefix = "";
  if (Buffer.byteLength(name) > 100) {
    const cut = path.indexOf("/", path.length - 101);
    [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
  }
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(prefix) > 155) throw new Error(`${path}: too long for tar`);
  const octal = (number, length) => number.toString(8).padStart(length - 1, "0");
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  // A fixed time: the first second of 2026, as in the cluster.
  block.write(octal(1767225600, 12), 136);
  block.write("        0", 148);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)}\0 `, 148);
  return block;
}
