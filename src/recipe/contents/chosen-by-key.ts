import * as v from "valibot";
import { closedObject } from "../closed-object.ts";

type Kinds = Readonly<Record<string, v.GenericSchema>>;

/** What may be written: the keys of one kind, and none that tells of another. */
type ChosenInput<All extends Kinds> = {
  [Key in keyof All]: v.InferInput<All[Key]> & { [Other in Exclude<keyof All, Key>]?: never };
}[keyof All];

/** A schema that is one of several, for whoever describes it to others. */
export interface ChosenSchema<Input, Output> extends v.GenericSchema<Input, Output> {
  readonly choices: readonly v.GenericSchema[];
}

/** An object that is of one of several kinds: which, one of its keys says. */
export function chosenByKey<const All extends Kinds>(
  kinds: All,
  expected: string,
): ChosenSchema<ChosenInput<All>, v.InferOutput<All[keyof All]>> {
  const any = Object.fromEntries(Object.keys(kinds).map((key) => [key, v.optional(v.unknown())]));
  // A key that is none of them may be the misspelt one.
  const none = v.pipe(
    closedObject(any),
    v.check(() => false, `Expected ${expected}`),
  );
  const schema = v.lazy((input) => {
    if (typeof input !== "object" || input === null)
      return v.custom<never>(() => false, `Expected ${expected}`);
    const kind = Object.keys(kinds).find((key) => key in input);
    return kind === undefined ? none : kinds[kind]!;
  }) as v.GenericSchema<ChosenInput<All>, v.InferOutput<All[keyof All]>>;
  return Object.assign(schema, { choices: Object.values(kinds) });
}
