// What Python sends (spec, arrays) and what the parts of an explorer hand to each other. Types only; nothing runs here.

export interface Series { array: string; label: string; role: string; dash: boolean; thin: boolean }
export interface Param {
  name: string; label: string; kind: "range" | "choice" | "text"; labels: string[]; codes: string[]; values: number[];
  start: number; hidden: boolean;
}
export interface Pick { name: string; label: string; of: string; start: number }
export interface Readout { array: string; label: string; unit: string; pick: string | null; then: string | null }
export interface Prediction { question: string; answers: string[]; right: number; because: string }

/** A panel: `kind` is the name of its drawing file, `arrays` what it holds. `over` is the knob that it sweeps. */
export interface Panel { kind: string; title: string; height: number; wide: boolean; arrays: string[]; over?: string }
export interface Spec {
  id: string; title: string; params: Param[]; picks: Pick[]; panels: Panel[]; readouts: Readout[]; alt: string;
  code: string; note: string; axes: Record<string, string[]>; prediction: Prediction | null;
}

export interface Numbers { values: Float64Array; shape: number[]; format: string; words?: undefined }
export interface Words { words: string[]; values?: undefined; format?: undefined }
export type Arrays = Record<string, Numbers | Words>;
/** The stop of each knob; a text that a reader typed stands as it is. */
export type State = Record<string, number | string>;
export type Picks = Record<string, number>;

/** What a source of numbers answers: the arrays of one state, and single numbers along a swept knob. */
export interface Answer {
  arrays: Arrays; sweep(over: string, name: string): Float64Array; seconds?: number; device?: string;
}
/** Who is told what becomes of a request. */
export interface Asking { draw(answer: Answer): void; fail(problem: string): void; late(): void; wait(): void }
export interface Source { live: boolean; request(state: State, asking: Asking): void; stop(): void }

/** What a drawing may look at. */
export interface Context {
  state: State; picks: Picks; sweep: Answer["sweep"]; has(name: string): boolean; array(name: string): Numbers;
  words(name: string): string[]; format(name: string): string;
  numbers(name: string, pick?: string | null): Float64Array;
}
/** What a drawing may do besides drawing: turn knobs and picks. */
export interface Hands { choose(names: string[], places: (number | undefined)[]): void }
/** A kind of panel: it makes its elements once, in svg or on a canvas, and updates them whenever something changes. */
// biome-ignore lint/suspicious/noExplicitAny: each drawing knows the fields of its own panel
export type Drawing = (host: HTMLElement, panel: any, spec: Spec, hands: Hands) => Update;
export type Update = (context: Context, width: number) => void;

/** What an explorer is at this moment. */
export interface Now { state: State; picks: Picks; context: Context | null; moved: boolean }
export type Turn = (state: State, picks: Picks) => void;

export interface Knob { node: HTMLElement; show(place: number | string): void }
export interface Box { button: HTMLElement; box: HTMLElement; refresh(): void }

/** anywidget's model, as far as it is used here. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: a widget's fields and messages are JSON
  get(name: string): any; send(message: unknown): void; on(event: string, heard: (...heard: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off?(event: string, heard: (...heard: any[]) => void): void;
}
