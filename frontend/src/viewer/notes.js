// Who and when, beside the element under the pointer.

export function connectNotes(viewer, place, notes) {
  const tip = document.createElement("div");
  tip.className = "diagram-tip";
  tip.hidden = true;
  place.append(tip);
  viewer.on("element.hover", ({ element, originalEvent }) => {
    const text = notes[element.id] || notes[element.id.replace(/_label$/, "")];
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const frame = place.getBoundingClientRect();
    const left = originalEvent.clientX - frame.left + 14;
    tip.style.left = `${Math.max(4, Math.min(left, frame.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.min(originalEvent.clientY - frame.top + 14, frame.height - tip.offsetHeight - 6)}px`;
  });
  viewer.on("element.out", () => { tip.hidden = true; });
}
