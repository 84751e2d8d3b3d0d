// Makes the service installable. It keeps nothing: every page comes from the server, and without a network it says so.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(noNetwork));
});

function noNetwork() {
  const text = "没有网络，连上后再试。 No network – try again once connected.";
  const page = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>统筹</title><body><p>${text}</p></body></html>`;
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
