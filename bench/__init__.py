"""The measurements that the documentation quotes, each run by one command."""
