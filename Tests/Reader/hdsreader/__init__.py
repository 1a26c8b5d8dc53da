"""Reads backups of hdsbackup's repository format, version 1, written from docs/FORMAT.md alone."""
