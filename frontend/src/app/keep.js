// The form of a task: nothing typed is lost. A copy stays in the browser until it is handed in; handing in is tried again with
// the same key when the connection is lost, so that it happens once.

import { copyOf, differs, fillIn, forgetAll, forgetCopy, forgetOld, keepCopy } from "./local.js";
import { say } from "./words.js";

const AGAIN_MS = 4000;

export function connectKeep() {
  forgetOld();
  document.addEventListener("submit", (event) => event.target.action.endsWith("/sign-out") && forgetAll());
  const form = document.querySelector("form[data-keep]");
  if (!form) return;
  restore(form);
  form.addEventListener("input", () => keepCopy(form));
  form.addEventListener("draft-saved", () => forgetCopy(form));
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction") || form.dataset.sent) return;
    event.preventDefault();
    keepCopy(form);
    handIn(form, event.submitter);
  });
}

function restore(form) {
  const copy = copyOf(form);
  if (!copy || !differs(form, copy)) return;
  const before = { fields: [...new FormData(form)].filter(([, value]) => typeof value === "string") };
  fillIn(form, copy);
  const line = notice(form, say(copy.revision === form.dataset.revision ? "restored" : "restoredChanged"));
  const undo = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: say("discard") });
  undo.addEventListener("click", () => {
    fillIn(form, before);
    forgetCopy(form);
    line.remove();
  });
  line.append(undo);
}

function notice(form, text) {
  form.querySelector("[data-keep-notice]")?.remove();
  const line = document.createElement("div");
  line.className = "alert alert-info";
  line.dataset.keepNotice = "";
  line.setAttribute("role", "status");
  line.append(Object.assign(document.createElement("div"), { textContent: text }));
  form.prepend(line);
  return line;
}

async function handIn(form, button) {
  form.dataset.sent = "true";
  button?.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, {
    method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
  }).catch(() => null);
  if (!answer) return waitForNetwork(form, button);
  const told = answer.ok && answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
  if (told?.go) {
    forgetCopy(form);
    return location.assign(told.go);
  }
  if (answer.ok || answer.status === 400 || answer.status === 401) return location.reload(); // signed out: the copy comes back
  return HTMLFormElement.prototype.submit.call(form); // refused: the server shows the form again with what is wrong
}

function waitForNetwork(form, button) {
  notice(form, say("waiting")).classList.replace("alert-info", "alert-warning");
  const again = () => {
    clearTimeout(later);
    window.removeEventListener("online", again);
    handIn(form, button);
  };
  const later = setTimeout(again, AGAIN_MS);
  window.addEventListener("online", again);
}
