// <kubarium-playground>: a Kubernetes cluster in any page, with one script and no build.
//
//   <script type="module" src="https://…/embed.js"></script>
//   <kubarium-playground view="split" height="520">
//     kind: Pod
//     …
//   </kubarium-playground>
//
// A poster and a plain link stand first; the frame comes when somebody asks for it (or, with
// `load="visible"`, when it is seen). What the two say to each other is in embed.d.ts. Nothing here needs
// inline styles or scripts, so the strictest policy of the page around is fine with it.

/** Where the page is: beside this script, or where the attribute `home` says (a bundle is somewhere else). */
const homeOf = (element) => new URL(element.getAttribute("home") || "./", import.meta.url).href;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host{display:block;position:relative;height:520px;margin:16px 0;overflow:hidden;border:1px solid #8883;border-radius:8px;
background:linear-gradient(#0000 60%,#56b4e92b) var(--g);color:var(--t);font:14px/1.5 system-ui,sans-serif;--g:#fff;--t:#17222d;--s:#4d5c6a;--a:#0067a0;--o:#fff;color-scheme:light}
:host([data-dark]){--g:#131b23;--t:#e4ebf1;--s:#9db0c0;--a:#64bdec;--o:#08131b;color-scheme:dark}
:host([hidden]){display:none}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0;opacity:0}
iframe.on{opacity:1}
div{display:flex;flex-direction:column;gap:12px;height:100%;padding:16px;box-sizing:border-box}
div.off{visibility:hidden}
p{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin:0}
pre{flex:1;min-height:0;margin:0;overflow:auto;font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;color:var(--s)}
b{font-weight:600}a{color:var(--a)}
button{padding:6px 14px;border:0;border-radius:4px;background:var(--a);color:var(--o);font:inherit;font-weight:600;cursor:pointer}
button:focus-visible,a:focus-visible,pre:focus-visible{outline:2px solid var(--a);outline-offset:2px}
`);

/** Takes away what all lines are indented by, and empty lines around. */
const dedent = (text) => {
  const lines = text.replace(/\r/g, "").replace(/^(\s*\n)+|\s+$/g, "").split("\n");
  const depths = lines.filter((line) => line.trim()).map((line) => line.match(/^ */)[0].length);
  const depth = Math.min(...depths, 99);
  return lines.map((line) => line.slice(Math.min(depth, line.match(/^ */)[0].length))).join("\n").trimEnd();
};

/** A link's hash: see src/app/link. */
const pack = async (content) => {
  const stream = new Blob([JSON.stringify(content)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return "#s=1." + btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

/** Whether the page around is dark there: what it paints, else what it says it is. */
const isDark = (element) => {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const [r, g, b, a = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (a > 0.5) return r * 0.3 + g * 0.59 + b * 0.11 < 128;
  }
  const scheme = getComputedStyle(element.parentElement || document.body).colorScheme;
  return /dark/.test(scheme) && (!/light/.test(scheme) || matchMedia("(prefers-color-scheme: dark)").matches);
};

class Playground extends HTMLElement {
  static observedAttributes = ["theme", "height"];
  #frame;
  #parts;
  #dark;
  #stop = [];
  #hash = "";
  #started;

  /** Resolves when the frame has started. */
  ready = new Promise((resolve) => (this.#started = resolve));

  connectedCallback() {
    // The text inside may not be parsed yet where the script is already there.
    if (document.readyState === "loading") {
      addEventListener("DOMContentLoaded", () => this.isConnected && this.#begin(), { once: true });
    } else {
      this.#begin();
    }
  }

  disconnectedCallback() {
    for (const stop of this.#stop.splice(0)) stop();
    this.#frame?.remove();
    this.#frame = undefined;
  }

  attributeChangedCallback() {
    if (this.#parts) this.#look();
  }

  async #begin() {
    const make = (name, props, ...inside) => {
      const element = Object.assign(document.createElement(name), props);
      element.append(...inside);
      return element;
    };
    const yaml = this.querySelector("script,template,pre,code");
    const src = this.getAttribute("src");
    const text = dedent(src ? await (await fetch(src)).text() : yaml ? (yaml.content ?? yaml).textContent : this.children.length ? "" : this.textContent);
    const name = this.getAttribute("file") || src?.split("/").pop() || "manifest.yaml";
    const run = this.getAttribute("run") ?? (text && "kubectl apply -f " + name);
    const commands = run.split("\n").filter((line) => line.trim());
    const lesson = this.getAttribute("lesson");
    this.#hash = this.getAttribute("link")?.replace(/^[^#]*#?/, "#") || "";
    if (!this.#parts) {
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      const link = make("a", { target: "_blank", rel: "noopener" }, this.getAttribute("link-text") || "Open in Kubarium");
      const button = make("button", { type: "button", onclick: () => void this.load() }, this.getAttribute("button") || "Start the cluster");
      const title = make("b", {}, this.title || this.getAttribute("label") || "Kubernetes playground");
      const poster = make("div", {}, title, make("pre", { tabIndex: 0 }, [text, commands.map((line) => "$ " + line).join("\n")].join("\n\n").trim()), make("p", {}, button, link));
      root.append(poster);
      this.#parts = { root, poster, link, button, title };
    }
    if (!this.#hash && (text || run)) {
      this.#hash = await pack({
        files: text ? [[name, text]] : [],
        run: commands,
        nodes: Number(this.getAttribute("nodes")) || undefined,
      });
    }
    this.#parts.link.href = homeOf(this) + (lesson ? "?lesson=" + encodeURIComponent(lesson) : "") + this.#hash;
    this.#look();
    const look = () => this.#look();
    const watcher = new MutationObserver(look);
    for (const place of [document.documentElement, document.body]) watcher.observe(place, { attributes: true });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", look);
    const hear = (event) => this.#hear(event);
    addEventListener("message", hear);
    this.#stop.push(
      () => watcher.disconnect(),
      () => scheme.removeEventListener("change", look),
      () => removeEventListener("message", hear),
    );
    if (this.getAttribute("load") === "visible") {
      const seen = new IntersectionObserver(([entry]) => entry.isIntersecting && this.load(false), { rootMargin: "200px" });
      seen.observe(this);
      this.#stop.push(() => seen.disconnect());
    }
  }

  #look() {
    const theme = this.getAttribute("theme");
    const height = this.getAttribute("height");
    if (height && height !== "auto") this.style.height = /^\d+$/.test(height) ? height + "px" : height;
    const dark = theme === "dark" || (theme !== "light" && isDark(this));
    this.toggleAttribute("data-dark", dark);
    if (dark !== this.#dark && this.#frame) this.send("setTheme", { theme: dark ? "dark" : "light" });
    this.#dark = dark;
  }

  /** React sets what an element has as a property, and `load` is the name of an attribute too. */
  get load() {
    return this.#load;
  }

  set load(when) {
    this.setAttribute("load", when);
  }

  /** Loads the frame. `asked`: the reader has seen what will run. What a link holds, no poster shows. */
  #load(asked = !this.hasAttribute("link")) {
    if (this.#frame || !this.#parts) return this.ready;
    const query = new URLSearchParams({ embed: "1", theme: this.#dark ? "dark" : "light" });
    for (const name of ["view", "speed", "lang", "nodes", "lesson"]) {
      if (this.hasAttribute(name)) query.set(name, this.getAttribute(name));
    }
    for (const name of ["readonly", "api"]) if (this.hasAttribute(name)) query.set(name, "1");
    query.set("start", [this.getAttribute("start"), asked && "open"].filter(Boolean).join());
    const frame = document.createElement("iframe");
    frame.title = this.#parts.title.textContent;
    frame.allow = "clipboard-write";
    if (this.hasAttribute("sandbox")) frame.setAttribute("sandbox", this.getAttribute("sandbox") || "allow-scripts allow-popups");
    frame.src = homeOf(this) + "?" + query + this.#hash;
    this.#frame = frame;
    const { button } = this.#parts;
    button.disabled = true;
    button.textContent = this.getAttribute("wait-text") || "Loading…";
    this.#parts.root.append(frame);
    return this.ready;
  }

  #hear(event) {
    const data = event.data;
    if (!this.#frame || event.source !== this.#frame.contentWindow || data?.kubarium !== 1) return;
    if (data.type === "ready") {
      this.#frame.className = "on";
      this.#parts.poster.className = "off";
      // What changed while it was loading.
      this.send("setTheme", { theme: this.#dark ? "dark" : "light" });
      this.#started();
    }
    if (data.type === "resize" && this.getAttribute("height") === "auto") this.style.height = data.height + "px";
    this.dispatchEvent(new CustomEvent("kubarium-" + data.type, { detail: data, bubbles: true }));
  }

  /** Says something to the frame; acting needs the attribute `api`. */
  send(type, message = {}) {
    this.#frame?.contentWindow?.postMessage({ ...message, kubarium: 1, type }, "*");
  }
}

if (!customElements.get("kubarium-playground")) customElements.define("kubarium-playground", Playground);
