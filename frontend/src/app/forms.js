// Fields that depend on another's value, standard phrases, text fields that grow with what is written.

import { csrfToken, say, toast } from "./words.js";

let watching = false;

export function connectForms(root) {
  root.querySelectorAll("textarea[data-grow]").forEach(grow);
  document.querySelectorAll("form").forEach(follow);
  if (watching) return;
  watching = true;
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter-options]")) filterOptions(event.target);
    if (event.target.matches("textarea[data-grow]")) grow(event.target);
    if (event.target.form) follow(event.target.form);
  });
  document.addEventListener("change", (event) => event.target.form && follow(event.target.form));
  document.addEventListener("click", (event) => {
    const phrase = event.target.closest("[data-phrase-for]");
    if (phrase) insert(phrase);
    const keeping = event.target.closest("[data-keep-phrase]");
    if (keeping) keep(keeping);
  });
}

function follow(form) {
  for (const field of form.querySelectorAll("[data-shown-when]")) show(field, holds(form, field.dataset.shownWhen));
  for (const field of form.querySelectorAll("[data-needed-when]")) need(field, holds(form, field.dataset.neededWhen));
}

function holds(form, conditions) {
  return JSON.parse(conditions).every(({ field, values, negated }) => values.includes(given(form, field)) !== negated);
}

function given(form, name) {
  const controls = [...form.elements].filter((control) => control.name === name && control.type !== "hidden");
  const ticked = controls.find((control) => control.checked);
  if (controls.some((control) => control.type === "checkbox")) return Boolean(ticked);
  if (controls.some((control) => control.type === "radio")) return ticked?.value;
  return controls[0]?.value;
}

function show(field, shown) {
  field.hidden = !shown;
  for (const control of field.querySelectorAll("input, select, textarea")) control.disabled = !shown;
}

function need(field, needed) {
  field.querySelectorAll(".needed-now").forEach((sign) => { sign.hidden = !needed; });
  const control = field.querySelector("input:not([type=hidden]):not([type=file]):not([type=checkbox]), select, textarea");
  if (control) control.required = needed;
}

function grow(area) {
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight + 2, 480)}px`;
}

function insert(phrase) {
  const area = document.getElementById(phrase.dataset.phraseFor);
  if ("instead" in phrase.dataset) area.value = phrase.textContent;
  else area.setRangeText(phrase.textContent, area.selectionStart, area.selectionEnd, "end");
  phrase.closest("details")?.removeAttribute("open");
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// What was written becomes a phrase, and stands in the menu at once.
async function keep(button) {
  const text = document.getElementById(button.dataset.keepPhrase).value.trim();
  if (!text) return;
  const body = new FormData();
  body.append("text", text);
  const answer = await fetch(button.dataset.address, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } });
  if (!answer.ok) return toast(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".alert > div")?.textContent || say("failed"));
  const kept = await answer.json();
  const place = button.closest("details").querySelector("[data-phrases]");
  place.replaceChildren(...kept.phrases.map((phrase) => item(phrase, button.dataset.keepPhrase)));
  toast(kept.said);
}

function item(phrase, id) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "menu-item", textContent: phrase });
  button.dataset.phraseFor = id;
  return button;
}

function filterOptions(search) {
  const wanted = search.value.trim().toLowerCase();
  for (const option of search.nextElementSibling.querySelectorAll("label")) {
    option.hidden = wanted && !option.textContent.toLowerCase().includes(wanted) && !option.querySelector(":checked");
  }
}
