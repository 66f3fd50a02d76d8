"""Pictures from data: no Qt."""
