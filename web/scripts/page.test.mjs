import assert from "node:assert/strict";
import test from "node:test";

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { finishPage, inlineScripts, localesOf } from "./page.mjs";
import { root } from "./places.mjs";

const page = `<meta content="script-src 'self' INLINE-SCRIPT-HASHES"><meta content="EDITOR-BUNDLE"><meta content="SCHEMA-FILE"><meta content="LOCALE-FILES"><meta content="REST-OF-WASM">
<script src="a.js"></script><script type="module">
const wasm = await init({});
</script>`;

test("inline scripts are found, with their white space, and files are not", () => {
  assert.deepEqual(inlineScripts(page), ["\nconst wasm = await init({});\n"]);
});

test("the policy gets the hashes and the page the name of the editor", () => {
  const done = finishPage(page, {
    editor: "editor-1.js",
    schema: "schema-1.json.gz",
    rest: "lazy/rest-1.wasm",
    locales: [["en", "English", ""]],
    sha256: (text) => `<${text.trim()}>`,
  });
  const [start] = inlineScripts(done);
  assert.ok(done.includes(`script-src 'self' 'sha256-<${start.trim()}>'"`), "the policy allows what the page runs");
  assert.match(start, /caches\.match\(new URL\("lazy\/rest-1\.wasm", [^]*await init\(/, "what is kept is there before the start");
  assert.match(done, /content="editor\/editor-1\.js"/);
  assert.match(done, /content="lazy\/rest-1\.wasm"/);
  assert.match(done, /content="schema\/schema-1\.json\.gz"/);
  assert.match(done, /content="\[\[&quot;en&quot;,/);
});

test("a page without a place for the hashes is refused", () => {
  assert.throws(() => finishPage("EDITOR-BUNDLE", { editor: "e.js", sha256: String }), /names INLINE-SCRIPT-HASHES 0 times/);
});

const folder = join(root, "static", "locales");
const catalogue = (tag) => JSON.parse(readFileSync(join(folder, `${tag}.json`), "utf8"));
const tags = readdirSync(folder).map((name) => name.replace(/\.json$/, ""));

test("English comes first, has no file, and every language has its name", () => {
  const read = (tag) => `{ "page.language": "${tag.toUpperCase()}" }`;
  const entries = localesOf(["zh-CN", "en", "de"], read, () => "1").map(({ entry }) => entry);
  assert.deepEqual(entries, [
    ["en", "EN", ""],
    ["de", "DE", "locales/de-1.json"],
    ["zh-CN", "ZH-CN", "locales/zh-CN-1.json"],
  ]);
});

for (const tag of tags) {
  test(`${tag} has every plural form of its language, and no other`, () => {
    const wanted = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.toSorted();
    for (const [key, message] of Object.entries(catalogue(tag))) {
      if (typeof message === "string") continue;
      assert.deepEqual(Object.keys(message).toSorted(), wanted, key);
    }
  });
}
