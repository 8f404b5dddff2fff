/**
 * What recipes import from "varve": this much of the library, so that reading a recipe does not
 * load all of it.
 */
export { env } from "./environment.ts";
export { defineImage, defineImages } from "./recipe.ts";
