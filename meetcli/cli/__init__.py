"""The command line: options to settings, settings to rooms, an exit code out. The only room that knows every other."""
