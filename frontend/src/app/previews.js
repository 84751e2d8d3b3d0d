// A link with data-preview shows its file over the page; without scripts it is a page of its own.

import { say, toast } from "./words.js";

export function connectPreviews() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-preview]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
}

async function show(link) {
  const dialog = document.getElementById("preview");
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(answer.status);
    dialog.querySelector("[data-preview-place]").innerHTML = await answer.text();
  } catch {
    return toast(say("failed"));
  }
  dialog.addEventListener("close", () => { dialog.querySelector("[data-preview-place]").replaceChildren(); link.focus(); }, { once: true });
  dialog.showModal();
}
