"""Deployment: Modal apps and Kubernetes manifests. What the apps do is in the packages."""
