"""Tasks, the uses of the bath: a file for each, and a line here."""

#: Settings of each task by its name: module and class. An installed package adds tasks by the
#: entry point group ``GROUP``.
TASKS = {
    "erasure": f"{__name__}.erasure:ErasureSettings",
}
GROUP = "recycling.tasks"
