import { VarveError } from "../errors.ts";
import { isSameName } from "../image/same-name.ts";

/** An image of an archive, and what it is called there. */
export interface NamedChoice<Image> {
  readonly image: Image;
  readonly names: readonly string[];
}

/**
 * The image of this name among several of an archive; `@0` is the first, as is no name at all.
 *
 * @throws VarveError `IMAGE_UNKNOWN` that tells the names
 */
export function chooseImage<Image>(
  file: string,
  name: string,
  choices: ReadonlyArray<NamedChoice<Image>>,
): Image {
  const position = /^@(\d{1,6})$/.exec(name)?.[1];
  const chosen =
    name === "" || position !== undefined
      ? choices[Number(position ?? 0)]
      : choices.find(({ names }) => names.some((own) => isSameName(own, name)));
  if (chosen !== undefined) return chosen.image;
  const known = choices.flatMap(({ names }) => names);
  throw new VarveError("IMAGE_UNKNOWN", `${file} has no image ${name}`, {
    hint:
      known.length > 0
        ? `name one of its images: ${known.join(", ")}`
        : `its images have no names: give @0${choices.length > 1 ? ` to @${choices.length - 1}` : ""}`,
  });
}
