import { VarveError } from "../../errors.ts";
import { count } from "../../wording/format.ts";
import { isDict, isList, isPart } from "./value.ts";
import type { Closure } from "../../closure/closure.ts";
import type { Part, Parts, Value } from "./value.ts";

/** A step ready to run. */
export type Step = (value: Value, run: Run) => Value;

/** What the steps of one run share. */
export interface Run {
  readonly closure: Closure;
  /** Members that steps have removed: they go into no layer. */
  readonly removed: Set<number>;
}

/** Makes a step out of what the pipeline says. */
export type StepBuilder = (call: StepCall) => Step;

/** Reads a step that is an argument of another. */
export type ParseStep = (json: unknown, parent: string, index?: number) => Step;

/**
 * A step as it is written: where it stands and its arguments. Whatever is wrong with it is said with
 * its place, `layeringPipeline step 3 ["limit_layers", 0]: n must be > 0`.
 */
export class StepCall {
  readonly #place: string;
  readonly #args: readonly unknown[];
  readonly #parse: ParseStep;

  constructor(place: string, args: readonly unknown[], parse: ParseStep) {
    this.#place = place;
    this.#args = args;
    this.#parse = parse;
  }

  error(message: string, hint?: string): VarveError {
    return pipelineError(`${this.#place}: ${message}`, hint);
  }

  /** Refuses too many and too few arguments. */
  expectArguments(...names: string[]): void {
    if (this.#args.length === names.length) return;
    const expected = names.length === 0 ? "no argument" : names.join(" and ");
    throw this.error(`takes ${expected}, not ${count(this.#args.length, "argument")}`);
  }

  /** A positive whole number. */
  positiveNumber(index: number): number {
    const value = this.#args[index];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      throw this.error("n must be a whole number");
    }
    if (value <= 0) throw this.error("n must be > 0");
    return value;
  }

  string(index: number, name: string): string {
    const value = this.#args[index];
    if (typeof value !== "string") throw this.error(`${name} must be a string`);
    return value;
  }

  /** A list; anything else is taken for a list of one. */
  list(index: number): readonly unknown[] {
    const value = this.#args[index];
    return Array.isArray(value) ? value : [value];
  }

  /** A list of strings, or one string. */
  strings(index: number, name: string): string[] {
    return this.list(index).map((item) => {
      if (typeof item !== "string") throw this.error(`${name} must be strings`);
      return item;
    });
  }

  /** A step. */
  step(index: number): Step {
    return this.#parse(this.#args[index], this.#place);
  }

  /** A list of steps. */
  steps(index: number): Step[] {
    const value = this.#args[index];
    if (!Array.isArray(value)) throw this.error("takes a list of steps");
    return value.map((json, position) => this.#parse(json, this.#place, position));
  }

  /** The value, when it is a graph. */
  graph(value: Value): Part {
    if (isPart(value)) return value;
    throw this.error(
      `works on a graph, but gets ${nameOf(value)}`,
      isDict(value)
        ? 'apply it to one member with ["over", key, step]'
        : 'apply it to each graph with ["map", step]',
    );
  }

  /** The value, when it is a list. */
  listValue(value: Value): readonly Value[] {
    if (isList(value)) return value;
    throw this.error(
      `works on a list, but gets ${nameOf(value)}`,
      isDict(value)
        ? 'put ["flatten"] before it'
        : 'make a list of the graph first, with ["popularity_contest"] or ["split_every", n]',
    );
  }

  /** The value, when it is a list of graphs. */
  listOfGraphs(value: Value): readonly Part[] {
    return this.listValue(value).map((item) => {
      if (isPart(item)) return item;
      throw this.error(
        `works on a list of graphs, but gets a list with ${nameOf(item)} in it`,
        'put ["flatten"] before it',
      );
    });
  }

  /** The value, when it is a dict. */
  dict(value: Value): Parts {
    if (isDict(value)) return value;
    throw this.error(
      `works on a dict, but gets ${nameOf(value)}`,
      'split_paths, subcomponent_in and subcomponent_out make one; ["flatten"] undoes it',
    );
  }
}

export function pipelineError(message: string, hint?: string): VarveError {
  return new VarveError("PIPELINE_INVALID", message, hint === undefined ? {} : { hint });
}

function nameOf(value: Value): string {
  if (isPart(value)) return "a graph";
  if (isList(value)) return "a list";
  return `a dict (${[...value.keys()].join(", ")})`;
}
