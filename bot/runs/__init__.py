"""Everything that costs money or takes longer than three seconds: the queue, the worker, the turn, the recovery."""
