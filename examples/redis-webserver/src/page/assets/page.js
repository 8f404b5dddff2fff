import { api } from "./api.js";
import { watchConnection } from "./connection.js";
import { byId } from "./dom.js";
import { reload, startEntries } from "./entries.js";
import { edit, startPutForm } from "./put-form.js";

for (const origin of document.querySelectorAll("[data-origin]")) {
  origin.textContent = location.origin;
}

async function refreshVisits() {
  const { visits } = await api.visits();
  byId("visits", HTMLParagraphElement).textContent = visits.toLocaleString("en");
}

startPutForm(() => void reload());
startEntries(edit);
watchConnection(() => {
  refreshVisits().catch(() => {});
  void reload();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void reload();
});
void reload();
