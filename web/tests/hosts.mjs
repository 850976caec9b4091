// Pages that embed the playground, at an origin of their own.

import { createServer } from "node:http";

import { url } from "./harness.mjs";

/** The script that adds the element, as a page elsewhere names it. */
export const script = `<script type="module" src="${new URL("embed.js", url)}"></script>`;

/** What a page with the strictest policy has to allow. */
export const policy = (() => {
  const { origin } = new URL(url);
  return `default-src 'none'; img-src data:; script-src ${origin}; frame-src ${origin}; style-src 'none'`;
})();

/**
 * Serves pages at another site than the playground's (`localhost` is not `127.0.0.1`) until the test ends.
 *
 * @param {Record<string, string | { html: string, headers?: Record<string, string> }>} pages by path
 * @returns {Promise<string>} where, with a slash at its end
 */
export async function host(t, pages) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, "http://x").pathname];
    const { html, headers = {} } = typeof page === "string" ? { html: page } : (page ?? {});
    response.writeHead(html === undefined ? 404 : 200, { "Content-Type": "text/html; charset=utf-8", ...headers });
    response.end(html);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${server.address().port}/`;
}

/**
 * The playground at another address, where what `held` waits for comes late.
 *
 * @param {(path: string, headers: import("node:http").IncomingHttpHeaders) => Promise<void> | undefined} held
 * @returns {Promise<string>} where, with a slash at its end
 */
export async function late(t, held) {
  const server = createServer(async (request, response) => {
    const address = new URL(request.url, url);
    await held(address.pathname, request.headers);
    const answer = await fetch(address);
    response.writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "text/plain" });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${server.address().port}${new URL(url).pathname}`;
}

/** A plain page around some HTML. */
export const plain = (body, head = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Docs</title><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`;

/** The frame inside the nth playground of a page, when it has started. */
export async function frameOf(page, nth = 0) {
  const handle = await page.waitForFunction(
    (n) => document.querySelectorAll("kubarium-playground")[n]?.shadowRoot?.querySelector("iframe.on"),
    nth,
  );
  return handle.asElement().contentFrame();
}
