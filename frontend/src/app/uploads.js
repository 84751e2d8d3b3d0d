// Files come by click, drag, paste or camera. Each is sent at once with its own line: how far it is, or why it was not taken.

import { csrfToken, say } from "./words.js";

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
    event.target.closest("[data-forget-upload]")?.closest(".upload").remove();
  });
  for (const field of document.querySelectorAll("[data-upload-field]")) droppable(field, (files) => sendForField(field, [...files]));
}

function connect(place) {
  for (const input of place.querySelectorAll('.drop:not([data-upload-field]) input[type="file"]')) {
    input.addEventListener("change", () => {
      sendAll(place, [...input.files]);
      input.value = "";
    });
    if (!input.capture) droppable(input.closest(".drop"), (files) => sendAll(place, files));
  }
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
  const kept = document.getElementById(place.dataset.list);
  for (const file of [...files]) {
    const body = form(file, place.querySelector("[data-dossier-choice]")?.value || "");
    const answer = await post(place, place.dataset.upload, body, file.name);
    if (answer) kept.innerHTML = answer;
  }
}

async function sendForField(field, files) {
  const place = document.querySelector("[data-upload]");
  if (!place || !declared(place)) return;
  for (const file of files) {
    const answer = await post(field, `${place.dataset.upload}?as=field`, form(file, field.dataset.dossier || ""), file.name);
    if (answer) add(field, JSON.parse(answer));
  }
}

function declared(place) {
  const box = place.querySelector("[data-declare]");
  if (!box || box.checked) return true;
  box.setCustomValidity(box.dataset.declare);
  box.reportValidity();
  box.setCustomValidity("");
  return false;
}

function form(file, item) {
  const body = new FormData();
  body.append("file", file, file.name || "image.png");
  body.append("dossier_item", item);
  body.append("declared", "1");
  return body;
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

// XMLHttpRequest, for fetch does not say how much of a body has left.
function post(place, address, body, name) {
  const line = lineFor(place, name || "image.png");
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) line.querySelector("progress").value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      const taken = request.status >= 200 && request.status < 300 && !request.responseURL.includes("/sign-in");
      if (taken) line.remove();
      else refuse(line, reason(request.responseText));
      resolve(taken ? request.responseText : null);
    });
    request.addEventListener("error", () => { refuse(line, say("failed")); resolve(null); });
    request.send(body);
  });
}

function lineFor(place, name) {
  const line = document.getElementById("upload-line").content.cloneNode(true).firstElementChild;
  line.querySelector("[data-upload-name]").textContent = name;
  line.querySelector("progress").setAttribute("aria-label", name);
  place.insertAdjacentElement(place.matches(".dropzone") ? "beforeend" : "afterend", line);
  return line;
}

function refuse(line, why) {
  line.classList.add("refused");
  line.querySelector("progress").remove();
  line.querySelector("[data-upload-said]").textContent = why;
  line.querySelector("[data-forget-upload]").hidden = false;
}

function reason(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return page.querySelector(".alert > div")?.textContent.replace(/\s+/g, " ").trim() || say("failed");
}
