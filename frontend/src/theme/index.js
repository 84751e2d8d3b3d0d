// Loaded in the head without defer, so that no page flashes in the wrong colours. The choice of [data-theme-choice]
// (light, dark, auto) is kept in this browser; without one the system decides.

const KEY = "theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = localStorage.getItem(KEY);
  document.documentElement.dataset.bsTheme = chosen || (system.matches ? "dark" : "light");
}

function choose(choice) {
  if (choice === "auto") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  apply();
}

apply();
system.addEventListener("change", apply);
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (choice) choose(choice.dataset.themeChoice);
});
