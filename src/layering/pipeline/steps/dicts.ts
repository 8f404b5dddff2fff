import type { Step, StepCall } from "../step.ts";

/** `["over", key, step]`: applies a step to one member of a dict. */
export function over(call: StepCall): Step {
  call.expectArguments("a key", "a step");
  const key = call.string(0, "the key");
  const step = call.step(1);
  return (value, run) => {
    const dict = call.dict(value);
    const member = dict.get(key);
    if (member === undefined) {
      throw call.error(
        `there is no ${JSON.stringify(key)} here, only ${[...dict.keys()].join(", ")}`,
        "split_paths leaves out the parts that are empty",
      );
    }
    return new Map(dict).set(key, step(member, run));
  };
}

/** `["reorder", [keys]]`: the named members of a dict first, then the others in their order. */
export function reorder(call: StepCall): Step {
  call.expectArguments("a list of keys");
  const keys = new Set(call.strings(0, "keys"));
  return (value) => {
    const dict = call.dict(value);
    const named = [...keys].filter((key) => dict.has(key));
    return new Map([...named, ...dict.keys()].map((key) => [key, dict.get(key)!]));
  };
}
