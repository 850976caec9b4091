// The editor bundle, mounted by itself in the page as the wasm side mounts it.

import assert from "node:assert/strict";
import test from "node:test";

import { accessible, open, screenshot, started } from "./harness.mjs";

const YAML = "# größe 🐟\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3\n  paused: false\n";

/** Opens the page, puts an editor over it and returns the page; the editor is `window.editor`. */
async function mounted(t, { scheme = "light", readOnly = false } = {}) {
  const { page } = await open(t, { scheme });
  await started(page);
  await page.evaluate(
    async ([doc, only]) => {
      const name = document.querySelector('meta[name="kubarium-editor"]').content;
      const { createEditor } = await import(new URL(name, document.baseURI));
      document.body.innerHTML =
        '<main><h1>Editor</h1><button id="before" style="color: var(--k-text); background: var(--k-surface)">before</button><div id="host" style="height: 300px"></div><button id="after" style="color: var(--k-text); background: var(--k-surface)">after</button></main>';
      window.said = { changes: [], applied: 0, cursor: -1 };
      window.editor = createEditor({
        parent: document.querySelector("#host"),
        doc,
        file: "web.yaml",
        label: "Manifest",
        readOnly: only,
        onChange: (text) => window.said.changes.push(text),
        onApply: () => (window.said.applied += 1),
        onCursor: (position) => (window.said.cursor = position),
      });
    },
    [YAML, readOnly],
  );
  return page;
}

const doc = (page) => page.evaluate(() => window.editor.getDoc());
const said = (page) => page.evaluate(() => window.said);

test("typing reaches the page, and the page's own texts do not come back", async (t) => {
  const page = await mounted(t);
  await page.evaluate(() => {
    window.editor.select(0);
    window.editor.focus();
  });
  await page.keyboard.type("x");
  assert.deepEqual((await said(page)).changes, [`x${YAML}`]);
  assert.equal((await said(page)).cursor, 1);
  await page.evaluate(() => window.editor.setDoc("kind: Pod\r\n"));
  assert.equal(await doc(page), "kind: Pod\n");
  assert.equal((await said(page)).changes.length, 1);
});

test("Ctrl+Enter applies and leaves the text alone", async (t) => {
  const page = await mounted(t);
  await page.evaluate(() => window.editor.focus());
  await page.keyboard.press("Control+Enter");
  assert.equal((await said(page)).applied, 1);
  assert.equal(await doc(page), YAML);
});

test("Tab leaves the editor in both directions; Ctrl+] indents", async (t) => {
  const page = await mounted(t);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
  await page.focus("#before");
  await page.keyboard.press("Tab");
  assert.match(await focused(), /cm-content/);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "after");
  await page.keyboard.press("Shift+Tab");
  assert.match(await focused(), /cm-content/);
  await page.evaluate(() => window.editor.select(0));
  await page.keyboard.press("Control+]");
  assert.equal(await doc(page), `  ${YAML}`);
});

test("the same text keeps the undo history, and so does another file in between", async (t) => {
  const page = await mounted(t);
  await page.evaluate(() => {
    window.editor.select(0);
    window.editor.focus();
  });
  await page.keyboard.type("y");
  await page.evaluate((text) => {
    window.editor.setDoc(text);
    window.editor.setDoc("other: file\n", "other.yaml");
    window.editor.setDoc(text, "web.yaml");
    window.editor.focus();
  }, `y${YAML}`);
  await page.keyboard.press("Control+z");
  assert.equal(await doc(page), YAML);
});

test("diagnostics underline UTF-16 ranges and carry their message", async (t) => {
  const page = await mounted(t);
  const from = YAML.indexOf("Deployment");
  await page.evaluate(
    (range) =>
      window.editor.setDiagnostics([
        { ...range, severity: "error", message: "no such kind" },
        { from: 1e9, to: 1e9, severity: "warning", message: "past the end" },
      ]),
    { from, to: from + "Deployment".length },
  );
  assert.equal(await page.innerText(".cm-lintRange-error"), "Deployment");
  await page.hover(".cm-lintRange-error");
  assert.match(await page.innerText(".cm-tooltip"), /no such kind/);
});

test("completions come from the page and are chosen by keyboard", async (t) => {
  const page = await mounted(t);
  await page.evaluate(() => {
    window.editor.setDoc("ki");
    window.editor.setCompletions((text, position) => ({ from: 0, options: [{ label: "kind" }, { label: `at${position}` }] }));
    window.editor.select(2);
    window.editor.focus();
  });
  await page.keyboard.press("Control+Space");
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  await page.waitForTimeout(150); // Enter is not taken in the first 75 ms, so that it cannot surprise
  await page.keyboard.press("Enter");
  assert.equal(await doc(page), "kind");
});

test("a read-only editor can be read and searched but not written", async (t) => {
  const page = await mounted(t, { readOnly: true });
  await page.evaluate(() => window.editor.focus());
  await page.keyboard.type("x");
  assert.equal(await doc(page), YAML);
  await page.evaluate(() => window.editor.openSearch());
  assert.ok(await page.isVisible(".cm-search"));
  await page.evaluate(() => {
    window.editor.setReadOnly(false);
    window.editor.select(0);
    window.editor.focus();
  });
  await page.keyboard.type("x");
  assert.equal(await doc(page), `x${YAML}`);
});

for (const scheme of ["light", "dark"]) {
  test(`the editor is accessible and can be looked at, ${scheme}`, async (t) => {
    const page = await mounted(t, { scheme });
    await page.evaluate(() => {
      const word = (text) => {
        const from = window.editor.getDoc().indexOf(text);
        return { from, to: from + text.length };
      };
      window.editor.setDiagnostics([
        { ...word("Deployment"), severity: "error", message: "an error" },
        { ...word("paused"), severity: "warning", message: "a warning" },
      ]);
      window.editor.openSearch();
    });
    await screenshot(page, `editor-${scheme}`);
    await accessible(page, "main");
  });
}
