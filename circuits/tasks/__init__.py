"""Tasks: what the bath is used for. One file each, and one line here."""

#: Settings of each task by its name: module and class. An installed package adds tasks by the
#: entry point group ``GROUP``.
TASKS = {
    "erasure": "circuits.tasks.erasure:ErasureSettings",
}
GROUP = "recycling.tasks"
