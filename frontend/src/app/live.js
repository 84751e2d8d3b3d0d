// <div data-live="URL" data-tag="ETag"> is asked again every 30 seconds while it is looked at; unchanged as a rule. Whoever has
// ticked a row, opened a dialog or stands inside a form is not disturbed. What was opened stays open.

const ASK_MS = 30_000;

export function connectLive() {
  const place = document.querySelector("[data-live]");
  if (!place) return;
  let asked = Date.now();
  const ask = () => {
    if (document.hidden || Date.now() - asked < ASK_MS || busy(place)) return;
    asked = Date.now();
    refresh(place);
  };
  setInterval(ask, ASK_MS / 6);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("live:ask", () => refresh(place));
}

function busy(place) {
  const inside = document.activeElement;
  return Boolean(
    place.querySelector("[data-pick]:checked") || document.querySelector("dialog[open]")
    || (place.contains(inside) && inside.matches("input, select, textarea")),
  );
}

async function refresh(place) {
  try {
    const headers = { "HX-Request": "true", "If-None-Match": `"${place.dataset.tag}"` };
    const answer = await fetch(place.dataset.live, { headers, cache: "no-store" });
    if (answer.status !== 200 || answer.redirected) return;
    show(place, await answer.text());
    place.dataset.tag = (answer.headers.get("ETag") || "").replace(/^W\//, "").replaceAll('"', "");
  } catch { /* the next question comes soon enough */ }
}

function show(place, text) {
  const open = [...place.querySelectorAll("details[open][id]")].map((one) => one.id);
  place.replaceChildren(...document.adoptNode(new DOMParser().parseFromString(text, "text/html").body).childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  document.dispatchEvent(new CustomEvent("live:shown"));
}
