import assert from "node:assert/strict";
import test from "node:test";

import { finishPage, inlineScripts } from "./page.mjs";

const page = `<meta content="script-src 'self' INLINE-SCRIPT-HASHES"><meta content="EDITOR-BUNDLE"><meta content="SCHEMA-FILE">
<script src="a.js"></script><script type="module">
start();
</script>`;

test("inline scripts are found, with their white space, and files are not", () => {
  assert.deepEqual(inlineScripts(page), ["\nstart();\n"]);
});

test("the policy gets the hashes and the page the name of the editor", () => {
  const done = finishPage(page, "editor-1.js", "schema-1.json.gz", (text) => `<${text.trim()}>`);
  assert.match(done, /script-src 'self' 'sha256-<start\(\);>'"/);
  assert.match(done, /content="editor\/editor-1\.js"/);
  assert.match(done, /content="schema\/schema-1\.json\.gz"/);
});

test("a page without a place for the hashes is refused", () => {
  assert.throws(() => finishPage("EDITOR-BUNDLE", "e.js", "s.gz", String), /names INLINE-SCRIPT-HASHES 0 times/);
});
