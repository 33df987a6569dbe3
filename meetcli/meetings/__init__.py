"""What a meeting is, pure: its fields and turns, what is known from outside its file, and how a long one is cut."""
