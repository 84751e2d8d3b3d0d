// "/" goes to the search field; j and k, as in most tools that people use all day, to the next and previous row.

const WRITING = "input, textarea, select, [contenteditable]";

export function connectKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(WRITING)) return;
    const act = { "/": focusSearch, j: () => step(1), k: () => step(-1) }[event.key];
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
  if (!titles.length) return false;
  const here = titles.indexOf(document.activeElement);
  const next = titles[Math.min(titles.length - 1, Math.max(0, here + by))];
  next.focus();
  return true;
}
