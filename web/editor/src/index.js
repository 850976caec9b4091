// The YAML editor of the page: CodeMirror 6 behind a small interface that wasm can drive.
//
// The page loads this bundle when it is first needed, with a dynamic `import()` of the URL named by
// `<meta name="kubarium-editor">`, resolved against `document.baseURI`. Until then, and where it
// cannot load, a plain textarea stands in.
//
// Every position here counts UTF-16 code units in a text whose line ends are `\n`. Callers that
// count bytes convert at this boundary, once.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics as diagnosticsEffect } from "@codemirror/lint";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";

import { fitDiagnostics, fitRange } from "./positions.js";
import { normaliseLineEnds, smallestChange } from "./text.js";
import { theme } from "./theme.js";

/** Marks a change that the page made itself, so that it does not come back through `onChange`. */
const fromPage = Annotation.define();

/** How many files keep their undo history while another one is shown. */
const REMEMBERED_FILES = 32;

/**
 * Makes an editor inside `parent`.
 *
 * @param {object} options
 * @param {HTMLElement} options.parent where the editor goes; it fills it
 * @param {string} [options.doc] the first text
 * @param {string} [options.file] name of the first file; each file has its own undo history
 * @param {string} options.label what a screen reader calls the editor; `setWords` changes it
 * @param {boolean} [options.readOnly]
 * @param {Record<string, string>} [options.phrases] translations of CodeMirror's own words
 * @param {(text: string) => void} [options.onChange] after the user changed the text
 * @param {() => void} [options.onApply] on Ctrl+Enter or Cmd+Enter
 * @param {(position: number) => void} [options.onCursor] after the cursor moved
 */
export function createEditor(options) {
  const { parent, onChange, onApply, onCursor } = options;
  let { label, phrases = {} } = options;
  const access = new Compartment();
  const language = new Compartment();
  let readOnly = Boolean(options.readOnly);
  let file = options.file ?? "";
  let complete = null;

  /** What differs between a text that may be typed into and one that may only be read. */
  const accessOf = (only) => [
    EditorState.readOnly.of(only),
    EditorView.contentAttributes.of({ "aria-readonly": String(only) }),
  ];

  /** What differs between languages. */
  function wordsOf() {
    return [EditorState.phrases.of(phrases), EditorView.contentAttributes.of({ "aria-label": label })];
  }

  const extensions = [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    foldGutter(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    indentOnInput(),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    lintGutter(),
    autocompletion({ icons: false, override: [completionSource(() => complete)] }),
    yaml(),
    theme,
    // Tab stays the browser's: it leaves the editor. Ctrl+] and Ctrl+[ indent.
    keymap.of([
      { key: "Mod-Enter", run: () => (onApply?.(), true), preventDefault: true },
      { key: "Mod-]", run: indentMore },
      { key: "Mod-[", run: indentLess },
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      ...defaultKeymap,
    ]),
    language.of(wordsOf()),
    EditorView.contentAttributes.of({
      // It can be reached anyway; said aloud for checkers that do not know contenteditable.
      tabindex: "0",
      autocapitalize: "off",
      autocorrect: "off",
      spellcheck: "false",
      translate: "no",
    }),
    access.of(accessOf(readOnly)),
    EditorView.updateListener.of((update) => {
      const ours = update.transactions.some((transaction) => transaction.annotation(fromPage));
      if (update.docChanged && !ours) onChange?.(update.state.doc.toString());
      if (update.selectionSet || update.docChanged) onCursor?.(update.state.selection.main.head);
    }),
  ];

  const stateOf = (text) => EditorState.create({ doc: normaliseLineEnds(text), extensions });
  const view = new EditorView({ parent, state: stateOf(options.doc ?? "") });

  /** States of the files that are not shown, oldest first. */
  const aside = new Map();

  function showFile(name, text) {
    aside.delete(file);
    aside.set(file, view.state);
    if (aside.size > REMEMBERED_FILES) aside.delete(aside.keys().next().value);
    file = name;
    view.setState(aside.get(name) ?? stateOf(text));
    aside.delete(name);
    view.dispatch({ effects: [access.reconfigure(accessOf(readOnly)), language.reconfigure(wordsOf())] });
    api.setDiagnostics([]);
  }

  const api = {
    /**
     * Shows `text`. The same text keeps cursor and undo history; a different one is a single
     * undoable change of the part that differs. A new `name` shows another file, with its own history.
     */
    setDoc(text, name = file) {
      const wanted = normaliseLineEnds(text);
      if (name !== file) showFile(name, wanted);
      const changes = smallestChange(view.state.doc.toString(), wanted);
      if (changes) view.dispatch({ changes, annotations: fromPage.of(true) });
    },

    getDoc: () => view.state.doc.toString(),

    /** Underlines `[{ from, to, severity: "error" | "warning" | "info", message }]`. */
    setDiagnostics(diagnostics) {
      const fitted = fitDiagnostics(diagnostics, view.state.doc.toString());
      view.dispatch(diagnosticsEffect(view.state, fitted));
    },

    focus: () => view.focus(),

    setReadOnly(only) {
      readOnly = Boolean(only);
      view.dispatch({ effects: access.reconfigure(accessOf(readOnly)) });
    },

    /** Speaks another language from now on. */
    setWords(newLabel, newPhrases) {
      if (newLabel === label && JSON.stringify(newPhrases) === JSON.stringify(phrases)) return;
      label = newLabel;
      phrases = newPhrases;
      view.dispatch({ effects: language.reconfigure(wordsOf()) });
    },

    /** Selects and reveals a range; positions past the end are moved to it. */
    select(from, to = from) {
      const range = fitRange(from, to, view.state.doc.length);
      view.dispatch({
        selection: { anchor: range.from, head: range.to },
        effects: EditorView.scrollIntoView(range.from, { y: "center" }),
      });
    },

    openSearch: () => openSearchPanel(view),

    /**
     * Sets where completions come from: `(text, position, explicit) => null | { from, to?, options }`
     * or a promise of it, where an option is `{ label, detail?, info?, type?, apply? }`. `explicit` is
     * true when the user asked for them (Ctrl+Space). `null` switches completions off.
     */
    setCompletions(source) {
      complete = source ?? null;
    },

    destroy() {
      aside.clear();
      complete = null;
      view.destroy();
    },
  };
  return api;
}

/** Turns the page's completion function, looked up at each request, into CodeMirror's. */
function completionSource(current) {
  return async (context) => {
    const source = current();
    if (!source) return null;
    const text = context.state.doc.toString();
    const found = await source(text, context.pos, context.explicit);
    if (!found || context.aborted || !found.options?.length) return null;
    const { from, to } = fitRange(found.from, found.to ?? context.pos, text.length);
    return { from, to, options: found.options, validFor: /^[\w./-]*$/ };
  };
}
