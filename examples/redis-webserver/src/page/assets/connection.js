import { ApiError, api } from "./api.js";
import { byId } from "./dom.js";
import { say } from "./messages.js";

const RETRY_MS = 2000;

const badge = byId("badge", HTMLSpanElement);
const title = byId("away-title", HTMLElement);
const whenThere = document.body.dataset["store"] === "redis" ? "Redis" : "Embedded store";

/** @type {() => void} */
let onReturn = () => {};
let waiting = false;

/**
 * Call once. Runs the callback each time the store is back after it was away.
 * @param {() => void} callback
 */
export function watchConnection(callback) {
  onReturn = callback;
  if (document.body.dataset["state"] === "away") void waitForReturn();
}

/**
 * Tells the person what went wrong; if the store or the server is away, also waits for it.
 * @param {unknown} error
 */
export function reportFailure(error) {
  if (!(error instanceof ApiError)) throw error;
  say(error.message);
  if (error.temporary) noteAway(error);
}

/** @param {ApiError} error */
export function noteAway(error) {
  const what = error.status === 0 ? "The server" : "Redis";
  document.body.dataset["state"] = "away";
  badge.textContent = `${what} is away`;
  title.textContent = `${what} cannot be reached right now.`;
  void waitForReturn();
}

async function waitForReturn() {
  if (waiting) return;
  waiting = true;
  do {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  } while (!(await isReady()));
  waiting = false;
  document.body.dataset["state"] = "there";
  badge.textContent = whenThere;
  say("Back again.");
  onReturn();
}

async function isReady() {
  try {
    await api.ready();
    return true;
  } catch {
    return false;
  }
}
