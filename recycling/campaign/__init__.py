"""Campaigns: runs over weeks, and how one knows that nothing drifted, stopped or was changed."""
