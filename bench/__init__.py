"""`make bench`: this service against limits and peers, all in one run. See bench/README.md."""
