// <div data-openapi="URL of the description"></div> shows the API for reading and trying.

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

for (const place of document.querySelectorAll("[data-openapi]")) {
  SwaggerUI({ domNode: place, url: place.dataset.openapi, deepLinking: true, validatorUrl: null,
    requestInterceptor: (request) => signed(request, place.dataset.csrf),
    onComplete: () => { place.dataset.state = "ready"; } });
}

// Tried out without a token, a request goes with the page's cookie, which counts only together with the CSRF token.
function signed(request, token) {
  if (token && !request.headers.Authorization) request.headers["X-CSRFToken"] = token;
  return request;
}
