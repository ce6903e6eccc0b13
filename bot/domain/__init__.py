"""The words of the product as frozen values. Standard library only: nothing here knows Discord, a model or SQL."""
