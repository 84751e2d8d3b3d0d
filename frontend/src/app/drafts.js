// Keeps what is typed: a second after the last key it is saved with the task; leaving with unsaved text asks.

import { csrfToken, say } from "./words.js";

const QUIET_MS = 1000;

export function connectDrafts() {
  document.querySelectorAll("form[data-draft]").forEach(keep);
}

function keep(form) {
  let waiting = 0;
  let unsaved = false;
  const save = async () => {
    if (form.dataset.sent) return;
    unsaved = !(await send(form));
    if (!unsaved) form.dispatchEvent(new Event("draft-saved"));
  };
  form.addEventListener("input", () => {
    unsaved = true;
    clearTimeout(waiting);
    waiting = setTimeout(save, QUIET_MS);
  });
  document.addEventListener("visibilitychange", () => document.hidden && unsaved && save());
  window.addEventListener("online", () => unsaved && save());
  window.addEventListener("beforeunload", (event) => {
    if (unsaved && !form.dataset.sent) event.preventDefault();
  });
}

async function send(form) {
  const line = form.querySelector(".saved");
  try {
    const answer = await fetch(form.dataset.draft, {
      method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    line.textContent = await answer.text();
    return true;
  } catch {
    line.textContent = say("draft");
    return false;
  }
}
