"""Writing ourselves into agents' settings, and out of them again, without touching anything else."""
