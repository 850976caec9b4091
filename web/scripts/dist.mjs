// Makes what is released from a built page: `node web/scripts/dist.mjs PAGE OUTPUT`. Run by `cargo xtask dist`.
//
// kubarium-VERSION.tar.gz   the page, with `.br` and `.gz` beside each file that gets smaller by it
// npm/                      the package: the page in `page/`, and the types of embed.js
// kubarium-VERSION.tgz      the same, packed by npm

import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { compress } from "./compress.mjs";
import { root, web } from "./places.mjs";
import { tarball } from "./tar.mjs";

const [page, output] = process.argv.slice(2);
const { version, license } = JSON.parse(await readFile(join(web, "package.json"), "utf8"));
await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });

const site = join(output, "page");
await cp(page, site, { recursive: true });
await cp(join(root, "LICENSE"), join(site, "LICENSE"));
await compress(site);
const files = [];
for (const entry of await readdir(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  files.push({ path: relative(site, path).split(sep).join("/"), content: await readFile(path) });
}
const archive = join(output, `kubarium-${version}.tar.gz`);
await writeFile(archive, tarball(files, `kubarium-${version}`));

const npm = join(output, "npm");
await cp(page, join(npm, "page"), { recursive: true });
await cp(join(root, "LICENSE"), join(npm, "LICENSE"));
await cp(join(root, "docs/embedding.md"), join(npm, "README.md"));
const manifest = {
  name: "kubarium",
  version,
  description: "A Kubernetes cluster in a glass tank, for any page: one script, one element",
  license,
  type: "module",
  exports: {
    ".": { types: "./page/embed.d.ts", default: "./page/embed.js" },
    "./page/*": "./page/*",
  },
  types: "./page/embed.d.ts",
  files: ["page", "README.md", "LICENSE"],
  sideEffects: true,
};
await writeFile(join(npm, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
execFileSync("npm", ["pack", "--silent", "--pack-destination", output], { cwd: npm, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });

for (const name of [archive, join(output, `kubarium-${version}.tgz`)]) {
  console.log(`${relative(root, name)}  ${((await stat(name)).size / 1024).toFixed(1)} KB`);
}
