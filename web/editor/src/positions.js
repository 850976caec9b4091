// Positions that come from outside, made to fit the text that is there now. A diagnostic may have
// been computed for a text that was longer; it must not make the editor throw.

const SEVERITIES = ["error", "warning", "info", "hint"];

/** `from..to` in order and inside a text of `length` UTF-16 units. */
export function fitRange(from, to, length) {
  const a = clamp(from, length);
  const b = clamp(to, length);
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

/**
 * Diagnostics that can be drawn on `text`: inside it, at least one character wide where the text has
 * one to underline, with a severity the editor knows, in order.
 */
export function fitDiagnostics(diagnostics, text) {
  return Array.from(diagnostics ?? [], (diagnostic) => ({
    ...widen(fitRange(diagnostic.from, diagnostic.to, text.length), text),
    severity: SEVERITIES.includes(diagnostic.severity) ? diagnostic.severity : "error",
    message: String(diagnostic.message ?? ""),
  })).sort((a, b) => a.from - b.from || a.to - b.to);
}

/** An empty range underlines nothing: it grows over the word it touches, else over one character. */
function widen({ from, to }, text) {
  if (from !== to) return { from, to };
  const isWord = (position) => /[\w.-]/.test(text.charAt(position));
  let start = from;
  let end = to;
  while (start > 0 && isWord(start - 1)) start -= 1;
  while (end < text.length && isWord(end)) end += 1;
  if (start !== end) return { from: start, to: end };
  if (end < text.length && text.charAt(end) !== "\n") return { from: end, to: end + 1 };
  if (start > 0 && text.charAt(start - 1) !== "\n") return { from: start - 1, to: start };
  return { from, to };
}

function clamp(position, length) {
  const whole = Math.trunc(Number(position));
  return Number.isNaN(whole) ? 0 : Math.min(Math.max(whole, 0), length);
}
