// A form is sent once: its buttons are quiet until the answer comes. The server holds the same with a key.

import { say, toast } from "./words.js";

export function connectSubmit() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.matches("[hx-post],[hx-get]") || event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    if (form.method === "get") return dropEmpty(form);
    form.dataset.sent = "true";
    markBusy(form, event.submitter);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(free);
  });
  window.addEventListener("offline", () => toast(say("failed")));
}

function markBusy(form, button) {
  if (button) button.setAttribute("aria-busy", "true");
  setTimeout(() => form.dataset.sent && toast(say("working")), 400);
}

function free(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}

function dropEmpty(form) {
  const empty = [...form.elements].filter((control) => control.name && !control.value && !control.disabled);
  empty.forEach((control) => { control.disabled = true; });
  setTimeout(() => empty.forEach((control) => { control.disabled = false; }));
}
