// The keys that people use all day: "/" to the search field, j and k to the next and previous row or task, Enter opens the row,
// x ticks it, "?" shows what the keys do.

const WRITING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

export function connectKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(WRITING)) return;
    if (document.querySelector("dialog[open]")) return;
    const act = { "/": focusSearch, j: () => step(1), k: () => step(-1), x: tick, "?": help }[event.key];
    if (act?.()) event.preventDefault();
  });
}

function focusSearch() {
  const search = document.querySelector('[data-shortcut="/"]');
  search?.focus();
  return Boolean(search);
}

function step(by) {
  const titles = [...document.querySelectorAll(".list a.open")];
  if (!titles.length) return follow(by > 0 ? "next" : "prev");
  const here = titles.indexOf(row()?.querySelector("a.open"));
  titles[Math.min(titles.length - 1, Math.max(0, here + by))].focus();
  return true;
}

// On the page of one task the same keys lead to its neighbours.
function follow(way) {
  const link = document.querySelector(`a[rel="${way}"]`);
  link?.click();
  return Boolean(link);
}

function row() {
  return document.activeElement.closest?.(".list tr");
}

function tick() {
  const box = row()?.querySelector("[data-pick]");
  box?.click();
  return Boolean(box);
}

function help() {
  const dialog = document.getElementById("keys");
  dialog?.showModal();
  return Boolean(dialog);
}
