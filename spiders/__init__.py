"""Scrapy: where to go next, and pages (pure: response to item). Writes feeds and image files, never the database."""
