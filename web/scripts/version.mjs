// A version of the page, as its service worker keeps it: which files, with which hashes.

import { createHash } from "node:crypto";

/** Folders whose files are loaded when they are needed. */
const LATER = ["editor/", "lazy/", "lessons/", "locales/", "schema/"];
/** The second file of the wasm lies among them, but every visit loads it. */
const ALWAYS = /^lazy\/rest-/;
/** What a visit never loads: texts for people, and what other pages load. */
const NEVER = /^(licenses\/|embed\.|worker\.js$)|LICENSES\.txt$|\.(br|gz|map)$/;

/**
 * @param {{ path: string, content: Buffer }[]} files all files of the page, its index.html finished
 * @returns {{ version: string, whole: Record<string, string>, later: Record<string, string> }} hashes by path
 */
export function versionOf(files) {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const whole = {};
  const later = {};
  for (const { path, content } of sorted) {
    const hash = `sha256-${digest(content, "base64")}`;
    const isLater = LATER.some((folder) => path.startsWith(folder)) && !ALWAYS.test(path);
    if (isLater && !path.endsWith("LICENSES.txt")) later[path] = hash;
    else if (!NEVER.test(path)) whole[path === "index.html" ? "./" : path] = hash;
  }
  if (!whole["./"]) throw new Error("the page has no index.html");
  const version = digest(JSON.stringify([whole, later]), "hex").slice(0, 16);
  return { version, whole, later };
}

/** Fills a version into the text of the worker. */
export function workerOf(text, { version, whole, later }) {
  const put = (from, to) => {
    if (text.split(from).length !== 2) throw new Error(`the worker has no single place for ${from}`);
    text = text.replace(from, () => to);
  };
  put('"BUILD-VERSION"', JSON.stringify(version));
  put('{ FILES: "" }', JSON.stringify(whole, null, 2));
  put('{ LAZY: "" }', JSON.stringify(later, null, 2));
  return text;
}

function digest(content, encoding) {
  return createHash("sha256").update(content).digest(encoding);
}
