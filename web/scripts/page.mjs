// The edits that turn Trunk's page into the one that ships.

/** Fills in the names of files that are loaded later and the hashes of inline scripts. Throws when a place is missing. */
export function finishPage(html, { editor, schema, rest = "", locales, sha256 }) {
  const begun = rest ? replaceOnce(html, START, KEPT.replace("REST-OF-WASM", rest) + START) : html;
  const hashes = inlineScripts(begun).map((script) => `'sha256-${sha256(script)}'`);
  const allowed = replaceOnce(begun, "INLINE-SCRIPT-HASHES", hashes.join(" "));
  const edited = replaceOnce(allowed, "EDITOR-BUNDLE", `editor/${editor}`);
  const explained = replaceOnce(edited, "SCHEMA-FILE", `schema/${schema}`);
  const divided = replaceOnce(explained, "REST-OF-WASM", rest);
  return replaceOnce(divided, "LOCALE-FILES", attribute(JSON.stringify(locales)));
}

/** How Trunk's inline script begins to start the page. */
const START = "const wasm = await init(";
/**
 * Before it: the second file of the wasm, if a service worker keeps it. A start that needs it at once (a cluster that
 * is restored) asks for it in a way that goes past workers, and would find nobody without a network.
 */
const KEPT = `
try {
  const kept = await caches.match(new URL("REST-OF-WASM", document.baseURI));
  globalThis.kubariumRest = await kept?.arrayBuffer();
} catch {
  // No place to keep things here.
}
`;

/** What stands inside the `<script>` elements that load no file. */
export function inlineScripts(html) {
  const found = html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi);
  return [...found].filter(([, attributes]) => !/\bsrc\s*=/i.test(attributes)).map(([, , body]) => body);
}

/**
 * The languages of a page: `[tag, name in itself, file]`, English first, then by tag. `read` gives the text of a
 * catalogue, `hash` a short name for its content. English is compiled in and has no file.
 */
export function localesOf(tags, read, hash) {
  const others = tags.filter((tag) => tag !== "en").sort();
  return ["en", ...others].map((tag) => {
    const text = JSON.stringify(JSON.parse(read(tag)));
    const file = tag === "en" ? "" : `locales/${tag}-${hash(text)}.json`;
    return { entry: [tag, JSON.parse(text)["page.language"], file], text };
  });
}

const attribute = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

function replaceOnce(text, mark, replacement) {
  const parts = text.split(mark);
  if (parts.length !== 2) throw new Error(`the page names ${mark} ${parts.length - 1} times, not once`);
  return parts.join(replacement);
}
