"""meetcli turns folders of meeting transcripts into minutes and never pays twice for the same answer."""

__version__ = "0.1.0"
