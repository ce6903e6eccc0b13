"""What people do to a conversation without calling the model. One method a use case, one transaction, one audit row."""
