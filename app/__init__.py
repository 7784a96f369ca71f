"""Renewal Desk: the service behind a contact center that renews support-service contracts."""
