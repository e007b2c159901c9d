"""What agents run at their hooks: one small process that asks the daemon, and never stands in the agent's way."""
