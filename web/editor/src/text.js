// Comparing two versions of a text. Nothing here knows the editor.

/** A text as the editor keeps it: every line ends with `\n`, whatever it was written with. */
export function normaliseLineEnds(text) {
  return String(text).replace(/\r\n?/g, "\n");
}

/**
 * The one replacement that turns `before` into `after`, with the common beginning and end left alone,
 * or `null` when they are the same. It never cuts a surrogate pair in two.
 */
export function smallestChange(before, after) {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  if (start > 0 && isHighSurrogate(before.charCodeAt(start - 1))) start -= 1;
  let end = 0;
  while (
    end < shorter - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) {
    end += 1;
  }
  if (end > 0 && isLowSurrogate(before.charCodeAt(before.length - end))) end -= 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit) => unit >= 0xdc00 && unit <= 0xdfff;
