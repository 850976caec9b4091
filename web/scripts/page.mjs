// The two edits that turn Trunk's page into the one that ships.

/** Fills in the names of files that are loaded later and the hashes of inline scripts. Throws when a place is missing. */
export function finishPage(html, editor, schema, sha256) {
  const hashes = inlineScripts(html).map((script) => `'sha256-${sha256(script)}'`);
  const allowed = replaceOnce(html, "INLINE-SCRIPT-HASHES", hashes.join(" "));
  const edited = replaceOnce(allowed, "EDITOR-BUNDLE", `editor/${editor}`);
  return replaceOnce(edited, "SCHEMA-FILE", `schema/${schema}`);
}

/** What stands inside the `<script>` elements that load no file. */
export function inlineScripts(html) {
  const found = html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi);
  return [...found].filter(([, attributes]) => !/\bsrc\s*=/i.test(attributes)).map(([, , body]) => body);
}

function replaceOnce(text, mark, replacement) {
  const parts = text.split(mark);
  if (parts.length !== 2) throw new Error(`the page names ${mark} ${parts.length - 1} times, not once`);
  return parts.join(replacement);
}
