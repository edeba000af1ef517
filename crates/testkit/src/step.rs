//! The steps of `tests/run`: given, run, then. Parsed here, executed by the caller.

use crate::cursor::Cursor;
use crate::value::Value;

/// One line of a scenario, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Line of the file, from 1.
    pub line: u32,
    /// What to do or to compare.
    pub kind: StepKind,
}

/// What a [`Step`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// `run [PROGRAM] key=value… [== RESULT | faults [CODE]]`.
    Run(Run),
    /// `map NAME[key].field == value` or `map NAME[key] absent`.
    Map {
        /// The map.
        name: String,
        /// The way to the value; for a hash map a key first.
        path: Vec<Access>,
        /// What must be there; `None` says that the key must be absent.
        expect: Option<Value>,
    },
    /// `event NAME == value`: the next record of a ring buffer or perf array.
    Event {
        /// The map that holds the records.
        name: String,
        /// The record.
        expect: Value,
    },
    /// `printk "text"`: the next line that a program printed.
    Printk(Vec<u8>),
    /// `packet == value`: the packet as the last run left it.
    Packet(Value),
    /// `redirect == value`: the interface, or the key of a map, that the last run redirected to.
    Redirect(Value),
    /// `set MAP[key].field = value`, or a global variable.
    Set {
        /// The map or the variable.
        name: String,
        /// The way to the value; for a map a key first.
        path: Vec<Access>,
        /// What is put there.
        value: Value,
    },
    /// `delete MAP[key]`.
    Delete {
        /// The map.
        name: String,
        /// What is removed.
        key: Value,
    },
    /// `var NAME.field == value`: a global variable.
    Variable {
        /// Its name.
        name: String,
        /// The way to the value in it.
        path: Vec<Access>,
        /// What must be there.
        expect: Value,
    },
    /// `mock HELPER = [1, 2]`: what a helper returns.
    Mock {
        /// Its name.
        helper: String,
        /// A number or an array of them.
        returns: Value,
    },
    /// `given pid=7 comm="sh"`: the world of the runs that follow.
    Given(Vec<(String, Value)>),
}

/// One execution of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name; `None` for the only program of the file.
    pub program: Option<String>,
    /// `packet=hex"0102"`, `ctx.ifindex=3`, `repeat=5`: keys may be dotted paths.
    pub inputs: Vec<(String, Value)>,
    /// What must come out.
    pub expect: Expect,
}

/// The outcome of a [`Run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Any result, but no fault.
    Any,
    /// `== value`.
    Value(Value),
    /// `faults` or `faults E0702`.
    Fault(Option<String>),
}

/// A step into a value: `[key]` or `.field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A key of a map or an index of an array.
    Index(Value),
    /// A field of a struct.
    Field(String),
}

/// The verbs that start a step.
pub(crate) const VERBS: [&str; 11] = [
    "run", "map", "event", "printk", "packet", "redirect", "set", "delete", "var", "mock", "given",
];

impl StepKind {
    /// Parses the text behind `//~`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let kind = match cursor.name()? {
            "run" => run(&mut cursor).map(StepKind::Run),
            "map" => map(&mut cursor),
            "event" => {
                let name = cursor.name()?.to_owned();
                cursor.expect("==")?;
                let expect = Value::read(&mut cursor)?;
                Ok(StepKind::Event { name, expect })
            }
            "printk" => {
                cursor.expect("\"")?;
                cursor.string_tail().map(StepKind::Printk)
            }
            "packet" => {
                cursor.expect("==")?;
                Value::read(&mut cursor).map(StepKind::Packet)
            }
            "redirect" => {
                cursor.expect("==")?;
                Value::read(&mut cursor).map(StepKind::Redirect)
            }
            "set" => set(&mut cursor),
            "delete" => {
                let (name, path) = place(&mut cursor)?;
                match <[Access; 1]>::try_from(path) {
                    Ok([Access::Index(key)]) => Ok(StepKind::Delete { name, key }),
                    _ => Err(format!("expected `{name}[KEY]`")),
                }
            }
            "var" => {
                let (name, path) = place(&mut cursor)?;
                cursor.expect("==")?;
                let expect = Value::read(&mut cursor)?;
                Ok(StepKind::Variable { name, path, expect })
            }
            "mock" => {
                let helper = cursor.name()?.to_owned();
                cursor.expect("=")?;
                let returns = Value::read(&mut cursor)?;
                Ok(StepKind::Mock { helper, returns })
            }
            "given" => given(&mut cursor),
            verb => Err(format!("unknown verb `{verb}`")),
        }?;
        match cursor.is_done() {
            true => Ok(kind),
            false => Err(format!("unexpected `{}`", cursor.rest())),
        }
    }
}

fn run(cursor: &mut Cursor<'_>) -> Result<Run, String> {
    let mut run = Run { program: None, inputs: Vec::new(), expect: Expect::Any };
    loop {
        if cursor.is_done() {
            return Ok(run);
        }
        if cursor.eat("==") {
            run.expect = Expect::Value(Value::read(cursor)?);
            return Ok(run);
        }
        let mut name = cursor.name()?.to_owned();
        while cursor.eat_joined(".") {
            name = format!("{name}.{}", cursor.name()?);
        }
        if cursor.eat_joined("=") {
            if run.inputs.iter().any(|(key, _)| *key == name) {
                return Err(format!("`{name}` is given twice"));
            }
            run.inputs.push((name, Value::read(cursor)?));
        } else if name == "faults" {
            let code = (!cursor.is_done()).then(|| cursor.name()).transpose()?;
            run.expect = Expect::Fault(code.map(str::to_owned));
            return Ok(run);
        } else if run.program.is_none() && run.inputs.is_empty() {
            run.program = Some(name);
        } else {
            return Err(format!("expected `{name}=value`"));
        }
    }
}

fn map(cursor: &mut Cursor<'_>) -> Result<StepKind, String> {
    let (name, path) = place(cursor)?;
    let expect = match cursor.eat("absent") {
        true => None,
        false => {
            cursor.expect("==")?;
            Some(Value::read(cursor)?)
        }
    };
    Ok(StepKind::Map { name, path, expect })
}

fn set(cursor: &mut Cursor<'_>) -> Result<StepKind, String> {
    let (name, path) = place(cursor)?;
    cursor.expect("=")?;
    let value = Value::read(cursor)?;
    Ok(StepKind::Set { name, path, value })
}

/// `NAME[key].field`.
fn place(cursor: &mut Cursor<'_>) -> Result<(String, Vec<Access>), String> {
    let name = cursor.name()?.to_owned();
    let mut path = Vec::new();
    loop {
        if cursor.eat_joined("[") {
            path.push(Access::Index(Value::read(cursor)?));
            cursor.expect("]")?;
        } else if cursor.eat_joined(".") {
            path.push(Access::Field(cursor.name()?.to_owned()));
        } else {
            return Ok((name, path));
        }
    }
}

fn given(cursor: &mut Cursor<'_>) -> Result<StepKind, String> {
    let mut facts: Vec<(String, Value)> = Vec::new();
    while !cursor.is_done() {
        let name = cursor.name()?.to_owned();
        if facts.iter().any(|(known, _)| *known == name) {
            return Err(format!("`{name}` is given twice"));
        }
        cursor.expect("=")?;
        facts.push((name, Value::read(cursor)?));
    }
    match facts.is_empty() {
        true => Err("expected `NAME=VALUE`".to_owned()),
        false => Ok(StepKind::Given(facts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i128) -> Value {
        Value::Int(value, None)
    }

    #[test]
    fn parses_steps() {
        let parsed = StepKind::parse("run packet=hex\"0102\" ctx.ifindex=3 == XDP_PASS");
        let expected = Run {
            program: None,
            inputs: vec![
                ("packet".into(), Value::Bytes(vec![1, 2])),
                ("ctx.ifindex".into(), int(3)),
            ],
            expect: Expect::Value(Value::Name("XDP_PASS".into())),
        };
        assert_eq!(parsed, Ok(StepKind::Run(expected)));
        let named = Run {
            program: Some("count".into()),
            inputs: Vec::new(),
            expect: Expect::Fault(Some("E0702".into())),
        };
        assert_eq!(StepKind::parse("run count faults E0702"), Ok(StepKind::Run(named)));
        let path = vec![Access::Index(int(1)), Access::Field("count".into())];
        assert_eq!(
            StepKind::parse("map hits[1].count == 2"),
            Ok(StepKind::Map { name: "hits".into(), path, expect: Some(int(2)) })
        );
        assert_eq!(
            StepKind::parse("map hits[1] absent"),
            Ok(StepKind::Map {
                name: "hits".into(),
                path: vec![Access::Index(int(1))],
                expect: None
            })
        );
        assert_eq!(StepKind::parse("printk \"hi\\n\""), Ok(StepKind::Printk(b"hi\n".to_vec())));
        assert_eq!(
            StepKind::parse("packet == hex\"\""),
            Ok(StepKind::Packet(Value::Bytes(vec![])))
        );
        assert!(matches!(StepKind::parse("event rb == {a = 1u8}"), Ok(StepKind::Event { .. })));
        let one = |name: &str| (name.to_owned(), int(1));
        let given = StepKind::Given(vec![one("pid"), one("cpu")]);
        assert_eq!(StepKind::parse("given pid=1 cpu=1"), Ok(given));
        let set = StepKind::Set { name: "x".into(), path: Vec::new(), value: int(2) };
        assert_eq!(StepKind::parse("set x = 2"), Ok(set));
        let delete = StepKind::Delete { name: "hits".into(), key: int(1) };
        assert_eq!(StepKind::parse("delete hits[1]"), Ok(delete));
        let mock = StepKind::Mock { helper: "bpf_x".into(), returns: int(3) };
        assert_eq!(StepKind::parse("mock bpf_x = 3"), Ok(mock));
        assert_eq!(StepKind::parse("redirect == 3"), Ok(StepKind::Redirect(int(3))));
        let path = vec![Access::Field("y".into())];
        let variable = StepKind::Variable { name: "x".into(), path, expect: int(1) };
        assert_eq!(StepKind::parse("var x.y == 1"), Ok(variable));
        for bad in [
            "run ==",
            "run == 1 2",
            "run a b",
            "run a=1 a=2",
            "run a=1 b == 2",
            "map x",
            "map [1] == 2",
            "map x[1 == 2",
            "printk hi",
            "jump 1",
            "given",
            "given pid=1 pid=1",
            "set x == 1",
            "delete hits",
            "delete hits[1].x",
            "var x",
            "",
        ] {
            assert!(StepKind::parse(bad).is_err(), "{bad}");
        }
    }
}
