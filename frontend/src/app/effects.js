// What an operation would do follows the choice that is made, before anything is done.

const CHOICES = ["token", "to", "resubmission", "action", "task"];

export function connectEffects(root) {
  const form = root.querySelector("#operation-form");
  const place = form?.querySelector("#effect");
  if (!place) return;
  form.addEventListener("change", (event) => {
    if (CHOICES.includes(event.target.name)) show(form, place);
  });
}

async function show(form, place) {
  const source = form.querySelector("[data-effect]:not(button)");
  if (!source) return;
  const address = new URL(source.dataset.effect, location.href);
  const chosen = new FormData(form);
  for (const name of CHOICES) {
    for (const value of chosen.getAll(name)) if (value) address.searchParams.append(name, value);
  }
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  place.removeAttribute("aria-busy");
  if (answer?.ok) place.innerHTML = await answer.text();
}
