// Choosing people: what is typed is looked up on the server, who is ticked moves up into the list of those chosen, in order.

const QUIET_MS = 220;

export function connectPeople(root) {
  root.querySelectorAll("[data-picker]").forEach(connect);
}

function connect(picker) {
  const search = picker.querySelector("[data-people]");
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look(picker, search), QUIET_MS);
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  picker.addEventListener("change", (event) => {
    const box = event.target.closest(".person input[type=checkbox], .person input[type=radio]");
    if (box) tick(picker, box);
  });
  picker.addEventListener("click", (event) => {
    const row = event.target.closest("[data-person-up]")?.closest(".person");
    if (row?.previousElementSibling) row.parentElement.insertBefore(row, row.previousElementSibling);
  });
}

async function look(picker, search) {
  const address = new URL(search.dataset.people, location.href);
  address.searchParams.set("q", search.value);
  address.searchParams.set("name", picker.dataset.picker);
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const found = picker.querySelector("[data-found]");
  found.innerHTML = await answer.text();
  const taken = chosen(picker);
  for (const box of found.querySelectorAll(".person label input")) if (taken.has(box.value)) box.closest(".person").remove();
  picker.querySelector("[data-nobody]").hidden = Boolean(found.children.length);
}

function chosen(picker) {
  return new Set([...picker.querySelectorAll("[data-picked-people] .person label input")].map((box) => box.value));
}

function tick(picker, box) {
  const picked = picker.querySelector("[data-picked-people]");
  const row = box.closest(".person");
  if (!box.checked) return row.remove();
  if ("one" in picker.dataset) picked.replaceChildren();
  box.type = "checkbox";
  picked.append(row);
  const search = picker.querySelector("[data-people]");
  search.value = "";
}
