"""The model as the rest of the program sees it (`port`), and what stands behind it."""
