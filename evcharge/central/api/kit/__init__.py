"""What the resources of the API share: access, routes, inputs, answers, the OpenAPI description."""
