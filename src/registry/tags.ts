import * as v from "valibot";
import { jsonOf, pagesOf, strange } from "./pages.ts";
import type { Repository } from "./repository.ts";

const tagsSchema = v.object({ tags: v.optional(v.nullable(v.array(v.string()))) });

/**
 * All tags of a repository in the registry's order (OCI distribution-spec, "Listing Tags");
 * undefined when there is no such repository.
 */
export async function listTags(repository: Repository): Promise<string[] | undefined> {
  let tags: string[] | undefined;
  for await (const page of pagesOf(repository, repository.at("tags/list"), [404])) {
    const read = v.safeParse(tagsSchema, jsonOf(page));
    if (!read.success) throw strange(page.url, "the answer is no list of tags");
    tags = [...(tags ?? []), ...(read.output.tags ?? [])];
  }
  return tags;
}
