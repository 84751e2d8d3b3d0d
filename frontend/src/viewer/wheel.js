// The wheel scrolls the page; with Ctrl it zooms the diagram. Otherwise a reader gets stuck on every picture.

function WheelOnlyWithCtrl(canvas) {
  canvas.getContainer().addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
  }, { capture: true });
}

WheelOnlyWithCtrl.$inject = ["canvas"];

export const wheelOnlyWithCtrl = {
  __init__: ["wheelOnlyWithCtrl"],
  wheelOnlyWithCtrl: ["type", WheelOnlyWithCtrl],
};
