// A copy of a form in this browser, kept for its person until it is handed in: survives a lost connection, a closed window,
// a session that timed out. One copy a task, with the revision that was seen.

const PREFIX = "tongchou:form:";
const KEPT_DAYS = 14;
const NOT_KEPT = new Set(["csrf_token", "idempotency_key"]);

export function keepCopy(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => !NOT_KEPT.has(name) && typeof value === "string");
  write(form, { at: Date.now(), revision: form.dataset.revision, fields });
}

export function forgetCopy(form) {
  try { localStorage.removeItem(PREFIX + form.dataset.keep); } catch { /* a browser that keeps nothing */ }
}

export function copyOf(form) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + form.dataset.keep) || "null");
  } catch {
    return null;
  }
}

export function forgetAll(older = 0) {
  try {
    for (const name of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
      if ((JSON.parse(localStorage.getItem(name))?.at || 0) <= Date.now() - older) localStorage.removeItem(name);
    }
  } catch { /* a browser that keeps nothing */ }
}

export const forgetOld = () => forgetAll(KEPT_DAYS * 86_400_000);

export function differs(form, copy) {
  const now = [...new FormData(form)].filter(([name, value]) => !NOT_KEPT.has(name) && typeof value === "string");
  return JSON.stringify(now) !== JSON.stringify(copy.fields);
}

export function fillIn(form, copy) {
  const given = new Map();
  for (const [name, value] of copy.fields) given.set(name, [...(given.get(name) || []), value]);
  for (const control of form.elements) {
    if (!control.name || NOT_KEPT.has(control.name) || control.type === "file" || control.type === "hidden") continue;
    const values = given.get(control.name) || [];
    if (["checkbox", "radio"].includes(control.type)) control.checked = values.includes(control.value);
    else if (values.length) control.value = values.shift();
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function write(form, copy) {
  try {
    localStorage.setItem(PREFIX + form.dataset.keep, JSON.stringify(copy));
  } catch { /* full, or a browser that keeps nothing: the server's draft remains */ }
}
