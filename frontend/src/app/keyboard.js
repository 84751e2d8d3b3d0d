// "/" goes to the search field, as in most tools that people use all day.

const WRITING = "input, textarea, select, [contenteditable]";

export function connectKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(WRITING)) return;
    const search = document.querySelector('[type="search"]');
    if (!search) return;
    event.preventDefault();
    search.focus();
  });
}
