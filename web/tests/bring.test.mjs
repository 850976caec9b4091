// Files that come in, and what is taken away, as a person does it: by mouse, by keyboard, by pasting.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { accessible, open, screenshot, started } from "./harness.mjs";

const NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";
const CHART = `---
# Source: shop/templates/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
---
# Source: shop/templates/monitor.yaml
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: shop
`;

async function ready(t, options) {
  const opened = await open(t, options);
  await started(opened.page);
  await opened.page.waitForSelector(".cm-content", { state: "attached" });
  return opened;
}

/** Sends drag events with files to an element, as a file manager would. */
async function drag(page, selector, kinds, files) {
  await page.evaluate(
    ([to, names, list]) => {
      const transfer = new DataTransfer();
      for (const [name, text] of list) transfer.items.add(new File([text], name));
      for (const name of names) {
        const event = new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: transfer });
        document.querySelector(to).dispatchEvent(event);
      }
    },
    [selector, kinds, files],
  );
}

test("files are dropped on the editor, told, and applied in an order that works", async (t) => {
  const { page } = await ready(t);
  const files = [
    ["chart.yaml", CHART],
    ["namespace.yaml", NAMESPACE],
    ["logo.png", "\0\0"],
    ["web.yaml", NAMESPACE],
  ];
  await drag(page, ".cm-content", ["dragenter", "dragover"], files);
  await page.waitForSelector(".k-drop");
  await screenshot(page, "bring-drop");
  await drag(page, ".cm-content", ["drop"], files);
  await page.waitForSelector(".k-brought");
  assert.equal(await page.locator(".k-drop").count(), 0);
  const report = await page.innerText(".k-brought");
  assert.match(report, /ServiceMonitor/);
  assert.match(report, /logo\.png[\s\S]*YAML or JSON/);
  assert.match(report, /Yours is untouched/);
  await accessible(page, ".k-brought");
  await screenshot(page, "bring-report");
  await page.click("text=Keep both");
  await page.waitForSelector("[role=tab]:has-text('web-2.yaml')");
  await page.click(".k-brought .k-button--primary");
  await page.waitForSelector(".k-left-out");
  const answers = await page.innerText(".k-answers");
  assert.match(answers, /namespace\/shop created[\s\S]*configmap\/settings created/);
  assert.match(answers, /chart\.yaml, line 10: ServiceMonitor shop/);
  await screenshot(page, "bring-applied");
});

test("a folder of the disk is dropped, and its manifests come in by their names", async (t) => {
  const { page } = await ready(t);
  const folder = join(await mkdtemp(join(tmpdir(), "kubarium-folder-")), "shop");
  const map = (name) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
  const files = {
    "zebra.yaml": map("zebra"),
    "namespace.yaml": NAMESPACE,
    "größe/deep/one.yml": map("one"),
    "größe/README.md": "# Size",
    "größe/zebra.yaml": map("other-zebra"),
    "node_modules/left/package.json": "{}",
    ".git/config.yaml": "a: b",
    "cafe.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cafe"}}',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  // As a file manager does it: the browser reads the folder itself.
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  const drag = (type) => session.send("Input.dispatchDragEvent", { type, x: 900, y: 300, data });
  await drag("dragEnter");
  await drag("dragOver");
  await page.waitForSelector(".k-drop");
  await drag("drop");
  await page.waitForSelector(".k-brought");
  const names = await page.locator(".k-brought b").allTextContents();
  assert.deepEqual(names, ["cafe.json", "one.yml", "größe-zebra.yaml", "namespace.yaml", "shop-zebra.yaml"]);
  assert.match(await page.innerText(".k-brought"), /1 file of the folder is neither YAML nor JSON/);
  await screenshot(page, "bring-folder");
  await page.click(".k-brought .k-button--primary");
  await page.waitForFunction(() => /configmap\/other-zebra created/.test(document.querySelector(".k-answers")?.textContent));
});

test("files are chosen by keyboard, and a manifest is pasted into the page", async (t) => {
  const { page } = await ready(t, { size: "narrow", scheme: "dark" });
  // The browser is told early that somebody listens: told with the key, it may open its own dialog first.
  page.on("filechooser", () => {});
  await page.click(".k-panes >> text=Editor");
  await page.focus("[aria-label='Open files…']");
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
  await chooser.setFiles([{ name: "namespace.yaml", mimeType: "", buffer: Buffer.from(NAMESPACE) }]);
  await page.waitForSelector("[role=tab][aria-selected=true]:has-text('namespace.yaml')");
  await page.evaluate((text) => {
    document.activeElement.blur();
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
  }, CHART);
  await page.waitForSelector("[role=tab][aria-selected=true]:has-text('shop.yaml')");
  await screenshot(page, "bring-narrow-dark");
});

test("what was made is taken away as a manifest, an archive and a configuration for kind", async (t) => {
  for (const scheme of ["light", "dark"]) {
    const { page } = await ready(t, { scheme, size: scheme === "dark" ? "narrow" : "wide" });
    await page.focus(".k-header [aria-label='Export']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog.k-export[open]");
    await accessible(page, "dialog.k-export");
    await screenshot(page, `export-${scheme}`);
    if (scheme === "light") {
      const folder = await mkdtemp(join(tmpdir(), "kubarium-export-"));
      const save = async (words) => {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(`text=${words}`)]);
        const path = join(folder, download.suggestedFilename());
        await download.saveAs(path);
        return path;
      };
      const manifests = await readFile(await save("Download cluster.yaml"), "utf8");
      assert.match(manifests, /kind: Service[\s\S]*kind: Deployment/);
      assert.doesNotMatch(manifests, /status:|uid:|managedFields|kube-root-ca|clusterIP/);
      const archive = await save("Archive (.tar)");
      const names = execFileSync("tar", ["tf", archive], { encoding: "utf8" }).trim().split("\n");
      assert.deepEqual(names, [
        "kubarium/README.txt",
        "kubarium/cluster.yaml",
        "kubarium/kind.yaml",
        "kubarium/kubarium-only.yaml",
        "kubarium/files/web.yaml",
        "kubarium/files/traffic.yaml",
      ]);
      assert.match(await readFile(await save("Download kind.yaml"), "utf8"), /role: worker/);
    }
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog.k-export", { state: "detached" });
    const focused = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.equal(focused, "Export");
  }
});
