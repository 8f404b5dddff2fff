import { ApiError, api } from "./api.js";
import { noteAway, reportFailure } from "./connection.js";
import { byId, within } from "./dom.js";
import { formatExpiry, toExpiresAt, toTtl } from "./expiry.js";
import { say } from "./messages.js";

/** @typedef {{ key: string, value: string, expiresAt: number | null }} Shown */

const body = within(byId("entries", HTMLTableElement), "tbody", HTMLTableSectionElement);
const table = byId("entries", HTMLTableElement);
const template = byId("row", HTMLTemplateElement);
const empty = byId("empty", HTMLParagraphElement);
const more = byId("more", HTMLButtonElement);
const prefix = byId("prefix", HTMLInputElement);

/** @type {Map<string, { row: HTMLTableRowElement, shown: Shown }>} */
const rows = new Map();
/** @type {string | null} */
let cursor = null;
let pages = 1;
let loading = new AbortController();

/** Asks for everything that is shown again. The newest call wins. */
export async function reload() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  /** @type {import("./api.js").Entry[]} */
  const entries = [];
  /** @type {string | null} */
  let next = null;
  try {
    // A page may be short or even empty without being the last.
    for (let page = 0; page < pages || (entries.length === 0 && next !== null); page += 1) {
      const answer = await api.list({ prefix: prefix.value, cursor: next, signal });
      entries.push(...answer.entries);
      next = answer.cursor;
      if (next === null) break;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ApiError && error.temporary) noteAway(error);
    else reportFailure(error);
    if (rows.size === 0) empty.textContent = "The keys cannot be shown right now.";
    return;
  }
  cursor = next;
  show(entries);
}

/** @param {import("./api.js").Entry[]} entries */
function show(entries) {
  const keys = new Set(entries.map(({ key }) => key));
  for (const key of rows.keys()) if (!keys.has(key)) drop(key);
  for (const entry of entries) {
    update(entry);
    // Moving a row takes the focus out of it, so only those that are out of place move.
    const row = /** @type {{ row: HTMLTableRowElement }} */ (rows.get(entry.key)).row;
    const place = body.rows[[...keys].indexOf(entry.key)];
    if (row !== place) body.insertBefore(row, place ?? null);
  }
  settle();
}

/** @param {import("./api.js").Entry} entry */
function update({ key, value, ttl }) {
  const shown = { key, value, expiresAt: toExpiresAt(ttl) };
  const known = rows.get(key);
  const row = known?.row ?? newRow(key);
  rows.set(key, { row, shown });
  const cell = within(row, ".value", HTMLTableCellElement);
  within(cell, "span", HTMLSpanElement).textContent = value === "" ? "empty" : value.slice(0, 500);
  cell.classList.toggle("blank", value === "");
  within(row, ".ttl", HTMLTableCellElement).textContent = formatExpiry(shown.expiresAt);
  within(row, "[data-action=increment]", HTMLButtonElement).hidden = !/^-?\d{1,19}$/.test(value);
  if (known && known.shown.value !== value) flash(row);
}

/** @param {string} key */
function newRow(key) {
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const row = within(copy, "tr", HTMLTableRowElement);
  within(row, ".key", HTMLTableCellElement).textContent = key;
  for (const button of row.querySelectorAll("button")) {
    button.dataset["key"] = key;
    button.setAttribute("aria-label", `${button.textContent} ${key}`);
  }
  return row;
}

/** @param {HTMLTableRowElement} row */
function flash(row) {
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
}

/** @param {string} key */
function drop(key) {
  rows.get(key)?.row.remove();
  rows.delete(key);
}

function settle() {
  table.hidden = rows.size === 0;
  more.hidden = cursor === null;
  empty.hidden = rows.size > 0;
  empty.textContent =
    prefix.value === ""
      ? "There are no keys yet. Save the first one above."
      : `No key begins with “${prefix.value}”.`;
}

/** @param {string} key */
async function increment(key) {
  update(await api.increment(key));
}

/** @param {string} key */
async function remove(key) {
  const shown = rows.get(key)?.shown;
  const row = rows.get(key)?.row;
  const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
  await api.delete(key);
  drop(key);
  settle();
  const focus = neighbour?.querySelector("[data-action=delete]");
  (focus instanceof HTMLButtonElement && focus.isConnected ? focus : prefix).focus();
  if (!shown) return;
  say(`Deleted “${key}”.`, {
    label: "Undo",
    run: () => {
      api.put({ key, value: shown.value, ttl: toTtl(shown.expiresAt) }).then(reload, reportFailure);
    },
  });
}

/**
 * Call once.
 * @param {(shown: Shown) => void} edit what to do when a person wants to edit an entry
 */
export function startEntries(edit) {
  body.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    const { key = "", action } = target.dataset;
    const shown = rows.get(key)?.shown;
    if (action === "edit" && shown) edit(shown);
    if (action === "increment") increment(key).catch(reportFailure);
    if (action === "delete") remove(key).catch(reportFailure);
  });

  more.addEventListener("click", () => {
    pages += 1;
    void reload();
  });

  prefix.addEventListener("input", () => {
    pages = 1;
    void reload();
  });
  byId("filter", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());

  setInterval(tick, 1000);
}

function tick() {
  for (const [key, { row, shown }] of rows) {
    if (shown.expiresAt === null) continue;
    if (shown.expiresAt <= Date.now()) drop(key);
    else within(row, ".ttl", HTMLTableCellElement).textContent = formatExpiry(shown.expiresAt);
  }
  if (rows.size === 0 && !table.hidden) settle();
}
