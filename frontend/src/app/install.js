// The service can be put on a phone's home screen where the office has https. It promises nothing without a network.

export function connectInstall() {
  if (location.protocol === "https:" && navigator.serviceWorker) navigator.serviceWorker.register("/service-worker.js");
}
