import * as v from "valibot";

/** An object that is of one of several kinds: which, one of its keys says. */
export function chosenByKey<const Kinds extends Readonly<Record<string, v.GenericSchema>>>(
  kinds: Kinds,
  expected: string,
): v.GenericSchema<v.InferInput<Kinds[keyof Kinds]>, v.InferOutput<Kinds[keyof Kinds]>> {
  const none = v.custom<never>(() => false, `Expected ${expected}`);
  return v.lazy((input) => {
    if (typeof input !== "object" || input === null) return none;
    const kind = Object.keys(kinds).find((key) => key in input);
    return kind === undefined ? none : kinds[kind]!;
  }) as v.GenericSchema<v.InferInput<Kinds[keyof Kinds]>, v.InferOutput<Kinds[keyof Kinds]>>;
}
