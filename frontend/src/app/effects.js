// What an operation would do follows the choice that is made, before anything is done.

export function connectEffects(root) {
  const form = root.querySelector("#operation-form");
  const place = form?.querySelector("#effect");
  if (!place) return;
  form.addEventListener("change", (event) => {
    if (["to", "resubmission", "token"].includes(event.target.name)) show(form, place);
  });
}

async function show(form, place) {
  const source = form.querySelector("[data-effect]");
  if (!source) return;
  const address = new URL(source.dataset.effect, location.href);
  for (const name of ["token", "to", "resubmission"]) {
    const value = new FormData(form).get(name);
    if (value) address.searchParams.set(name, value);
  }
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  place.removeAttribute("aria-busy");
  if (answer?.ok) place.innerHTML = await answer.text();
}
