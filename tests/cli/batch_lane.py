"""The batch lane as tests drive it."""


def run(meetcli, inputs, *options, lane="batch"):
    return meetcli("extract", inputs, "--prices", "openai", "--summary", "json", "--lane", lane, *options)


def counted(done):
    return {status: count for status, count in done.summary["counts"].items() if count and status != "total"}
