import { byId } from "./dom.js";

const TOAST_MS = 8000;

const toast = byId("toast", HTMLDivElement);
const toastText = byId("toast-text", HTMLParagraphElement);
const toastAction = byId("toast-action", HTMLButtonElement);
const announcer = byId("announcer", HTMLParagraphElement);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hideTimer;
/** @type {() => void} */
let act = () => {};

toastAction.addEventListener("click", () => {
  hide();
  act();
});

// A message stays while somebody is at it.
for (const event of ["pointerenter", "focusin"]) {
  toast.addEventListener(event, () => clearTimeout(hideTimer));
}
for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, hideLater);

/**
 * Shows a message for a while and has it read out.
 * @param {string} text
 * @param {{ label: string, run: () => void }} [action]
 */
export function say(text, action) {
  toastText.textContent = text;
  announcer.textContent = text;
  toastAction.textContent = action?.label ?? "Close";
  act = action?.run ?? (() => {});
  toast.hidden = false;
  hideLater();
}

function hideLater() {
  clearTimeout(hideTimer);
  hideTimer = setTimeout(hide, TOAST_MS);
}

function hide() {
  toast.hidden = true;
}
