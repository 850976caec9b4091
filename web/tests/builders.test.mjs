// The snippets of docs/embedding.md in sites that builders have built from them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";

import { root } from "../scripts/places.mjs";
import { open, url } from "./harness.mjs";
import { frameOf, host, plain, script } from "./hosts.mjs";
import { program } from "./programs.mjs";

const docs = await readFile(join(root, "docs/embedding.md"), "utf8");

/** The snippet whose fence has this name. */
function snippet(name) {
  const found = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\``, "m").exec(docs);
  assert.ok(found, `docs/embedding.md has a snippet for ${name}`);
  return found[1].replaceAll("https://example.org/kubarium/", url);
}

/** A folder with these files. */
async function folderOf(t, files) {
  const folder = await mkdtemp(join(tmpdir(), "kubarium-builder-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

function build(folder, binary, ...args) {
  execFileSync(binary, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

/** Starts both playgrounds of a page, and looks for the pods in them. */
async function bothWork(t, html) {
  const base = await host(t, { "/": html });
  const { page, problems } = await open(t);
  // The themes' own files and fonts are not served here.
  await page.route("**/*", (route) => (new URL(route.request().url()).origin === new URL(base).origin && new URL(route.request().url()).pathname !== "/" ? route.abort() : route.fallback()));
  await page.goto(base);
  for (const nth of [0, 1]) {
    const poster = page.locator("kubarium-playground").nth(nth);
    await poster.getByRole("button").waitFor();
    const text = await page.evaluate((n) => document.querySelectorAll("kubarium-playground")[n].shadowRoot.querySelector("pre").textContent, nth);
    assert.match(text, /^apiVersion: v1\nkind: Pod\nmetadata:\n {2}name: hello\n\n?spec:\n {2}containers:\n {4}- name: web\n {6}image: nginx:1\.29\n\n\$/);
    await poster.getByRole("button").click();
    const frame = await frameOf(page, nth);
    await frame.waitForFunction(() => document.querySelector(".k-pane--stage")?.textContent.includes("hello"), undefined, { polling: 100, timeout: 120_000 });
  }
  problems.length = 0;
}

test("Hugo, with the shortcode", { timeout: 300_000 }, async (t) => {
  const hugo = await program(t, "hugo");
  if (!hugo) return;
  const folder = await folderOf(t, {
    "config.toml": 'baseURL = "/"\ntitle = "Docs"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n',
    "layouts/_default/single.html": "<!doctype html><html lang='en'><head><title>{{ .Title }}</title></head><body>{{ .Content }}</body></html>",
    "layouts/shortcodes/kubarium.html": snippet("hugo-shortcode"),
    "content/page.md": `---\ntitle: Docs\n---\n\nFirst.\n\n${snippet("hugo")}\n\nSecond.\n\n${snippet("hugo")}\n`,
  });
  build(folder, hugo, "--quiet");
  const html = await readFile(join(folder, "public/page/index.html"), "utf8");
  assert.equal(html.split("embed.js").length, 2, "the script stands there once");
  await bothWork(t, html);
});

test("Material for MkDocs", { timeout: 300_000 }, async (t) => {
  const mkdocs = await program(t, "mkdocs", process.env.KUBARIUM_MKDOCS, null);
  if (!mkdocs) return;
  const folder = await folderOf(t, {
    "mkdocs.yml": `site_name: Docs\nplugins: []\ntheme:\n  name: material\n  font: false\n${snippet("mkdocs")}`,
    "docs/index.md": `# Docs\n\n${snippet("mkdocs-page")}\n\nSecond.\n\n${snippet("mkdocs-page")}\n`,
  });
  build(folder, mkdocs, "build", "--quiet");
  await bothWork(t, await readFile(join(folder, "site/index.html"), "utf8"));
});

test("mdBook", { timeout: 300_000 }, async (t) => {
  const mdbook = await program(t, "mdbook", undefined, null);
  if (!mdbook) return;
  const folder = await folderOf(t, {
    "book.toml": '[book]\ntitle = "Docs"\n',
    "theme/head.hbs": snippet("mdbook-head"),
    "src/SUMMARY.md": "- [Docs](docs.md)\n",
    "src/docs.md": `# Docs\n\n${snippet("mdbook")}\n\nSecond.\n\n${snippet("mdbook")}\n`,
  });
  build(folder, mdbook, "build");
  await bothWork(t, await readFile(join(folder, "book/docs.html"), "utf8"));
});

// What the two of them emit, written by hand: mdBook where it is not installed, and Docusaurus, which is too heavy.
test("a page as mdBook emits it: the block as it stands, for it holds no empty line", { timeout: 300_000 }, async (t) => {
  const block = snippet("mdbook");
  assert.doesNotMatch(block.trim(), /\n\s*\n/);
  await bothWork(t, plain(`<main>\n${block}\n<p>Second.</p>\n${block}</main>`, snippet("mdbook-head")));
});

test("a page as Docusaurus emits it: an element that React made, with the literal as its text", { timeout: 300_000 }, async (t) => {
  const [, attributes, text] = /^<kubarium-playground([^>]*)>\{`([^`]*)`\}<\/kubarium-playground>\s*$/.exec(snippet("docusaurus"));
  assert.match(docs, /scripts: \[\{ src: "[^"]*embed\.js", type: "module" \}\]/);
  // React puts the text in when the script may be there already.
  const made = `<script type="module">
    for (const place of document.querySelectorAll("main > div")) {
      const element = document.createElement("kubarium-playground");
      for (const { name, value } of document.querySelector("template").content.firstElementChild.attributes) element.setAttribute(name, value);
      element.append(${JSON.stringify(text)});
      place.append(element);
    }</script>`;
  await bothWork(t, plain(`<template><i${attributes}></i></template><main><div></div><div></div></main>${made}`, script));
});
