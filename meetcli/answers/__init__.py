"""Door of the answers: from a reply to a result. All pure; knows no engine, cache or file."""
