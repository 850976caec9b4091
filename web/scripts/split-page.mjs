// Divides the wasm of a page that ships in two files and makes both small, in Trunk's staging folder.
// `cargo xtask` names the tool that divides and the files that it reads in the environment; a quick page names none
// and stays in one piece.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { web } from "./places.mjs";

// `--all-features` would use what browsers do not have. Functions in the order of their names,
// which the tool that divides makes numbers: likes stand in one window of the compressor (`split/src/order.rs`).
const OPTIMISE = [
  "-Oz",
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
  "--reorder-functions-by-name",
  // The stack lies below everything else and grows down: nothing is ever kept in the first kilobyte. So what is added
  // to an address may become a part of the instruction (0.6 % of the first file).
  "--low-memory-unused",
];

/**
 * Divides the wasm in `staging`; returns the page's text with the new name of the first file, and the path of the
 * rest, empty where there is none.
 *
 * @param {{KUBARIUM_SPLIT?: string, KUBARIUM_SPLIT_LIST?: string, KUBARIUM_LINKED?: string, KUBARIUM_SPLIT_WORK?: string, KUBARIUM_WATCH?: string}} env
 */
export async function splitPage(staging, html, env) {
  const split = env.KUBARIUM_SPLIT;
  if (!split) return { html, rest: "" };
  const whole = await only(staging, "_bg.wasm");
  const work = env.KUBARIUM_SPLIT_WORK;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const bound = join(work, "page.wasm");
  await copyFile(join(staging, whole), bound);
  if (env.KUBARIUM_WATCH) {
    await run(split, ["watch", bound, join(staging, whole)]);
    return { html, rest: "" };
  }
  const [first, rest] = [join(work, "first.wasm"), join(work, "rest.wasm")];
  await run(split, ["divide", env.KUBARIUM_LINKED, bound, env.KUBARIUM_SPLIT_LIST, first, rest]);
  const [smallFirst, smallRest] = await Promise.all([optimised(first), optimised(rest)]);
  const renamed = whole.replace(/-[0-9a-f]+_bg\.wasm$/, `-${await hash(smallFirst)}_bg.wasm`);
  if (html.split(whole).length < 2) throw new Error(`the page does not name ${whole}`);
  await rm(join(staging, whole));
  await rename(smallFirst, join(staging, renamed));
  const path = `lazy/rest-${await hash(smallRest)}.wasm`;
  await mkdir(join(staging, "lazy"), { recursive: true });
  await rename(smallRest, join(staging, path));
  return { html: html.replaceAll(whole, renamed), rest: path };
}

async function optimised(file) {
  const small = `${file}.small`;
  await run(process.execPath, [join(web, "node_modules/binaryen/bin/wasm-opt"), file, "-o", small, ...OPTIMISE]);
  return small;
}

async function hash(file) {
  return createHash("sha256").update(await readFile(file)).digest("hex").slice(0, 16);
}

/** The one file of a folder with an ending. */
async function only(folder, ending) {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending));
  if (names.length !== 1) throw new Error(`one *${ending} expected in ${folder}, found ${names.length}`);
  return names[0];
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    child.on("error", (error) => reject(new Error(`cannot start ${program}: ${error.message}`)));
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args[0]} failed (${code}); its own words are above`)),
    );
  });
}
