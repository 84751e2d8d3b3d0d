// The line "after this" and the main button follow the choice that is ticked.

export function connectAhead() {
  const line = document.querySelector("[data-next]");
  const button = document.querySelector("[data-main]");
  if (!button) return;
  const plain = button.textContent;
  const choices = JSON.parse(line?.dataset.choices || "{}");
  const follow = () => {
    const ticked = button.form.querySelector('input[type="radio"][name="outcome"]:checked, input[type="radio"][name="result"]:checked');
    if (line) line.textContent = choices[ticked?.value] || line.dataset.anyway;
    const chosen = ticked?.nextElementSibling?.textContent.trim();
    button.textContent = chosen ? `${plain} · ${chosen}` : plain;
  };
  button.form.addEventListener("change", follow);
  follow();
}
