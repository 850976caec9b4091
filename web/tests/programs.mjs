// Programs that some tests need. Debian's are installed where that is possible; where one is missing, the test
// says so and is skipped.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program is; `undefined` after the test was skipped. `debian`: the package that has it. */
export async function program(t, name, place, debian = name) {
  const find = () => [place, ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name))].find((path) => path && existsSync(path));
  let found = find();
  if (!found && debian && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const apt = (...args) => execFileSync("apt-get", ["-qq", ...args], { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    try {
      apt("update");
      apt("install", "-y", "--no-install-recommends", debian);
    } catch {
      // Said below.
    }
    found = find();
  }
  if (!found) t.skip(`SKIPPED: ${name} is not installed${debian ? ` (Debian: apt-get install ${debian})` : ""}`);
  return found;
}
