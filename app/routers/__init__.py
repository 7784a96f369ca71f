"""The table of contents: every router of the service, in the order of the documentation."""

from fastapi import APIRouter

from app.routers import audit, contracts, coverage, oauth, operations, products

ROUTERS: tuple[APIRouter, ...] = (
    coverage.router,
    contracts.router,
    products.router,
    audit.router,
    oauth.router,
    operations.router,
)
