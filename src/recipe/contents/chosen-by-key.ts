import * as v from "valibot";
import { closedObject } from "../closed-object.ts";

/** An object that is of one of several kinds: which, one of its keys says. */
export function chosenByKey<const Kinds extends Readonly<Record<string, v.GenericSchema>>>(
  kinds: Kinds,
  expected: string,
): v.GenericSchema<v.InferInput<Kinds[keyof Kinds]>, v.InferOutput<Kinds[keyof Kinds]>> {
  const any = Object.fromEntries(Object.keys(kinds).map((key) => [key, v.optional(v.unknown())]));
  // A key that is none of them may be the misspelt one.
  const none = v.pipe(
    closedObject(any),
    v.check(() => false, `Expected ${expected}`),
  );
  return v.lazy((input) => {
    if (typeof input !== "object" || input === null)
      return v.custom<never>(() => false, `Expected ${expected}`);
    const kind = Object.keys(kinds).find((key) => key in input);
    return kind === undefined ? none : kinds[kind]!;
  }) as v.GenericSchema<v.InferInput<Kinds[keyof Kinds]>, v.InferOutput<Kinds[keyof Kinds]>>;
}
