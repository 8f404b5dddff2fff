/**
 * varve as a library: a closure is planned into layers, packed, and delivered.
 *
 * @module
 */
export { Closure } from "./closure/closure.ts";
export type { Component } from "./closure/component.ts";
export { archiveBytes, dockerArchive, mergedArchive } from "./archives/docker-archive.ts";
export { flatTar } from "./archives/flat-tar.ts";
export { openDockerArchive } from "./archives/read-archive.ts";
export { imageFromConf } from "./assembly/from-conf.ts";
export { imageFromRecipe } from "./assembly/from-recipe.ts";
export { copyContent } from "./destinations/copy/copy-content.ts";
export { deliverArchive } from "./destinations/delivery.ts";
export { deliverToLayout } from "./destinations/oci-layout/deliver-to-layout.ts";
export { deliverToOciArchive } from "./destinations/oci-layout/deliver-to-oci-archive.ts";
export { loadIntoEngine } from "./destinations/engine/load-into-engine.ts";
export { pushImage } from "./destinations/registry/push-image.ts";
export { connectEngine } from "./engine/client.ts";
export { UsageError, VarveError } from "./errors.ts";
export type { Image } from "./image/image.ts";
export type { Layer } from "./image/layer.ts";
export { parseReference } from "./image/reference.ts";
export type { Plan, PlannedLayer } from "./layering/plan.ts";
export { planLayers } from "./layering/strategies.ts";
export { openOciArchive } from "./oci-layout/oci-archive.ts";
export { OciLayout } from "./oci-layout/oci-layout.ts";
export { DigestStore } from "./packing/digest-store.ts";
export { Packer } from "./packing/packer.ts";
export { WorkerPool } from "./packing/workers/pool.ts";
export { parseConf, readConf } from "./recipe/dockertools-conf.ts";
export { env } from "./recipe/environment.ts";
export { defineImage, defineImages } from "./recipe/recipe.ts";
export type { RecipeInput, RecipesInput } from "./recipe/recipe.ts";
export { parseLocation } from "./transports/location.ts";
export { openLocation } from "./transports/open-location.ts";
