// The snippets of docs/embedding.md in sites that builders have built from them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
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
  await page.goto(base);
  await bothStart(page);
  // The themes' own files and fonts are not served here.
  problems.length = 0;
}

async function bothStart(page) {
  for (const nth of [0, 1]) {
    const poster = page.locator("kubarium-playground").nth(nth);
    await poster.getByRole("button").waitFor();
    const text = await page.evaluate((n) => document.querySelectorAll("kubarium-playground")[n].shadowRoot.querySelector("pre").textContent, nth);
    assert.match(text, /^apiVersion: v1\nkind: Pod\nmetadata:\n {2}name: hello\n\n?spec:\n {2}containers:\n {4}- name: web\n {6}image: nginx:1\.29\n\n\$/);
    await poster.getByRole("button").click();
    await showsPod(await frameOf(page, nth));
  }
}

async function showsPod(frame) {
  await frame.waitForFunction(() => document.querySelector(".k-pane--stage")?.textContent.includes("hello"), undefined, { polling: 100, timeout: 120_000 });
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

/** The files of a built site, by the path at which it is served. */
async function siteOf(folder) {
  const types = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css" };
  const pages = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const path = `/${relative(folder, file).split(sep).join("/")}`;
    const type = types[entry.name.split(".").pop()] ?? "application/octet-stream";
    pages[path.replace(/index\.html$/, "")] = { html: await readFile(file), headers: { "Content-Type": type } };
  }
  return pages;
}

test("Docusaurus, when the page is loaded, and when its router leads to another", { timeout: 600_000 }, async (t) => {
  const modules = process.env.KUBARIUM_DOCUSAURUS;
  if (!modules) return t.skip("SKIPPED: Docusaurus is not installed (`cargo xtask test browser builders` installs it)");
  const block = snippet("docusaurus");
  const folder = await folderOf(t, {
    "package.json": '{ "private": true }\n',
    // The plugin alone, without a theme: what makes a document of MDX is the same in all of them.
    "docusaurus.config.js": `export default {\n  title: "Docs",\n  url: "http://localhost",\n  baseUrl: "/",\n  trailingSlash: true,\n  onBrokenLinks: "throw",\n  plugins: ["@docusaurus/plugin-content-pages"],\n  headTags: [{ tagName: "link", attributes: { rel: "icon", href: "data:," } }],\n  ${snippet("docusaurus-config")}};\n`,
    "src/theme/MDXPage.js": 'import React from "react";\nexport default ({ content: Content }) => <main><Content /></main>;\n',
    "src/pages/index.mdx": `import Link from "@docusaurus/Link";\n\n# Docs\n\n${block}\n\nSecond.\n\n${block}\n\n<Link to="/next/">Go on</Link>\n`,
    "src/pages/next.mdx": `import Link from "@docusaurus/Link";\n\n# Next\n\n${block.replace("view=", 'load="visible" view=')}\n\n<Link to="/">Go back</Link>\n`,
  });
  await symlink(modules, join(folder, "node_modules"), "junction");
  build(folder, process.execPath, join(modules, "@docusaurus/core/bin/docusaurus.mjs"), "build");
  const base = await host(t, await siteOf(join(folder, "build")));
  const { page } = await open(t);
  await page.goto(base);
  await page.waitForFunction(() => document.documentElement.dataset.hasHydrated === "true");
  await bothStart(page);
  // React makes these elements, and sets on them what they have as properties.
  await page.getByRole("link", { name: "Go on" }).click();
  await page.getByRole("heading", { name: "Next" }).waitFor();
  const frame = await frameOf(page);
  await frame.getByRole("dialog").getByRole("button", { name: "Open", exact: true }).click();
  await showsPod(frame);
  await page.getByRole("link", { name: "Go back" }).click();
  await bothStart(page);
});

// What mdBook emits, written by hand, where it is not installed.
test("a page as mdBook emits it: the block as it stands, for it holds no empty line", { timeout: 300_000 }, async (t) => {
  const block = snippet("mdbook");
  assert.doesNotMatch(block.trim(), /\n\s*\n/);
  await bothWork(t, plain(`<main>\n${block}\n<p>Second.</p>\n${block}</main>`, snippet("mdbook-head")));
});
