// Saves the drawing as SVG.

export function connectDownload(viewer, place) {
  const button = document.querySelector(place.dataset.downloadButton || "[data-bpmn-download]");
  if (!button) return;
  button.addEventListener("click", async () => {
    const { svg } = await viewer.saveSVG();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    link.download = `${place.dataset.name || "diagram"}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
