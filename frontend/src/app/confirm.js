// A button with data-confirm shows what it will do and asks once, before its form is sent.

let asked = null;

export function connectConfirm() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || button === asked) return;
    if (button.form && !button.formNoValidate && !button.form.reportValidity()) return event.preventDefault();
    event.preventDefault();
    ask(button);
  }, true);
}

function ask(button) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-title").textContent = button.dataset.confirm;
  dialog.querySelector("#confirm-effect").textContent = button.dataset.effect || "";
  const yes = dialog.querySelector('[value="confirm"]');
  yes.textContent = button.dataset.yes || button.textContent.trim();
  yes.className = button.classList.contains("btn-danger") ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "";
  dialog.addEventListener("close", () => answer(dialog, button), { once: true });
  dialog.showModal();
}

function answer(dialog, button) {
  if (dialog.returnValue !== "confirm") return button.focus();
  asked = button;
  button.click();
  asked = null;
}
