// Where things are, whatever folder a script is started from.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const web = dirname(dirname(fileURLToPath(import.meta.url)));
export const root = dirname(web);
export const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");

/** The bundled editor. `index.html` names this folder, so it does not follow CARGO_TARGET_DIR. */
export const editorOutput = join(root, "target", "editor");

/** What other pages load; `index.html` names it too. */
export const embedOutput = join(root, "target", "embed");

/** The packed schema of the API; `index.html` names it too. */
export const schemaOutput = join(root, "target", "schema");
