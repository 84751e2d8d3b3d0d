// <div data-openapi="URL of the description"></div> shows the API for reading and trying.

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

for (const place of document.querySelectorAll("[data-openapi]")) {
  SwaggerUI({ domNode: place, url: place.dataset.openapi, deepLinking: true, validatorUrl: null,
    onComplete: () => { place.dataset.state = "ready"; } });
}
