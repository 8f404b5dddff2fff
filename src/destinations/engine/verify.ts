import type { EngineClient } from "../../engine/client.ts";
import { VarveError } from "../../errors.ts";
import type { Image } from "../../image/image.ts";
import { diffIdOf } from "../../image/layer.ts";
import { isComplete } from "./image-store.ts";
import type { ImageStore } from "./image-store.ts";

/**
 * Makes sure that the engine has the image under these names or IDs: the same layers, all content
 * there where the engine tells that, and in Docker's classic store the same config.
 *
 * @returns the engine's ID of the image
 * @throws VarveError `ENGINE_UNVERIFIED`
 */
export async function verify(
  client: EngineClient,
  store: ImageStore,
  image: Image,
  names: readonly string[],
): Promise<string> {
  const diffIds = (await Promise.all(image.layers.map(diffIdOf))).join();
  const expected = store.name === "classic" ? await store.idOf(image) : undefined;
  let id = "";
  for (const name of names) {
    const loaded = await client.inspectImage(name);
    if (loaded === undefined) {
      throw unverified(`the engine says that it has loaded ${name}, but does not have it`);
    }
    if (loaded.diffIds.join() !== diffIds || loaded.id !== (expected ?? loaded.id)) {
      throw unverified(`the engine has another image under the name ${name} than was sent`);
    }
    if (!isComplete(loaded)) {
      throw unverified(`the engine has loaded ${name}, but lacks some of its content`);
    }
    id = loaded.id;
  }
  return id;
}

function unverified(message: string): VarveError {
  return new VarveError("ENGINE_UNVERIFIED", message, {
    hint: "somebody else may have loaded or removed an image of that name; load it again",
  });
}
