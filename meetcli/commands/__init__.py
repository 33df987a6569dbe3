"""What each command does, one module a command. `cli` says what can be typed and calls these."""
