// The few texts that a script says itself; the page brings them in the reader's language.

const words = JSON.parse(document.body.dataset.words || "{}");

export function say(key) {
  return words[key] || "";
}

let hiding;

export function toast(text) {
  const line = document.getElementById("toast");
  if (!line || !text) return;
  line.textContent = text;
  line.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => line.classList.remove("shown"), 4000);
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content || "";
}
