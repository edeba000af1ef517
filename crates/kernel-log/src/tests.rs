use super::*;

const LOG: &str = "\
0: R1=ctx() R10=fp0
; long *v = lookup(&m, &k); @ a.c:4
0: (b7) r2 = 0                        ; R2_w=0
1: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)
; (*v)++; @ a.c:5
2: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
";

fn one(text: &str) -> Log {
    let mut logs = read(text);
    assert_eq!(logs.len(), 1, "{logs:#?}");
    logs.remove(0)
}

/// Code and message of what the kernel says.
fn meaning(text: &str) -> (&'static str, String) {
    let meaning = explain(&one(text)).expect("a known message");
    (meaning.code.name(), meaning.message)
}

#[test]
fn finds_the_last_instruction() {
    let log = one(LOG);
    assert_eq!(log.slot, Some(2));
    assert_eq!(log.messages, ["R0 invalid mem access 'map_value_or_null'"]);
    assert_eq!(log.registers[&0], "map_value_or_null(id=1,map=m,ks=4,vs=8)");
    assert_eq!(log.registers[&1], "ctx()");
    let source = log.source.clone().unwrap();
    assert_eq!(
        (source.text.as_str(), source.file.as_deref(), source.line),
        ("(*v)++;", Some("a.c"), Some(5))
    );
    assert!(!log.starts_in_the_middle && log.is_complete);
    assert_eq!(meaning(LOG), ("E0703", "`r0` may be null here".to_owned()));
}

#[test]
fn finds_instructions_named_by_messages() {
    let log = one("back-edge from insn 3 to 1\nprocessed 0 insns (limit 1000000)");
    assert_eq!(log.slot, Some(3));
    let log = one("7: (95) exit\nUnreleased reference id=2 alloc_insn=5\n");
    assert_eq!((log.slot, log.origin), (Some(7), Some(5)));
    let log = one("4: (05) goto pc-1\ninfinite loop detected at insn 2\ncur state: R0=0\n");
    assert_eq!(log.slot, Some(2));
}

#[test]
fn reads_reports() {
    let text = "\
8: (db) lock *(u64 *)(r0 +0) += r1
R0 invalid mem access 'map_value_or_null'

Verification failed: Register Type Safety: Invalid dereference

Reason:
  R0 may be NULL here. The program could dereference NULL on this
  path.

At:
  prog @ test.s:8:1
  Source context:
      7 | r1 = 1
  >>>  8 | lock *(u64 *)(r0 + 0) += r1
       | ^-- error: R0 may be NULL
  Instruction context:
  >>> 8 | (db) lock *(u64 *)(r0 +0) += r1

Causal path:
  prog @ test.s:5:3
  Source context:
  >>> 5 | if (k > 3)
        |   ^-- branch: took the true branch of this
        |       conditional, goto followed
  Instruction context:
  >>> 4 | (25) if r1 > 0x3 goto pc+2

Suggestion:
  Add a NULL check.

processed 8 insns (limit 1000000)
";
    for indent in ["", "   ", "\t", "libbpf: "] {
        let text: String = text.lines().map(|line| format!("{indent}{line}\r\n")).collect();
        let log = one(&text);
        assert_eq!(log.slot, Some(8));
        assert_eq!(log.messages.len(), 1);
        let report = log.report.unwrap();
        assert_eq!(
            (report.category.as_str(), report.title.as_str()),
            ("Register Type Safety", "Invalid dereference")
        );
        let reason = "R0 may be NULL here. The program could dereference NULL on this path.";
        assert_eq!(report.reason.as_deref(), Some(reason));
        assert_eq!(report.suggestion.as_deref(), Some("Add a NULL check."));
        let at = report.at.unwrap();
        assert_eq!((at.file.as_deref(), at.line, at.column), (Some("test.s"), Some(8), Some(1)));
        assert_eq!(at.text, "lock *(u64 *)(r0 + 0) += r1");
        assert_eq!(report.path.len(), 1);
        assert_eq!(report.path[0].at.line, Some(5));
        assert_eq!(
            report.path[0].text,
            "branch: took the true branch of this conditional, goto followed"
        );
    }
}

#[test]
fn reads_old_states_and_survives_garbage() {
    let log = "from 3 to 7: R0=inv(id=0) R6=pkt(id=0,off=14,r=14) R10=fp0\n7: (71) r0 = *(u8 *)(r6 +14)\nbad";
    let parsed = one(log);
    assert_eq!(parsed.registers[&6], "pkt(id=0,off=14,r=14)");
    assert_eq!(parsed.messages, ["bad"]);
    assert_eq!(parsed.jump, Some((3, 7)));
    assert!(parsed.starts_in_the_middle);
    for end in 0..LOG.len() {
        read(&LOG[end..]);
        read(&LOG[..end]);
    }
    for text in [
        "R: =\n99999999999: (\n; \n()))((",
        "\u{1b}[",
        "\u{1b}",
        ": (85)",
        "1: (é5) x",
        "\\n\\n\\\"",
    ] {
        read(text);
    }
    assert!(read("There is nothing here.\nNothing at all: R0 or not.\n").is_empty());
}

/// The same log as loaders and people pass it on.
#[test]
fn wrapped_logs() {
    let indented: String = LOG.lines().map(|line| format!("    {line}\n")).collect();
    let quoted: String = LOG.lines().map(|line| format!("> {line}\r\n")).collect();
    let go = format!("load program: permission denied:\n\t{}", LOG.replace('\n', "\n\t"));
    let escaped =
        format!("level=error msg=\"cannot load\" log=\"{}\"", LOG.trim_end().replace('\n', "\\n"));
    let html =
        format!("<pre><code>{}</code></pre>\nDoes anybody know why?\n", LOG.replace('>', "&gt;"));
    let coloured: String = LOG.lines().map(|line| format!("\u{1b}[31m{line}\u{1b}[0m\n")).collect();
    let libbpf = format!(
        "libbpf: prog 'count': BPF program load failed: Permission denied\n\
         libbpf: prog 'count': -- BEGIN PROG LOAD LOG --\n{LOG}-- END PROG LOAD LOG --\n\
         libbpf: prog 'count': failed to load: -13\nlibbpf: failed to load object 'a.o'\n"
    );
    let bcc = format!(
        "bpf: Failed to load program: Permission denied\n{LOG}\nTraceback (most recent call last):\n"
    );
    let aya = format!("Error: the BPF_PROG_LOAD syscall failed. Verifier output: {LOG}\n");
    let bpftrace = format!(
        "ERROR: Error loading BPF program for kprobe_x. Kernel error log:\n{LOG}ERROR: Loading BPF object(s) failed.\n"
    );
    for text in
        [&indented, &quoted, &go, &escaped, &html, &coloured, &libbpf, &bcc, &aya, &bpftrace]
    {
        let log = one(text);
        assert_eq!(log.slot, Some(2), "{text}");
        assert_eq!(log.messages, ["R0 invalid mem access 'map_value_or_null'"], "{text}");
        assert_eq!(log.source.unwrap().line, Some(5), "{text}");
        assert_eq!(log.registers[&1], "ctx()", "{text}");
    }
    assert_eq!(one(&libbpf).program.as_deref(), Some("count"));
    let short = "Error: field Count: program count: load program: permission denied: R0 invalid mem access 'map_value_or_null' (12 line(s) omitted)";
    assert_eq!(meaning(short).0, "E0703");
}

#[test]
fn several_programs() {
    let text = format!(
        "libbpf: prog 'a': BPF program load failed: x\n{LOG}libbpf: prog 'b': BPF program load failed: x\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n"
    );
    let logs = read(&text);
    let found: Vec<_> =
        logs.iter().map(|log| (log.program.as_deref().unwrap(), log.slot.unwrap())).collect();
    assert_eq!(found, [("a", 2), ("b", 0)]);
}

#[test]
fn source_lines_of_other_tools() {
    let log = one("; v = *p; [file:/src/a.c line_num:14 linum_col:9]\n3: (95) exit\nR0 !read_ok\n");
    let source = log.source.unwrap();
    assert_eq!(
        (source.file.as_deref(), source.line, source.column),
        (Some("/src/a.c"), Some(14), Some(9))
    );
    let log = one("; v = *p; // a.c:14\n3: (95) exit\nR0 !read_ok\n");
    assert_eq!(log.source.unwrap().line, Some(14));
    let log = one("; v = *p;\n3: (95) exit\nR0 !read_ok\n");
    assert_eq!(
        (log.source.clone().unwrap().text.as_str(), log.source.unwrap().line),
        ("v = *p;", None)
    );
}

#[test]
fn meanings() {
    let cases = [
        (
            "2: (79) r1 = *(u64 *)(r0 +8)\ninvalid access to map value, value_size=8 off=8 size=4\nR1 min value is outside of the allowed memory range",
            "E0702",
            "4 bytes at offset 8 are outside the map value of 8 bytes",
        ),
        (
            "2: (85) call bpf_probe_read#4\ninvalid access to map value, value_size=8 off=8 size=4\nR1 max value is outside of the allowed memory range",
            "E0707",
            "4 bytes at offset 8 are outside the map value of 8 bytes",
        ),
        (
            "invalid access to packet, off=14 size=20, R2(id=0,off=14,r=14)\nR2 offset is outside of the packet",
            "E0706",
            "no check shows that 20 bytes at offset 14 are inside the packet",
        ),
        (
            "unknown func bpf_get_stack#67",
            "E0409",
            "programs of this type cannot call `bpf_get_stack`, or the kernel does not have it",
        ),
        ("R3 type=scalar expected=fp, pkt", "E0707", "`r3` is scalar where fp, pkt is expected"),
        ("R3 type=map_value_or_null expected=fp", "E0703", "`r3` may be null where fp is expected"),
        ("R4 !read_ok", "E0701", "`r4` is read before it has a value"),
        (
            "5: (85) call bpf_map_lookup_elem#1\ninvalid read from stack R2 off -8+0 size 4",
            "E0713",
            "stack memory is read that was never written",
        ),
        (
            "5: (61) r0 = *(u32 *)(r10 -8)\ninvalid read from stack off -8+0 size 4",
            "E0701",
            "a variable on the stack is read before it has a value",
        ),
        (
            "At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]",
            "E0709",
            "the program returns smin=2 smax=2, but the result must be in [0, 1]",
        ),
        (
            "At program exit the register R0 has value (0x2; 0x0) should have been in (0x0; 0x1)",
            "E0709",
            "the program returns value (0x2; 0x0), but the result must be in (0x0; 0x1)",
        ),
        (
            "combined stack size of 2 calls is 544. Too large",
            "E0403",
            "a chain of 2 functions needs 544 bytes of stack, and 512 is the limit",
        ),
    ];
    for (text, code, message) in cases {
        assert_eq!(meaning(text), (code, message.to_owned()), "{text}");
    }
    assert!(explain(&one("1: (95) exit\nsomething new")).is_none());
}

#[test]
fn restates_registers() {
    assert_eq!(restate("R1 offset, R2: is RAX."), "`r1` offset, `r2`: is RAX");
    assert_eq!(registers_in("R1 and R10, RX R11"), [1, 10]);
}

/// Each row is found by its own pattern: none is hidden by an earlier one, each name in our words is one of the pattern,
/// and our words are in the form of diagnostics.
#[test]
fn rows_are_reached() {
    let mut hidden = Vec::new();
    for row in table::rows() {
        let text = row.pattern.replace("{r}", "3").replace(['{', '}'], "");
        let found = table::find(&text).unwrap_or_else(|| panic!("{}", row.pattern));
        if found.row.pattern != row.pattern {
            hidden.push((row.pattern, found.row.pattern));
            continue;
        }
        for words in [row.message, row.help] {
            let filled = found.fill(words);
            assert!(!filled.contains('{'), "{}: {words}", row.pattern);
            assert!(!words.ends_with('.') && !words.starts_with(char::is_uppercase), "{words}");
        }
        assert!(!row.message.is_empty(), "{}", row.pattern);
    }
    assert!(hidden.is_empty(), "{hidden:#?}");
}
