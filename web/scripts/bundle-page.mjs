// Makes one style sheet and one script, both small, of the many that Trunk puts into its staging folder: likes
// compress best together, and one file is one request.

import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { build, transform } from "esbuild";

const SMALL = { minify: true, target: "es2022", charset: "utf8", legalComments: "none" };

/** Puts the bundles in the places of what they are made of; returns the page's text with their names. */
export async function bundlePage(staging, html) {
  return scripts(staging, await boot(staging, await styles(staging, html)));
}

/** The style sheets of the page become one, in their order. */
async function styles(staging, html) {
  const links = [...html.matchAll(/[ \t]*<link rel="stylesheet" href="\.\/([^"]+\.css)"\s*\/?>\n?/g)];
  if (links.length === 0) throw new Error("the page has no style sheets");
  const paths = links.map(([, name]) => join(staging, name));
  const sheets = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  const { code } = await transform(sheets.join("\n"), { ...SMALL, loader: "css" });
  const name = await put(staging, "style", "css", code);
  await Promise.all(paths.map((path) => rm(path)));
  const [first, ...others] = links.map(([link]) => link);
  const alone = others.reduce((text, link) => text.replace(link, ""), html);
  return alone.replace(first, `    <link rel="stylesheet" href="./${name}">\n`);
}

/** What runs before the first pixel. */
async function boot(staging, html) {
  const [, old] = html.match(/<script src="\.\/(boot-[0-9a-f]+\.js)"/) ?? [];
  if (!old) throw new Error("the page does not load boot.js");
  const { code } = await transform(await readFile(join(staging, old), "utf8"), SMALL);
  await rm(join(staging, old));
  return html.replaceAll(old, await put(staging, "boot", "js", code));
}

/** What wasm-bindgen wrote, and the snippets that it imports. */
async function scripts(staging, html) {
  const [, old] = html.match(/from '\.\/(kubarium-[0-9a-f]+\.js)'/) ?? [];
  if (!old) throw new Error("the page does not import what wasm-bindgen wrote");
  const built = await build({
    ...SMALL,
    entryPoints: [join(staging, old)],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "warning",
    // wasm-bindgen names a module once for each import from it, always with the same contents.
    logOverride: { "duplicate-object-key": "silent" },
  });
  const name = await put(staging, "kubarium", "js", built.outputFiles[0].text);
  await rm(join(staging, old));
  await rm(join(staging, "snippets"), { recursive: true });
  return html.replace(/<link rel="modulepreload" href="\.\/snippets\/[^>]*>/g, "").replaceAll(old, name);
}

/** Writes a file under a name that carries the hash of what is in it. */
async function put(staging, stem, ending, code) {
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const name = `${stem}-${hash}.${ending}`;
  await writeFile(join(staging, name), code);
  return name;
}
