// Buttons of one diagram: [data-diagram-act="in | out | fit | svg"][data-for="id of the place"].

export function connectTools(viewer, place) {
  const canvas = viewer.get("canvas");
  const acts = {
    in: () => canvas.zoom(Math.min(canvas.zoom() * 1.25, 4)),
    out: () => canvas.zoom(Math.max(canvas.zoom() / 1.25, 0.15)),
    fit: () => canvas.zoom("fit-viewport", "auto"),
    svg: () => save(viewer, place),
  };
  for (const button of document.querySelectorAll(`[data-diagram-act][data-for="${place.id}"]`)) {
    button.addEventListener("click", () => acts[button.dataset.diagramAct]());
  }
  place.addEventListener("keydown", (event) => {
    const act = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (act) acts[act]();
    const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (!step) return;
    canvas.scroll({ dx: step[0], dy: step[1] });
    event.preventDefault();
  });
}

async function save(viewer, place) {
  const { svg } = await viewer.saveSVG();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  link.download = `${place.dataset.name || "diagram"}.svg`;
  link.click();
  URL.revokeObjectURL(link.href);
}
