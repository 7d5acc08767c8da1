"""The door for HTTP: uploads, status, the job's page, downloads, health and metrics."""
