// A link with data-sheet opens its page as a sheet over this one; without script, or when that fails, it is a page of its own.

import { connectPeople } from "./people.js";
import { connectEffects } from "./effects.js";

export function connectSheets() {
  connectPeople(document);
  connectEffects(document);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) open(event, link);
    const closing = event.target.closest("a[data-close]");
    if (closing?.closest("dialog")) event.preventDefault();
  });
}

async function open(event, link) {
  const sheet = document.getElementById("operation-sheet");
  if (!sheet) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    sheet.innerHTML = await answer.text();
  } catch {
    return location.assign(link.href);
  }
  link.closest("details.menu")?.removeAttribute("open");
  connectPeople(sheet);
  connectEffects(sheet);
  sheet.showModal();
}
