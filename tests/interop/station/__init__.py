"""The virtual station against central systems of others."""
