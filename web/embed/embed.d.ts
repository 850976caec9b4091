// What `embed.js` adds to a page, and what a playground and the page around it say to each other.
//
// Every message is an object with `kubarium: 1` (the number of the protocol) and a `type`. Times are whole
// milliseconds of virtual time since the cluster began.

/** What the page around may say. All but `setTheme` act, and need the attribute `api` (`api=1`). */
export type ToPlayground = Envelope &
  (
    | ({ type: "load" } & Load)
    /** Lets time pass. */
    | { type: "run" }
    | { type: "pause" }
    /** Goes to the next change, and stays there. */
    | { type: "step" }
    | { type: "seek"; to: number }
    /** Types one line at the terminal; the answer is an `event` of the kind `exec` with the same `id`. */
    | { type: "exec"; command: string }
    | { type: "setTheme"; theme: "light" | "dark" | "system" }
  );

/** A new cluster with files, and commands that are typed at once; or what a link holds. */
export type Load =
  | { files?: { name: string; text: string }[]; run?: string[]; nodes?: number; seed?: number; link?: undefined }
  | { link: string };

/** What a playground tells. */
export type FromPlayground = Envelope &
  (
    | { type: "ready"; version: string; api: boolean; view: View }
    /** How high the content would like to be, in CSS pixels. */
    | { type: "resize"; height: number }
    | ({ type: "state" } & State)
    | ({ type: "event" } & Event)
    /** A goal of a lesson was reached. */
    | { type: "goal"; lesson: string; goal: string; done: boolean }
    | { type: "error"; code: ErrorCode; message: string }
  );

export interface Envelope {
  kubarium: 1;
  /** What the sender calls a message; what answers it repeats it. At most 100 characters. */
  id?: string | null;
}

export type View = "editor" | "cluster" | "terminal" | "split";

/** Told when it has changed, at most four times a second. */
export interface State {
  time: number;
  /** The furthest instant that was reached. */
  end: number;
  playing: boolean;
  /** On the way to another instant. */
  busy: boolean;
  /** Times the wall clock. */
  speed: number;
  /** The revision of the cluster's store. */
  revision: number;
  /** How many pods there are of each phase, as the page draws them. */
  pods: Partial<Record<PodPhase, number>>;
  /** A link waits for the reader's click. */
  asking: boolean;
  /** The pods in words: "3 pods: 3 ready". */
  summary: string;
}

export type PodPhase = "pending" | "starting" | "running" | "ready" | "terminating" | "failing" | "succeeded";

export type Event =
  /** A mark of the scrubber. */
  | { event: "applied" | "scaled" | "deleted" | "failed" | "node-lost" | "node-back"; at: number; text: string }
  /** A command of the page around has ended; 64 KB of its output at most. */
  | { event: "exec"; command: string; output: string; exitCode: number };

export type ErrorCode =
  /** Acting needs the attribute `api`. */
  | "no-api"
  | "invalid"
  | "too-large"
  | "protocol"
  /** The cluster is still being brought to its moment. */
  | "busy"
  /** Something the reader was told, too. */
  | "notice";

/** `<kubarium-playground>`. Each message arrives as an event, `kubarium-ready`, `kubarium-state` and so on. */
export interface KubariumPlayground extends HTMLElement {
  /** Resolves when the frame has started. */
  readonly ready: Promise<void>;
  /** Loads the frame now; `asked: false` leaves it to the frame to ask the reader before it opens a link. */
  load(asked?: boolean): Promise<void>;
  send(type: "run" | "pause" | "step"): void;
  send(type: "load", message: Load & { id?: string }): void;
  send(type: "seek", message: { to: number; id?: string }): void;
  send(type: "exec", message: { command: string; id?: string }): void;
  send(type: "setTheme", message: { theme: "light" | "dark" | "system" }): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "kubarium-playground": KubariumPlayground;
  }
}
