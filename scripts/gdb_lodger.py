"""gdb commands for a snapshot of a guest kernel (scripts/lodger-gdb)."""
import gdb


def processes():
    """All processes, walking the list that proc/task.c keeps."""
    process = gdb.parse_and_eval("process_first")()
    following = gdb.parse_and_eval("process_next")
    while int(process) != 0:
        yield process
        process = following(process)


def list_entries(head, type_name, member):
    """Entries of a circular list (lib/list.h) whose head is given."""
    entry_type = gdb.lookup_type(type_name)
    offset = [f for f in entry_type.fields() if f.name == member][0].bitpos // 8
    node = head["next"]
    while node != head.address:
        address = int(node) - offset
        yield gdb.Value(address).cast(entry_type.pointer())
        node = node["next"]


def describe(task):
    process = task["proc"]
    return (f"{int(process['pid']):6} {int(task['tid']):6} "
            f"{str(task['state']):14} {task['comm'].string()}")


class Current(gdb.Command):
    """Show the current guest process: ids, name, user registers."""

    def __init__(self):
        super().__init__("lodger-current", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        task = gdb.parse_and_eval("cpu0.current")
        print("   PID    TID state          name")
        print(describe(task))
        frame = task["tf"]
        for name in ("rip", "rsp", "rax", "rdi", "rsi", "rdx"):
            print(f"{name:4} {int(frame[name]):#018x}")


class Processes(gdb.Command):
    """List all guest processes and their threads."""

    def __init__(self):
        super().__init__("lodger-ps", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        head = gdb.parse_and_eval("all_processes")
        print("   PID    TID state          name")
        for process in list_entries(head, "struct process", "all_link"):
            for task in list_entries(process["tasks"], "struct task",
                                     "group_link"):
                print(describe(task))


class Counters(gdb.Command):
    """Show the machine's counters (abi/boot.h: struct lodger_counters)."""

    def __init__(self):
        super().__init__("lodger-counters", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        counters = gdb.parse_and_eval("*(struct lodger_counters *)0x70204000")
        for field in counters.type.fields():
            if field.name not in ("call", "halt_text"):
                print(f"{field.name:18} {int(counters[field.name])}")


Current()
Processes()
Counters()
