VERSION = 0


def answer() -> str:
    found = VERSION
    return f"version {found}"
