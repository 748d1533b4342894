"""The Helm chart: rendered by Helm's own engine, held to Kubernetes' own schemas. No cluster takes part."""
