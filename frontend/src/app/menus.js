// Menus are <details class="menu">: they close on Escape, on a click elsewhere and when another one opens.

export function connectMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    event.target.closest("[data-dismiss]")?.closest(".alert")?.remove();
    const dialog = event.target.closest("[data-open]");
    if (dialog) document.getElementById(dialog.dataset.open)?.showModal();
    event.target.closest("[data-close]")?.closest("dialog")?.close();
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

function openMenus() {
  return document.querySelectorAll("details.menu[open]");
}
