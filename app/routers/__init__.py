"""The table of contents: every router of the service, in the order of the documentation."""

from fastapi import APIRouter

from app.routers import (
    audit,
    contracts,
    coverage,
    deadlines,
    desk,
    eligibility,
    fees,
    guide,
    imports,
    oauth,
    operations,
    order_deadlines,
    products,
    quote_lists,
    quote_request_steps,
    quote_requests,
    quotes,
    sheet_download,
    sheets,
    test_clock,
)

ROUTERS: tuple[APIRouter, ...] = (
    coverage.router,
    contracts.router,
    products.router,
    deadlines.router,
    eligibility.router,
    quotes.router,
    quote_lists.router,
    order_deadlines.router,
    fees.router,
    quote_requests.router,
    quote_request_steps.router,
    sheet_download.router,
    sheets.router,
    desk.router,
    guide.router,
    test_clock.router,
    imports.router,
    audit.router,
    oauth.router,
    operations.router,
)
