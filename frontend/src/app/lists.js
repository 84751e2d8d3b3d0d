// Lists: filters act when changed, ticked rows raise the action bar.

export function connectLists() {
  document.querySelector(".stages .now")?.scrollIntoView({ inline: "center", block: "nearest" });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-pick], [data-pick-all]")) pick(event.target);
  });
}

function pick(box) {
  const boxes = [...document.querySelectorAll("[data-pick]")];
  if (box.matches("[data-pick-all]")) boxes.forEach((one) => { one.checked = box.checked; });
  const ticked = boxes.filter((one) => one.checked);
  boxes.forEach((one) => one.closest("tr").classList.toggle("selected", one.checked));
  const bar = document.querySelector(".action-bar");
  if (!bar) return;
  bar.hidden = !ticked.length;
  bar.querySelector("[data-picked]").textContent = ticked.length;
}
