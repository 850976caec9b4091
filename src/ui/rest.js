// The second file of the page's wasm (docs/adr/0007-the-page-comes-in-two-files.md): begun as soon as the
// first picture stands, and loaded at once where a function of it is called before it has come. A page that
// was built in one piece names no such file, and nothing here does anything.

const PAUSES = [1, 2, 4, 8, 16, 30]; // seconds between attempts; the last one again and again

/** What the first file exports; memory, table and globals among it. */
let first;
let module;
let begun = false;
let there = false;
let given = false; // up: the page cannot go on, and that is said

/** What is said when the file cannot be had; in the language of the page once that is known. */
let words = {
  later: "A part of Kubarium has not loaded yet ({reason}). It is tried again; some commands wait for it.",
  gone: "A part of Kubarium could not be loaded ({reason}), and the cluster cannot go on without it. Reload to try again.",
  reload: "Reload",
};

export function speakOfRest(later, gone, reload) {
  words = { later, gone, reload };
}

export function shareWithRest(exports) {
  first = exports;
}

/** Loads the rest: now, before anything else happens, or behind what the page does. */
export function loadRest(now) {
  if (there || !address()) return;
  if (now) atOnce();
  else if (!begun) behind();
}

function address() {
  const name = document.querySelector('meta[name="kubarium-rest"]')?.content;
  return name ? new URL(name, document.baseURI) : undefined;
}

/** Lets the page call what was loaded. */
function join() {
  if (there) return;
  const table = first["rest:table"];
  const functions = new Proxy({}, { get: (_, slot) => table.get(Number(slot)) });
  new WebAssembly.Instance(module, { first, table: functions });
  there = true;
  delete globalThis.kubariumRest;
  document.documentElement.dataset.rest = "there";
  say();
}

async function behind() {
  begun = true;
  for (let attempt = 0; !there; attempt += 1) {
    try {
      module ??= await (globalThis.kubariumRest
        ? WebAssembly.compile(globalThis.kubariumRest)
        : fetch(address(), { priority: "low" }).then(compiled));
      await pictureDrawn();
      join();
    } catch (error) {
      // What was said last stays, with its way out.
      if (there || given) return;
      say(words.later.replace("{reason}", reason(error)));
      const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
}

async function compiled(response) {
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  // Only this media type may be compiled while it comes; not every server knows it.
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** A frame, or a moment where none comes: a page that is hidden draws none. */
function pictureDrawn() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 500);
  });
}

// Someone calls what is not there yet: the page stands still until it is. Browsers let a page wait for a file in
// this old way alone. Each failure would end the page, so it is tried again first.
function atOnce() {
  let error;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      module ??= new WebAssembly.Module(bytes());
      document.documentElement.dataset.rest = "at once";
      join();
      return;
    } catch (failure) {
      error = failure;
    }
  }
  const text = words.gone.replace("{reason}", reason(error));
  given = true;
  say(text, true);
  throw new Error(text);
}

function bytes() {
  // The page has read it before it started (web/scripts/page.mjs).
  if (globalThis.kubariumRest) return globalThis.kubariumRest;
  const request = new XMLHttpRequest();
  request.open("GET", address(), false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // each byte becomes a letter
  try {
    request.send();
  } catch {
    throw new Error("the server does not answer");
  }
  if (request.status !== 200) throw new Error(`the server answers ${request.status}`);
  return Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 0xff);
}

function reason(error) {
  return (error?.message || String(error)).replace(/\.$/, "");
}

/** Shows a bar with these words, or takes it away. */
function say(text, final = false) {
  const old = document.getElementById("rest-notice");
  if (!text) return old?.remove();
  const bar = old ?? document.createElement("div");
  bar.id = "rest-notice";
  bar.className = "k-rest-notice";
  bar.setAttribute("role", "alert");
  bar.textContent = text;
  if (final) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "k-button";
    button.textContent = words.reload;
    button.addEventListener("click", () => location.reload());
    bar.append(" ", button);
  }
  if (!old) document.body.append(bar);
}
