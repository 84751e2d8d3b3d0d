// Repeated groups of a form: add one from the template, take one away. The server renumbers.

import { connectForms } from "./forms.js";

export function connectRows() {
  document.addEventListener("click", (event) => {
    const adding = event.target.closest("[data-add-row]");
    if (adding) add(adding.closest("[data-rows]"));
    const removing = event.target.closest("[data-remove-row]");
    if (removing) remove(removing);
  });
}

function add(set) {
  const place = set.querySelector(".item-rows");
  const index = next(set, place);
  const row = set.querySelector("template").content.cloneNode(true).firstElementChild;
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["name", "id", "for", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace("__row__", index));
    }
  }
  place.append(row);
  connectForms(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

function next(set, place) {
  const found = [...place.querySelectorAll("[name]")].map((control) => control.name.slice(set.dataset.rows.length + 1));
  return Math.max(-1, ...found.map((rest) => parseInt(rest, 10)).filter(Number.isFinite)) + 1;
}

function remove(button) {
  const set = button.closest("[data-rows]");
  const form = button.closest("form");
  button.closest(".item-row").remove();
  set.querySelector("[data-add-row]").focus();
  form?.dispatchEvent(new Event("input", { bubbles: true }));
}
