// Files come by click, drag or paste; each is sent at once and the list below comes back from the server.

import { csrfToken, say, toast } from "./words.js";

export function connectUploads() {
  for (const place of document.querySelectorAll("[data-upload]")) connect(place);
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-upload-field]");
    if (!field || !event.target.files?.length) return;
    sendForField(field, [...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-drop-file]")?.closest(".file-chip");
    const form = chip?.closest("form");
    chip?.remove();
    form?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  for (const field of document.querySelectorAll("[data-upload-field]")) droppable(field, (files) => sendForField(field, [...files]));
}

function connect(place) {
  const input = place.querySelector('.drop:not([data-upload-field]) input[type="file"]');
  if (!input) return;
  input.addEventListener("change", () => sendAll(place, [...input.files]).then(() => { input.value = ""; }));
  droppable(input.closest(".drop"), (files) => sendAll(place, files));
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) sendAll(place, event.clipboardData.files);
  });
}

function droppable(target, take) {
  const over = (event) => { event.preventDefault(); target.classList.add("over"); };
  target.addEventListener("dragenter", over);
  target.addEventListener("dragover", over);
  target.addEventListener("dragleave", () => target.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}

async function sendAll(place, files) {
  if (!declared(place)) return;
  for (const file of files) await send(place, file);
}

function declared(place) {
  const box = place.querySelector("[data-declare]");
  if (!box || box.checked) return true;
  box.setCustomValidity(box.dataset.declare);
  box.reportValidity();
  box.setCustomValidity("");
  return false;
}

async function send(place, file) {
  const body = new FormData();
  body.append("file", file, file.name || "image.png");
  const item = place.querySelector("[data-dossier-choice]");
  if (item) body.append("dossier_item", item.value);
  body.append("declared", "1");
  const answer = await post(place.dataset.upload, body);
  if (!answer) return;
  document.getElementById(place.dataset.list).innerHTML = await answer.text();
  window.htmx.process(document.getElementById(place.dataset.list));
}

async function sendForField(field, files) {
  const place = document.querySelector("[data-upload]");
  if (!place || !declared(place)) return;
  for (const file of files) {
    const body = new FormData();
    body.append("file", file, file.name || "image.png");
    body.append("dossier_item", field.dataset.dossier || "");
    body.append("declared", "1");
    const answer = await post(`${place.dataset.upload}?as=field`, body);
    if (answer) add(field, await answer.json());
  }
}

function add(field, kept) {
  const chips = document.querySelector(`[data-field-files="${CSS.escape(field.dataset.uploadField)}"]`);
  if ("single" in chips.dataset) chips.querySelectorAll(".file-chip").forEach((chip) => chip.remove());
  const chip = chips.querySelector("template").content.cloneNode(true).firstElementChild;
  chip.querySelector("input").value = kept.id;
  chip.querySelector("span").textContent = kept.name;
  chips.append(chip);
  field.closest("form")?.dispatchEvent(new Event("input", { bubbles: true }));
}

async function post(address, body) {
  toast(say("working"));
  try {
    const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } });
    if (answer.ok) {
      toast(say("stored"));
      return answer;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    toast(page.querySelector(".alert > div")?.textContent.replace(/\s+/g, " ").trim() || say("failed"));
  } catch {
    toast(say("failed"));
  }
  return null;
}
