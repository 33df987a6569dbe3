"""What settings mean and what a process needs: the rooms opened as the settings say, logs, signals, exit codes.

The composition root.
"""
