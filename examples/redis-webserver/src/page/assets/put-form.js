import { ApiError, api } from "./api.js";
import { reportFailure } from "./connection.js";
import { byId, within } from "./dom.js";
import { formatExpiry, toTtl } from "./expiry.js";
import { say } from "./messages.js";

const form = byId("put", HTMLFormElement);
const key = byId("key", HTMLInputElement);
const value = byId("value", HTMLTextAreaElement);
const ttl = byId("ttl", HTMLSelectElement);
const submit = within(form, "button", HTMLButtonElement);

/** @type {Record<string, HTMLElement>} */
const controls = { key, value, ttl };

/** Chosen in the list of expiries, this stands for the time that the entry has left anyway. */
const KEEP = "keep";
/** @type {number | null} */
let keptExpiresAt = null;

/**
 * Call once.
 * @param {() => void} onSaved
 */
export function startPutForm(onSaved) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void save(onSaved);
  });
}

/**
 * Puts an entry into the form to be changed.
 * @param {{ key: string, value: string, expiresAt: number | null }} entry
 */
export function edit(entry) {
  clear();
  key.value = entry.key;
  value.value = entry.value;
  if (entry.expiresAt !== null) {
    keptExpiresAt = entry.expiresAt;
    ttl.append(new Option(`as before (${formatExpiry(entry.expiresAt)})`, KEEP, true, true));
  }
  value.focus();
}

/** @param {() => void} onSaved */
async function save(onSaved) {
  showErrors([]);
  if (["", ".", ".."].includes(key.value)) {
    showErrors([
      { field: "key", message: key.value === "" ? "is missing" : "cannot be only dots" },
    ]);
    return;
  }
  const seconds = ttl.value === KEEP ? toTtl(keptExpiresAt) : Number(ttl.value) || null;
  submit.disabled = true;
  try {
    await api.put({ key: key.value, value: value.value, ttl: seconds });
  } catch (error) {
    // What was typed stays, to be sent again.
    if (error instanceof ApiError && error.details.length > 0) showErrors(error.details);
    else reportFailure(error);
    return;
  } finally {
    submit.disabled = false;
  }
  say(`Saved “${key.value}”.`);
  clear();
  key.focus();
  onSaved();
}

function clear() {
  form.reset();
  showErrors([]);
  within(ttl, "option", HTMLOptionElement).selected = true;
  ttl.querySelector(`[value=${KEEP}]`)?.remove();
}

/** @param {{ field: string, message: string }[]} errors */
function showErrors(errors) {
  for (const [name, control] of Object.entries(controls)) {
    const error = errors.find(({ field }) => field === name);
    const line = byId(`${name}-error`, HTMLParagraphElement);
    line.hidden = error === undefined;
    line.textContent = error ? `It ${error.message}.` : "";
    if (error) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  const first = errors.find(({ field }) => field in controls);
  if (first) controls[first.field]?.focus();
}
