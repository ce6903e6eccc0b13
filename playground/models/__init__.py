"""What answers in the playground: a small model on this machine, a script, and a recorder in front of either."""
