// How the editor looks. Every colour is a custom property of the page (`--k-*`), so that light, dark
// and high contrast come from one stylesheet; the fallbacks are the browser's system colours.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const color = {
  background: "var(--k-editor-bg, var(--k-surface, Canvas))",
  text: "var(--k-editor-fg, var(--k-text, CanvasText))",
  quiet: "var(--k-editor-comment, var(--k-text-muted, color-mix(in srgb, CanvasText 72%, Canvas)))",
  border: "var(--k-border, GrayText)",
  raised: "var(--k-surface-raised, Canvas)",
  focus: "var(--k-focus, Highlight)",
  line: "var(--k-editor-line, color-mix(in srgb, currentColor 6%, transparent))",
  selection: "var(--k-editor-selection, color-mix(in srgb, Highlight 30%, transparent))",
  match: "var(--k-editor-match, color-mix(in srgb, Highlight 18%, transparent))",
  key: "var(--k-editor-key, var(--k-text, CanvasText))",
  string: "var(--k-editor-string, var(--k-text, CanvasText))",
  number: "var(--k-editor-number, var(--k-text, CanvasText))",
  keyword: "var(--k-editor-keyword, var(--k-text, CanvasText))",
  error: "var(--k-error, currentColor)",
  warning: "var(--k-warning, currentColor)",
  info: "var(--k-info, currentColor)",
};

/** Severity is told by the line's style and the gutter's sign, not by colour alone. */
function severity(name, ink, line, sign) {
  return {
    [`.cm-lintRange-${name}`]: {
      backgroundImage: "none",
      textDecoration: `underline ${line} ${ink}`,
      textDecorationSkipInk: "none",
      textUnderlineOffset: "3px",
    },
    [`.cm-lint-marker-${name}`]: { content: "normal", color: ink },
    [`.cm-lint-marker-${name}::before`]: { content: `"${sign}"` },
    [`.cm-diagnostic-${name}`]: { borderLeft: `4px solid ${ink}` },
  };
}

const surface = EditorView.theme({
  "&": { height: "100%", backgroundColor: color.background, color: color.text },
  "&.cm-focused": { outline: `2px solid ${color.focus}`, outlineOffset: "-2px" },
  ".cm-scroller": {
    fontFamily: "var(--k-font-mono, ui-monospace, monospace)",
    fontSize: "var(--k-editor-size, var(--k-size-code, 13px))",
    lineHeight: "1.5",
    overflow: "auto",
  },
  ".cm-content": { caretColor: color.text },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: color.text, borderLeftWidth: "2px" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: color.quiet,
    border: "none",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: color.line },
  ".cm-activeLineGutter": { color: color.text },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: color.selection,
  },
  ".cm-selectionMatch": { backgroundColor: color.match },
  ".cm-searchMatch": { backgroundColor: color.match, outline: `1px solid ${color.border}` },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: color.selection },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: color.match },
  "&.cm-focused .cm-nonmatchingBracket": { color: color.error },
  ".cm-foldPlaceholder": {
    backgroundColor: color.raised,
    border: `1px solid ${color.border}`,
    color: color.quiet,
  },
  ".cm-panels": { backgroundColor: color.raised, color: color.text },
  ".cm-panels.cm-panels-top": { borderBottom: `1px solid ${color.border}` },
  ".cm-panels.cm-panels-bottom": { borderTop: `1px solid ${color.border}` },
  ".cm-textfield, .cm-button": { minHeight: "24px" },
  ".cm-panel.cm-search": { display: "flex", flexWrap: "wrap", gap: "4px", alignItems: "center" },
  ".cm-panel.cm-search br": { flexBasis: "100%" },
  ".cm-panel.cm-search label": { minHeight: "24px" },
  ".cm-panel.cm-search [name=close]": { minWidth: "24px", minHeight: "24px", color: color.text },
  ".cm-textfield": {
    backgroundColor: color.background,
    color: color.text,
    border: `1px solid ${color.border}`,
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: color.background,
    color: color.text,
    border: `1px solid ${color.border}`,
  },
  ".cm-tooltip": {
    backgroundColor: color.raised,
    color: color.text,
    border: `1px solid ${color.border}`,
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: color.selection,
    color: color.text,
  },
  ".cm-completionDetail": { color: color.quiet },
  ".cm-lint-marker": { width: "1em", height: "1em", lineHeight: "1", fontWeight: "bold" },
  ...severity("error", color.error, "wavy 1.5px", "✕"),
  ...severity("warning", color.warning, "wavy 1px", "▲"),
  ...severity("info", color.info, "dotted 1.5px", "●"),
  ...severity("hint", color.info, "dotted 1px", "○"),
});

const words = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: color.key },
  { tag: [tags.string, tags.special(tags.string), tags.content], color: color.string },
  { tag: [tags.number, tags.bool, tags.null], color: color.number },
  { tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], color: color.keyword },
  { tag: [tags.comment, tags.lineComment], color: color.quiet, fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: color.quiet },
  { tag: tags.invalid, color: color.error },
]);

export const theme = [surface, syntaxHighlighting(words)];
