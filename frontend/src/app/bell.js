// The counts of the frame stay right at the cost of one small question for the whole browser: whichever visible tab holds the
// lease asks, with the ETag of what it has, and tells the other tabs. Where there is no storage each tab asks for itself.

const ASK_MS = 30_000;
const LEASE_MS = 12_000;
const TICK_MS = 4_000;
const LEASE = "tongchou.bell";

const me = `${Date.now()}.${Math.random()}`;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel(LEASE) : null;
let asked = Date.now();
let shown = "";

export function connectBell() {
  const place = document.getElementById("counts");
  if (!place) return;
  const ask = () => refresh(place.dataset.counts);
  const tick = () => leads() && Date.now() - asked >= ASK_MS && ask();
  tabs?.addEventListener("message", ({ data }) => { asked = Date.now(); show(data); });
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("counts", ask);
  window.addEventListener("pagehide", release);
}

function leads() {
  if (document.hidden) return false;
  try {
    const lease = JSON.parse(localStorage.getItem(LEASE) || "{}");
    if (lease.id !== me && lease.until > Date.now()) return false;
    localStorage.setItem(LEASE, JSON.stringify({ id: me, until: Date.now() + LEASE_MS }));
  } catch {
    return true;
  }
  return true;
}

function release() {
  try {
    if (JSON.parse(localStorage.getItem(LEASE) || "{}").id === me) localStorage.removeItem(LEASE);
  } catch { /* no storage, no lease */ }
}

async function refresh(address) {
  asked = Date.now();
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return;
    const text = await answer.text();
    show(text);
    tabs?.postMessage(text);
  } catch { /* the next question comes soon enough */ }
}

function show(text) {
  if (text === shown) return;
  shown = text;
  for (const part of new DOMParser().parseFromString(text, "text/html").querySelectorAll("[id]")) {
    const old = document.getElementById(part.id);
    const focused = old === document.activeElement;
    old?.replaceWith(document.adoptNode(part));
    if (focused) document.getElementById(part.id).focus();
  }
}
